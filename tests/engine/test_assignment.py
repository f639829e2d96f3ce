"""An assignment is in one state at a time, and only two of them let anything be committed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.engine.assignment import State
from streams.engine.checkpoint.exactly_once import Fenced
from streams.engine.opening import Opened
from streams.engine.partition_processor import PartitionProcessor
from streams.engine.state.store import Memory, Store
from streams.settings import Settings
from tests.engine.in_memory import METADATA, InMemoryEngine
from tests.engine.spy import SpyTasks, methods, processed, record

SELDOM = Settings(checkpoint_milliseconds=3_600_000)
"""An engine takes a checkpoint only when it is asked for one, or has to."""


@pytest.fixture
def tasks() -> SpyTasks:
    return SpyTasks()


@pytest.fixture
def engine(tasks: SpyTasks, tmp_path: Path) -> Iterator[InMemoryEngine]:
    """With its partitions assigned."""
    with InMemoryEngine(tasks, tmp_path, SELDOM) as engine:
        yield engine


def state(engine: InMemoryEngine) -> State:
    return engine.engine.assignment.state


def process_one(engine: InMemoryEngine) -> None:
    """Have something to commit."""
    engine.feed("purchases", record(0))
    engine.process_all()


def committed(engine: InMemoryEngine) -> int:
    """How many records have been committed, those of the changelog included."""
    return len(engine.producer.committed)


def test_before_an_assignment_nothing_may_be_committed(tasks: SpyTasks, tmp_path: Path) -> None:
    assignment = InMemoryEngine(tasks, tmp_path).engine.assignment
    assert (assignment.state, assignment.may_commit) == (State.UNASSIGNED, False)
    assert assignment.interrupted.is_set()


def test_with_its_partitions_open_an_engine_runs(engine: InMemoryEngine) -> None:
    assert state(engine) is State.RUNNING
    assert not engine.engine.assignment.interrupted.is_set()


def test_a_revocation_commits_what_was_done_and_closes_the_partitions(
    engine: InMemoryEngine, tasks: SpyTasks
) -> None:
    process_one(engine)
    engine.call(engine.engine.revoke())
    assert methods(tasks.calls)[-2:] == ["all committed", "close"]
    assert committed(engine) > 0
    assert state(engine) is State.UNASSIGNED


def test_whoever_revokes_is_heard_while_work_is_at_hand(engine: InMemoryEngine) -> None:
    engine.engine.assignment.revoke()
    assert state(engine) is State.REVOKING
    assert engine.engine.assignment.interrupted.is_set()
    assert engine.engine.assignment.may_commit


def test_nothing_is_processed_once_partitions_are_being_revoked(
    engine: InMemoryEngine, tasks: SpyTasks
) -> None:
    engine.feed("purchases", record(0))
    engine.engine.assignment.revoke()
    engine.step()
    assert processed(tasks.calls) == {}


def test_what_is_given_up_is_not_committed_by_a_revocation_either(engine: InMemoryEngine) -> None:
    process_one(engine)
    engine.engine.give_up()
    assert state(engine) is State.VOID
    engine.call(engine.engine.revoke())
    assert committed(engine) == 0
    assert state(engine) is State.UNASSIGNED


def test_a_worker_that_the_group_gave_up_closes_its_partitions_and_asks_for_others(
    engine: InMemoryEngine,
) -> None:
    process_one(engine)
    engine.strategy.error = Fenced("another generation")
    engine.call(engine.engine.between_checkpoints(lambda tasks: None))
    assert state(engine) is State.VOID
    assert engine.engine.assignment.processors == {}
    assert engine.consumer.rejoins == 1
    assert engine.context.counts.fenced == 1


def test_after_a_commit_that_failed_nothing_is_committed_any_more(engine: InMemoryEngine) -> None:
    process_one(engine)
    engine.strategy.error = ConnectionError("the broker is gone")
    with pytest.raises(ConnectionError):
        engine.checkpoint()
    engine.strategy.error = None
    engine.checkpoint()
    assert state(engine) is State.VOID
    assert committed(engine) == 0


def test_partitions_that_are_taken_away_while_they_are_opened_are_closed(
    tasks: SpyTasks, tmp_path: Path
) -> None:
    engine = InMemoryEngine(tasks, tmp_path)
    assignment = engine.engine.assignment
    assignment.begin_restore()
    assert state(engine) is State.RESTORING
    store = Store(tmp_path / "0", Memory(1 << 20, 1 << 20))
    opened = Opened({0: PartitionProcessor(0, store, {}, engine.context)}, {})
    assignment.revoke()
    assert not assignment.run(opened, METADATA)
    assert state(engine) is State.UNASSIGNED
    Store(tmp_path / "0", Memory(1 << 20, 1 << 20)).close()  # the folder is free again


def test_a_change_is_made_when_all_that_came_before_it_is_committed(
    engine: InMemoryEngine, tasks: SpyTasks
) -> None:
    process_one(engine)
    seen: list[tuple[int, int]] = []
    engine.call(
        engine.engine.between_checkpoints(
            lambda tasks: seen.append((committed(engine), len(list(tasks))))
        )
    )
    assert seen == [(committed(engine), 1)]
    assert methods(tasks.calls)[-1] == "all committed"
