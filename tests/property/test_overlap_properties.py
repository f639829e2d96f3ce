"""A worker that goes on while it commits comes to the same as one that commits once, at the end."""

import tempfile
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.topics import PERSON_TOPICS
from streams.agents.intake import FetchedRecord
from streams.agents.supplier import SuppressTasks
from streams.settings import Settings
from streams.suppression import policy_document
from streams.suppression.policy import Policy
from tests.builders import groups_of, recorded
from tests.engine.in_memory import InMemoryEngine
from tests.oracle.generate import random_recording

FETCHED = 5
"""So many records come at once."""

Turn = Literal["begin", "end", "go on"]
"""What happens after each fetch: a checkpoint is prepared, the one under way ends, or nothing."""
turns = st.lists(st.sampled_from(["begin", "end", "go on"]), max_size=40)

Outcome = tuple[list[Any], dict[bytes, bytes], dict[bytes | None, Any]]
"""All decisions, the state of all persons, and the last list of each that says anything.

Whose list has ended before anybody saw it has no empty one.
"""


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), turns)
def test_work_beside_a_commit_makes_no_difference(seed: int, turns: Sequence[Turn]) -> None:
    assert outcome(seed, turns) == outcome(seed, [])


def outcome(seed: int, turns: Sequence[Turn]) -> Outcome:
    """What an engine makes of a random recording that keeps only one person in memory."""
    lines, tables = random_recording(seed)
    policy = Policy(policy_document.complete(tables or {}))
    catalog: Any = SimpleNamespace(
        catalog=groups_of(lines)[0],
        invalid=deque(),
        position=0,
        fetch=lambda: None,
        update=lambda: None,
    )
    limits = Settings(cached_persons=1, checkpoint_milliseconds=3_600_000, dead_letter_percent=0)
    tasks = SuppressTasks(limits, policy, {}, catalog)
    left = deque(turns)
    with (
        tempfile.TemporaryDirectory() as folder,
        InMemoryEngine(tasks, Path(folder), limits) as engine,
    ):
        fed = [each for each in recorded(lines) if each.topic in PERSON_TOPICS]
        for offset, each in enumerate(fed):
            value = each.value
            record = FetchedRecord(each.topic, offset, each.timestamp, each.key, value, ())
            engine.feed(each.topic, record)
            if offset % FETCHED == 0:
                engine.process_all()
                take(engine, left.popleft() if left else "go on")
        engine.strategy.may_commit.set()
        engine.run()
        sent = engine.producer.committed
        decisions = [each for each in sent if each.topic == "decisions"]
        last = {each.key: each.value for each in sent if each.topic == "suppressions"}
        lists = {key: value for key, value in last.items() if value and is_any_content(value)}
        persons = dict(engine.engine.assignment.processors[0].store.persons())
    return decisions, persons, lists


def is_any_content(value: bytes) -> bool:
    listed = orjson.loads(value)
    return bool(listed["entries"] or listed["granted"])


def take(engine: InMemoryEngine, turn: Turn) -> None:
    committer, may_commit = engine.engine.committer, engine.strategy.may_commit
    if turn == "begin" and not committer.is_under_way:
        may_commit.clear()
        engine.call(committer.begin())
    elif turn == "end":
        may_commit.set()
        engine.call(committer.finish())
