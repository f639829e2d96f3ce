"""While a checkpoint is being committed the engine goes on, and commits that with the next one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.engine.assignment import State
from streams.engine.checkpoint.exactly_once import Fenced
from streams.engine.state.changes import Changes
from streams.kafka.topic_partition import TopicPartition
from streams.settings import Settings
from tests.engine.in_memory import InMemoryEngine
from tests.engine.spy import COUNT, OUTPUT, SpyTask, SpyTasks, methods, processed, record

SELDOM = Settings(checkpoint_milliseconds=3_600_000)
"""An engine takes a checkpoint only when it is asked for one, or has to."""
PURCHASES = TopicPartition("purchases", 0)


@pytest.fixture
def tasks() -> SpyTasks:
    return SpyTasks()


@pytest.fixture
def engine(tasks: SpyTasks, tmp_path: Path) -> Iterator[InMemoryEngine]:
    """One record is processed, and is being committed; another one has been processed since."""
    with InMemoryEngine(tasks, tmp_path, SELDOM) as engine:
        engine.strategy.may_commit.clear()
        engine.feed("purchases", record(0))
        engine.process_all()
        engine.call(engine.engine.committer.begin())
        engine.feed("purchases", record(1))
        engine.process_all()
        yield engine
        engine.strategy.may_commit.set()


def outputs(engine: InMemoryEngine) -> list[bytes | None]:
    """What tasks have sent, as a reader of committed records sees it."""
    return [sent.value for sent in engine.producer.committed if sent.topic == OUTPUT]


def test_records_are_processed_while_a_checkpoint_is_being_committed(
    engine: InMemoryEngine, tasks: SpyTasks
) -> None:
    assert engine.engine.committer.is_under_way
    assert processed(tasks.calls) == {0: ["purchases 0", "purchases 1"]}


def test_what_is_done_meanwhile_is_no_part_of_that_checkpoint(engine: InMemoryEngine) -> None:
    engine.strategy.may_commit.set()
    engine.call(engine.engine.committer.finish())
    assert outputs(engine) == [b"purchases 0"]
    assert engine.strategy.offsets[PURCHASES] == 1
    store = engine.engine.assignment.processors[0].store
    assert store.get([COUNT]) == [b"1"]


def test_what_is_done_meanwhile_is_committed_with_the_next_one(engine: InMemoryEngine) -> None:
    engine.strategy.may_commit.set()
    engine.checkpoint()
    assert outputs(engine) == [b"purchases 0", b"purchases 1"]
    assert engine.strategy.offsets[PURCHASES] == 2


def test_until_its_commit_has_ended_of_a_task_nothing_else_is_called(
    engine: InMemoryEngine, tasks: SpyTasks
) -> None:
    since_prepared = methods(tasks.calls)[methods(tasks.calls).index("prepare") :]
    assert since_prepared == ["prepare", "decode", "process"]
    assert "punctuate" not in [call.method for call in tasks.calls[-2:]]


def test_the_state_is_read_as_it_will_be_once_the_commit_has_ended(engine: InMemoryEngine) -> None:
    processor = engine.engine.assignment.processors[0]
    assert processor.store.get([COUNT]) == [None]
    assert state(engine).get([COUNT, b"unknown"]) == [b"1", None]
    engine.strategy.may_commit.set()
    engine.call(engine.engine.committer.finish())
    assert state(engine).get([b"unknown", COUNT]) == [None, b"1"]


def test_a_revocation_awaits_the_checkpoint_under_way_and_takes_a_last_one(
    engine: InMemoryEngine, tasks: SpyTasks
) -> None:
    engine.strategy.may_commit.set()
    engine.call(engine.engine.revoke())
    checkpoint = ["prepare", "committed", "all committed"]
    assert methods(tasks.calls)[-6:-1] == [*checkpoint[1:], *checkpoint]
    assert methods(tasks.calls)[-1] == "close"
    assert outputs(engine) == [b"purchases 0", b"purchases 1"]


def test_a_change_between_checkpoints_awaits_the_one_under_way(engine: InMemoryEngine) -> None:
    engine.strategy.may_commit.set()
    seen: list[list[bytes | None]] = []
    change = engine.engine.between_checkpoints(lambda _: seen.append(outputs(engine)))
    engine.call(change)
    assert seen == [[b"purchases 0", b"purchases 1"]]


def test_when_the_commit_fails_what_was_done_meanwhile_is_void_too(engine: InMemoryEngine) -> None:
    engine.strategy.error = ConnectionError("the broker is gone")
    engine.strategy.may_commit.set()
    with pytest.raises(ConnectionError):
        engine.call(engine.engine.committer.finish())
    engine.strategy.error = None
    engine.checkpoint()
    assert engine.engine.assignment.state is State.VOID
    assert (engine.producer.open, engine.producer.committed) == ([], [])


def test_the_failure_of_a_commit_that_nobody_waits_for_stops_the_next_step(
    engine: InMemoryEngine,
) -> None:
    engine.strategy.error = ConnectionError("the broker is gone")
    engine.strategy.may_commit.set()
    engine.call(engine.engine.context.consumer.keep_alive())  # a turn of the event loop
    with pytest.raises(ConnectionError):
        engine.step()


def test_a_worker_that_is_fenced_meanwhile_drops_it_all_and_asks_for_other_partitions(
    engine: InMemoryEngine,
) -> None:
    engine.strategy.error = Fenced("another generation")
    engine.strategy.may_commit.set()
    engine.call(engine.engine.between_checkpoints(lambda _: None))
    assert engine.engine.assignment.processors == {}
    assert engine.consumer.rejoins == 1
    assert (engine.producer.open, engine.producer.committed) == ([], [])


def test_a_revocation_of_what_was_given_up_commits_nothing_more(engine: InMemoryEngine) -> None:
    engine.engine.give_up()
    engine.strategy.may_commit.set()
    engine.call(engine.engine.revoke())
    assert outputs(engine) == [b"purchases 0"]
    assert engine.engine.assignment.state is State.UNASSIGNED


def test_a_checkpoint_that_is_due_awaits_the_one_before(tasks: SpyTasks, tmp_path: Path) -> None:
    every_record = Settings(checkpoint_records=1, batch_records=1)
    with InMemoryEngine(tasks, tmp_path, every_record) as engine:
        engine.strategy.may_commit.clear()
        engine.feed("purchases", record(0), record(1))

        async def work() -> None:
            step = asyncio.create_task(engine.engine.step())
            while len(processed(tasks.calls).get(0, [])) < 2:
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert methods(tasks.calls).count("prepare") == 1
            engine.strategy.may_commit.set()
            await step

        engine.call(work())
        called = methods(tasks.calls)
        assert called[-5:] == [
            "committed",
            "all committed",
            "prepare",
            "committed",
            "all committed",
        ]


def state(engine: InMemoryEngine) -> Changes:
    """The state as a task reads it."""
    task = engine.task()
    assert isinstance(task, SpyTask)
    return task.context.changes
