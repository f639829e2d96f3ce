"""Recording a deployment and replaying to one, by the commands that people use."""

import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson
from confluent_kafka import Producer
from typer.testing import Result

from streams.recording.files import Headers, RecordedRecord, Writer, read, record_of
from streams.recording.live.progress import decode
from streams.settings import Settings
from tests.command_line import run, start_process
from tests.kafka.clients import wait_until_none_is_open
from tests.waiting import SECONDS, wait_until

NOW = 1_700_000_000_000

AWKWARD = [
    record_of("catalog", b"mug-7", b'{"price": 20.0}', NOW + 1),
    record_of("purchases", b"ann", b'{"event_id" :  "e1"}', NOW),
    record_of("purchases", None, b'{"user_id": "ann"}', NOW + 5, partition=1),
    record_of("purchases", b"", b"", NOW + 5, partition=1),
    record_of("purchases", b"\xff\xfe", b"\xff\xfe", NOW + 3, partition=1),
    record_of("purchases", b"null", b"null", NOW + 5),
    record_of("dismissals", b"ann", None, NOW + 5),
    record_of("dismissals", None, None, NOW - 1_000),
    record_of("dismissals", b"ann", b'{\n"event_id": "e2"}', NOW + 4),
    record_of("dismissals", b"ann", b'{"price": 1e400}', 1),
    record_of(
        "impression-requests",
        "grün".encode(),
        b"{oops",
        NOW + 5,
        partition=1,
        headers=[("trace", b"\xff"), ("trace", b"again"), ("empty", None), ("", b"")],
    ),
    record_of("impression-requests", b"ann", b'"text"', NOW + 5, headers=[("trace", b"null")]),
    record_of("catalog", b"mug-7", None, NOW + 2),
    record_of("catalog", b"\x00", b"[1]", NOW + 2, partition=1),
]
"""All that is awkward of records: bytes that are no text or no JSON, nulls, times in disorder."""


def environment_of(settings: Settings) -> dict[str, str]:
    return {
        "UNHAUNT_BROKERS": settings.kafka.brokers,
        "UNHAUNT_APPLICATION": settings.application,
        "UNHAUNT_TOPIC_PREFIX": settings.topic_prefix,
    }


def record(settings: Settings, output: Path, *options: object) -> Result:
    return run("record", "-o", output, *options, **environment_of(settings))


def recorded(settings: Settings, output: Path, *options: object) -> list[bytes]:
    """The lines of a recording that is made now."""
    result = record(settings, output, *options)
    assert result.exit_code == 0, result.stderr
    return output.read_bytes().splitlines()


def start_recording(settings: Settings, output: Path, *options: object) -> "subprocess.Popen[str]":
    return start_process("record", "-o", output, *options, **environment_of(settings))


def replay(settings: Settings, recording: Path, *options: object) -> Result:
    return run("replay", recording, *options, **environment_of(settings))


def numbered(count: int, size: int = 0) -> Iterator[RecordedRecord]:
    """Requests of two partitions, a second apart, of so many bytes at least."""
    for number in range(count):
        value = orjson.dumps({"request_id": str(number), "padding": "x" * size})
        yield record_of(
            "impression-requests", b"ann", value, NOW + 1_000 * number, partition=number % 2
        )


def numbers(lines: Sequence[bytes]) -> list[int]:
    """Which of the numbered requests these are."""
    return [int(orjson.loads(line)["value"]["request_id"]) for line in lines]


class Contents(NamedTuple):
    """A record as a recording has it, but for the offset."""

    topic: str
    partition: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    @classmethod
    def of(cls, record: RecordedRecord) -> "Contents":
        return cls(
            record.topic,
            record.partition,
            record.timestamp,
            record.key,
            record.value,
            list(record.headers),
        )


def contents(path: Path) -> list[Contents]:
    return [Contents.of(record) for record in read([path])]


def written(path: Path, *records: RecordedRecord) -> Path:
    with Writer(path) as writer:
        for record in records:
            writer.write(record)
    return path


def leave_holes(settings: Settings, topic: str) -> None:
    """An aborted transaction and the marker of a committed one, in partition 0."""
    name = settings.topic(topic)
    producer = Producer(
        {"bootstrap.servers": settings.kafka.brokers, "transactional.id": settings.application}
    )
    producer.init_transactions()
    for value, end in (
        (b"aborted", producer.abort_transaction),
        (b'{"event_id": "committed"}', producer.commit_transaction),
    ):
        producer.begin_transaction()
        producer.produce(name, value, b"ann", 0, timestamp=NOW + 5)
        producer.flush()
        end()
    wait_until_none_is_open(settings.kafka.brokers, name, 1)


def done(path: Path) -> int:
    """How many records of an unfinished or continuous recording are safe."""
    progress_file = path.with_name(path.name + ".progress")
    progress = decode(progress_file.read_bytes()) if progress_file.exists() else None
    return sum(progress.written.values()) if progress else 0


def until_recorded(settings: Settings, path: Path, count: int, number: int) -> None:
    """A process that records continuously until so many are safe, and is then sent a signal."""
    with start_recording(settings, path, "--continuous") as process:
        wait_until(lambda: done(path) >= count or process.poll() is not None, "records")
        process.send_signal(number)
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == (-number if number == signal.SIGKILL else 0), errors
