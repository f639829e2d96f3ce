"""A partition that is fed anything at all goes on working, and accounts for every record."""

import shutil
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decoding import InvalidRecord, decode_product
from schemas.topics import PERSON_TOPICS, RANKS
from streams.engine.intake import Fetched
from streams.engine.partition import Partition
from streams.engine.state.store import Memory, Store
from streams.engine.telemetry.counts import Counts
from streams.settings import Settings
from streams.suppression.catalog import Catalog
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from tests.property.bad_input import keys, timestamps, values

POLICIES = (
    "",
    """
    [purchase]
    scope = "category"
    window_days = 36500
    replenish_days = 0.001
    [frequency]
    scope = "brand"
    max = 1
    [consent]
    mode = "opt_in"
    [holdout]
    percent = 50
    [retention]
    days = 0
    """,
)


class Sent:
    """Stands for the output: takes everything, and hands the changelog out offsets."""

    def __init__(self) -> None:
        self.records: list[tuple[str, bytes | None, bytes | None]] = []

    def send(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        timestamp: int = 0,
        headers: Any = None,
        on_delivery: Any = None,
    ) -> None:
        self.records.append((topic, key, value))
        if on_delivery is not None:
            offset = len(self.records)
            on_delivery(None, SimpleNamespace(offset=lambda: offset))


@contextmanager
def a_partition(
    policy: str, formats: str = ""
) -> Iterator[tuple[Partition, Sent, Counts, Catalog]]:
    """The only partition of a deployment, with its state on disk."""
    folder = Path(tempfile.mkdtemp())
    sent, counts, catalog = Sent(), Counts(), Catalog()
    reader: Any = SimpleNamespace(catalog=catalog, invalid=deque(), position=0)
    store = Store(folder, Memory(1 << 20, 1 << 20))
    output: Any = sent
    settings = Settings(formats=formats)
    partition = Partition(0, 1, store, Policy.from_toml(policy), reader, output, settings, counts)
    try:
        yield partition, sent, counts, catalog
    finally:
        partition.close()
        shutil.rmtree(folder)


def take_all(partition: Partition) -> None:
    """One round of the engine's work, up to a checkpoint that has succeeded."""
    for stream in partition.alignment.streams.values():
        stream.known_end = stream.next_offset
    partition.process(partition.alignment.take())
    partition.review()
    partition.settle()
    partition.committed()


@pytest.mark.parametrize("policy", POLICIES, ids=["default", "unusual"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_partition_accounts_for_every_record_whatever_it_is_fed(
    policy: str, data: st.DataObject
) -> None:
    with a_partition(policy) as (partition, sent, counts, catalog):
        fed = 0
        for _ in range(data.draw(st.integers(1, 4), label="checkpoints")):
            for _ in range(data.draw(st.integers(1, 12), label="records")):
                topic = data.draw(st.sampled_from((*PERSON_TOPICS, "catalog")))
                key, value = data.draw(keys), data.draw(values(topic))
                if topic == "catalog":
                    put(catalog, key, value)
                    continue
                record = Fetched(topic, fed, data.draw(timestamps), key, value, ())
                partition.alignment.stream(topic, RANKS[topic]).next_offset = fed + 1
                partition.add(topic, [record])
                fed += 1
            take_all(partition)
        accounted = counts.decided + counts.joined + counts.dead.total() + counts.rerouted
        assert accounted == counts.consumed.total() == fed
        for topic, _, value in sent.records:
            if topic in ("decisions", "suppressions") and value is not None:
                assert orjson.loads(value)["user_id"] is not None
        for _, stored in partition.store.persons():
            assert Person.from_bytes(stored).to_bytes() == stored


def put(catalog: Catalog, key: bytes | None, value: bytes | None) -> None:
    """Take a record of the catalog, if it is right."""
    try:
        catalog.put(*decode_product(key, value))
    except InvalidRecord:
        return
