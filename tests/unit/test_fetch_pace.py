"""What brokers may gather before they answer a fetch."""

import asyncio
from types import SimpleNamespace

from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState

from streams.engine.faust_consumer import let_gather
from streams.engine.fetch_pace import BUSY, IDLE, IDLE_SECONDS, FetchPace


def test_records_gather_for_a_moment_while_there_are_some() -> None:
    pace = FetchPace(now=10.0)
    assert pace.gathering(10.0 + IDLE_SECONDS / 2) == BUSY


def test_where_nothing_has_come_for_a_while_a_fetch_waits_long_for_the_first_record() -> None:
    pace = FetchPace(now=10.0)
    assert pace.gathering(10.0 + 2 * IDLE_SECONDS) == IDLE
    assert IDLE.least_bytes == 1


def test_the_first_record_ends_that() -> None:
    pace = FetchPace(now=10.0)
    assert pace.gathering(20.0) == IDLE
    pace.hear(20.0)
    assert pace.gathering(20.0) == BUSY


def test_the_client_of_the_group_asks_brokers_for_that_by_fields_that_it_has() -> None:
    async def changed() -> tuple[set[str], object, object]:
        fetcher = Fetcher(AIOKafkaClient(), SubscriptionState())
        before = set(vars(fetcher))
        consumer = SimpleNamespace(_fetcher=fetcher)
        let_gather(consumer, BUSY)
        added = set(vars(fetcher)) - before
        await fetcher.close()
        return added, fetcher._fetch_min_bytes, fetcher._fetch_max_wait_ms

    assert asyncio.run(changed()) == (set(), BUSY.least_bytes, BUSY.milliseconds)
