"""What an engine promises to its tasks (`streams/engine/task.py`), on Kafka and in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.engines import NEVER, EngineInMemory, EngineOnKafka, EngineUnderTest
from tests.engine.spy import Call, methods, processed
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment

FIRST = 1_700_000_000_000


@pytest.fixture(params=["in memory", pytest.param("on kafka", marks=pytest.mark.kafka)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EngineUnderTest]:
    """Not started yet; its topics are there and empty."""
    if request.param == "in memory":
        yield EngineInMemory(tmp_path)
        return
    address = request.getfixturevalue("kafka").address
    deployment = Deployment(settings_of(address, tmp_path), 1)
    yield EngineOnKafka(deployment, tmp_path / "notes.jsonl")
    deployment.close()


def about(calls: list[Call], method: str) -> list[object]:
    return [call.about for call in calls if call.method == method]


def items(engine: EngineUnderTest) -> list[str]:
    """All that was processed, again what was processed again."""
    return processed(engine.calls()).get(0, [])


def item(stream: str, ts: int) -> str:
    return f"{stream} {ts}"


def test_a_stream_is_decoded_in_the_order_of_its_offsets(engine: EngineUnderTest) -> None:
    times = [FIRST + 3, FIRST + 1, FIRST + 2]
    engine.feed("purchases", *times)
    engine.start()
    engine.run()
    engine.stop()
    decoded = [ts for stream, values in about(engine.calls(), "decode") for ts in values]  # type: ignore[attr-defined]
    assert decoded == [str(ts) for ts in times]


def test_streams_are_processed_in_the_order_of_time(engine: EngineUnderTest) -> None:
    engine.feed("impression-requests", FIRST + 1, FIRST + 3)
    engine.feed("purchases", FIRST, FIRST + 2, FIRST + 3)
    engine.start()
    engine.run()
    engine.stop()
    assert items(engine) == [
        item("purchases", FIRST),
        item("impression-requests", FIRST + 1),
        item("purchases", FIRST + 2),
        item("purchases", FIRST + 3),
        item("impression-requests", FIRST + 3),
    ]


def test_a_batch_has_no_more_records_than_the_setting_says(engine: EngineUnderTest) -> None:
    engine.feed("purchases", *range(FIRST, FIRST + 7))
    engine.start(batch_records=3)
    engine.run()
    engine.stop()
    batches = [len(batch) for batch in about(engine.calls(), "process")]  # type: ignore[arg-type]
    assert sum(batches) == 7
    assert max(batches) <= 3


def test_the_supplier_is_ready_before_records_are_decoded(engine: EngineUnderTest) -> None:
    engine.feed("purchases", FIRST)
    engine.start()
    engine.run()
    engine.stop()
    calls = engine.calls()
    [decoding] = [n for n, call in enumerate(calls) if call.method == "decode"]
    assert calls[decoding - 1] == Call("ready", about=1)


def test_a_checkpoint_prepares_commits_and_tells_the_task_before_the_supplier(
    engine: EngineUnderTest,
) -> None:
    engine.feed("purchases", FIRST)
    engine.start()
    engine.run()
    engine.stop()
    called = methods(engine.calls())
    prepared = called.index("prepare", called.index("process"))
    assert called[prepared : prepared + 3] == ["prepare", "committed", "all committed"]


def test_when_a_task_hears_of_a_commit_its_state_is_on_disk(engine: EngineUnderTest) -> None:
    engine.feed("purchases", FIRST, FIRST + 1)
    engine.start(**NEVER)
    engine.wait_until(lambda: len(items(engine)) == 2)
    engine.stop()
    assert about(engine.calls(), "committed") == [2]


def test_an_engine_that_is_stopped_takes_a_last_checkpoint_and_closes_its_tasks(
    engine: EngineUnderTest,
) -> None:
    engine.feed("purchases", FIRST)
    engine.start(**NEVER)
    engine.wait_until(lambda: len(items(engine)) == 1)
    engine.stop()
    assert methods(engine.calls())[-4:] == ["prepare", "committed", "all committed", "close"]


def test_what_is_not_committed_is_seen_by_nobody(engine: EngineUnderTest) -> None:
    engine.feed("purchases", FIRST)
    engine.start(**NEVER)
    engine.wait_until(lambda: len(items(engine)) == 1)
    engine.kill()
    assert engine.outputs() == []


def test_after_a_crash_another_task_begins_where_the_last_checkpoint_was(
    engine: EngineUnderTest,
) -> None:
    engine.feed("purchases", FIRST)
    engine.start()
    engine.run()
    engine.stop()
    engine.feed("purchases", FIRST + 1)
    engine.start(**NEVER)
    engine.wait_until(lambda: len(items(engine)) == 2)
    engine.kill()
    engine.start()
    engine.run()
    engine.stop()
    assert about(engine.calls(), "create") == [
        {"stored": 0, "counted": 0},
        {"stored": 1, "counted": 1},
        {"stored": 1, "counted": 1},
    ]
    again = item("purchases", FIRST + 1)
    assert items(engine) == [item("purchases", FIRST), again, again]
    assert engine.outputs() == [item("purchases", FIRST), again]


def test_a_task_is_punctuated_though_there_are_no_records(engine: EngineUnderTest) -> None:
    engine.start()
    engine.wait_until(lambda: Call("punctuate", 0) in engine.calls())
    engine.stop()
