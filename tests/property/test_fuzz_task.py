"""A task that is fed anything at all goes on working, and accounts for every record."""

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
from schemas.topics import PERSON_TOPICS
from streams.agents.intake import FetchedRecord
from streams.agents.supplier import SuppressTasks
from streams.settings import Settings
from streams.suppression.catalog import Catalog
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from tests.engine.in_memory import InMemoryEngine
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


@contextmanager
def an_engine(policy: str, formats: str = "") -> Iterator[tuple[InMemoryEngine, SuppressTasks]]:
    """The engine of a deployment of one partition, with its state on disk."""
    folder = Path(tempfile.mkdtemp())
    reader: Any = SimpleNamespace(
        catalog=Catalog(), invalid=deque(), position=0, fetch=nothing, update=nothing
    )
    settings = Settings(formats=formats, dead_letter_percent=0)
    tasks = SuppressTasks(settings, Policy.from_toml(policy), {}, reader)
    try:
        with InMemoryEngine(tasks, folder, settings) as engine:
            yield engine, tasks
    finally:
        shutil.rmtree(folder)


def nothing() -> None:
    """There is nothing new in the catalog."""


@pytest.mark.parametrize("policy", POLICIES, ids=["default", "unusual"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_task_accounts_for_every_record_whatever_it_is_fed(
    policy: str, data: st.DataObject
) -> None:
    with an_engine(policy) as (engine, tasks):
        fed = 0
        for _ in range(data.draw(st.integers(1, 4), label="checkpoints")):
            for _ in range(data.draw(st.integers(1, 12), label="records")):
                topic = data.draw(st.sampled_from((*PERSON_TOPICS, "catalog")))
                key, value = data.draw(keys), data.draw(values(topic))
                if topic == "catalog":
                    put(tasks.catalog.catalog, key, value)
                    continue
                engine.feed(topic, FetchedRecord(topic, fed, data.draw(timestamps), key, value, ()))
                fed += 1
            engine.run()
        counts, consumed = tasks.counts, engine.context.counts.consumed
        accounted = counts.decided + counts.joined + counts.dead.total() + counts.rerouted
        assert accounted == consumed.total() == fed
        for sent in engine.producer.committed:
            if sent.topic in ("decisions", "suppressions") and sent.value is not None:
                assert orjson.loads(sent.value)["user_id"] is not None
        for _, stored in engine.engine.assignment.processors[0].store.persons():
            assert orjson.dumps(Person.from_data(orjson.loads(stored)).to_data()) == stored


def put(catalog: Catalog, key: bytes | None, value: bytes | None) -> None:
    """Take a record of the catalog, if it is right."""
    try:
        catalog.put(*decode_product(key, value))
    except InvalidRecord:
        return
