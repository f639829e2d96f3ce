"""The demo on Apache Kafka: what it says of a recording, and how an ad is stopped elsewhere."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from streams.demo.demo import Demo
from streams.demo.devices import PERSONS
from streams.recording.files import RecordedRecord
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.settings import Settings
from tests.builders import as_json
from tests.integration.conftest import settings_of
from tests.integration.recordings import expected
from tests.silent import Silent
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka

PARTITIONS = 2


@pytest.fixture(scope="module")
def records() -> list[RecordedRecord]:
    return list(simulate(persons=100, partitions=PARTITIONS))


@pytest.fixture(scope="module")
def demo(
    broker: str, records: list[RecordedRecord], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """A demo that has come to its end, while its worker goes on."""
    folder: Path = tmp_path_factory.mktemp("demo")
    policy = folder / "policy.toml"
    policy.write_text(DEMO_POLICY)
    settings: Settings = msgspec.structs.replace(
        settings_of(broker, folder), policy=str(policy), dead_letter_percent=0
    )
    with ExitStack() as stack:
        demo = Demo(records, policy, folder, stack)
        demo.use_second_devices(demo.run_on(settings, Silent()), Silent())
        yield demo


def test_what_is_bought_on_one_device_stops_its_ad_on_another_one(demo: Demo) -> None:
    devices = demo.second_device
    assert devices is not None
    assert devices.latency is not None
    assert devices.stopped == PERSONS


def test_decisions_and_lists_are_those_of_a_backtest_of_the_recording(
    demo: Demo, records: list[RecordedRecord]
) -> None:
    outcome = expected(records, DEMO_POLICY, PARTITIONS)
    decided = [decision for of_partition in outcome.decisions.values() for decision in of_partition]
    assert _in_one_order(as_json(demo.decisions)) == _in_one_order(decided)
    wait_until(lambda: _current(demo) == outcome.lists, "the lists of a backtest")


def _current(demo: Demo) -> dict[str, Any]:
    return {user_id: found for user_id, found in demo.lists().items() if found is not None}


def _in_one_order(decisions: list[dict[str, Any]]) -> list[bytes]:
    return sorted(orjson.dumps(decision) for decision in decisions)
