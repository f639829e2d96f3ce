"""Recordings on disk: JSON Lines, plain or compressed, one record a line (SPEC 8).

A value keeps its bytes: what stands in the line is handed out as it stands there, neither parsed
nor written again, so that a reader pays for parsing once and a dead letter is what was recorded.

SPEC 8 leaves two things open. A key that is not UTF-8 is kept as ``key_base64``; ``headers`` are an
object or a list of [name, value] pairs, each value a string, null or ``{"base64": "..."}``.
"""

import base64
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, BinaryIO, Final, Self

import msgspec
import orjson

from schemas.outputs import Decision, SuppressionList, to_json
from streams.errors import SourceError
from streams.kafka.partitioner import partition_of
from streams.owner_only import open_for_owner
from streams.recording.frames import Frames
from streams.recording.sources import AnyPath, Progress, lines_of, open_source

KINDS: Final = (".jsonl", ".ndjson")
"""What the names of recordings end in, before the end that says how they are compressed."""

WRITTEN: Final = (".jsonl", ".jsonl.zst")
"""What the names of recordings end in that are written here."""

UNNUMBERED = -1
"""The offset of a record whose line has none, until ``numbered`` has given it one."""

_EXAMPLE = '{"topic": "purchases", "key": "u1", "timestamp": 1700000000000, "value": {...}}'
_NO_VALUE = msgspec.Raw()

Headers = Sequence[tuple[str, bytes | None]]

_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_NotNegative = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class RecordingError(SourceError):
    """A line that is no record; the message names the file, the line and what was expected."""


class _Base64(msgspec.Struct, gc=False):
    base64: bytes


_HeaderValue = str | _Base64 | None


class RecordedRecord(msgspec.Struct, gc=False):
    """One line of a recording. ``json_value`` is the value's JSON text, unparsed."""

    topic: str
    timestamp: _Int64
    partition: _NotNegative = 0
    offset: _NotNegative = UNNUMBERED
    key_text: str | None = msgspec.field(name="key", default=None)
    key_base64: bytes | None = None
    json_value: msgspec.Raw = msgspec.field(name="value", default=_NO_VALUE)
    value_base64: bytes | None = None
    header_fields: dict[str, _HeaderValue] | list[tuple[str, _HeaderValue]] | None = msgspec.field(
        name="headers", default=None
    )

    @property
    def key(self) -> bytes | None:
        """The Kafka key."""
        return self.key_base64 if self.key_text is None else self.key_text.encode()

    @property
    def value(self) -> bytes | None:
        """The Kafka value, byte for byte; None is Kafka's null (a tombstone)."""
        if self.value_base64 is not None:
            return self.value_base64
        value = bytes(self.json_value)
        return None if value == b"null" else value

    @property
    def headers(self) -> Headers:
        """The Kafka headers in their order."""
        if not self.header_fields:
            return ()
        fields = self.header_fields
        pairs = fields.items() if isinstance(fields, dict) else fields
        return [(name, _header_bytes(value)) for name, value in pairs]


def _header_bytes(value: _HeaderValue) -> bytes | None:
    if value is None:
        return None
    return value.encode() if isinstance(value, str) else value.base64


def record_of(
    topic: str,
    key: bytes | None,
    value: bytes | None,
    timestamp: int,
    *,
    partition: int = 0,
    offset: int = UNNUMBERED,
    headers: Headers = (),
) -> RecordedRecord:
    """A record as Kafka has it, in the form of a recording."""
    record = RecordedRecord(topic, timestamp, partition, offset)
    if key is not None:
        try:
            record.key_text = key.decode()
        except UnicodeDecodeError:
            record.key_base64 = key
    if value is None:
        record.json_value = msgspec.Raw(b"null")
    elif _stands_in_a_line(value):
        record.json_value = msgspec.Raw(value)
    else:
        record.value_base64 = value
    if headers:
        record.header_fields = [(name, _header_field(content)) for name, content in headers]
    return record


def json_record(
    topic: str, key: str, value: object, timestamp: int, partitions: int
) -> RecordedRecord:
    """A record with this JSON value, in the partition of its key; a None value is a tombstone."""
    return RecordedRecord(
        topic,
        timestamp,
        partition=partition_of(key.encode(), partitions),
        key_text=key,
        json_value=msgspec.Raw(orjson.dumps(value)),
    )


def _stands_in_a_line(value: bytes) -> bool:
    """Whether these bytes can be put into a line as JSON and be read back as they were."""
    if b"\n" in value or b"\r" in value or value == b"null":
        return False
    try:
        # Writing refuses what is nested too deeply for a reader.
        orjson.dumps(orjson.loads(value))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return False
    return value == value.strip()


def _header_field(content: bytes | None) -> _HeaderValue:
    if content is None:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return _Base64(content)


def read(paths: Iterable[AnyPath], progress: Progress | None = None) -> Iterator[RecordedRecord]:
    """The records of all files in the order of their lines, numbered on from file to file.

    Topics are not judged: records of unknown ones are handed out too. Raises ``RecordingError``
    at the first line that is no record and ``SourceError`` for a file that cannot be read.
    """
    return numbered(chain.from_iterable(_read_file(path, progress) for path in paths))


def numbered(records: Iterable[RecordedRecord]) -> Iterator[RecordedRecord]:
    """Give records without an offset the one after the last of their topic and partition."""
    following: dict[tuple[str, int], int] = {}
    for record in records:
        partition = (record.topic, record.partition)
        offset = record.offset
        if offset == UNNUMBERED:
            offset = record.offset = following.get(partition, 0)
        following[partition] = offset + 1
        yield record


def _read_file(path: AnyPath, progress: Progress | None) -> Iterator[RecordedRecord]:
    decode = msgspec.json.Decoder(RecordedRecord).decode
    with open_source(path, KINDS, progress) as lines:
        for number, line in enumerate(lines_of(lines, path), start=1):
            try:
                record = decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                if line.isspace():
                    continue
                raise _not_a_record(path, number, str(error)) from error
            if record.json_value is _NO_VALUE and record.value_base64 is None:
                raise _not_a_record(path, number, "neither `value` nor `value_base64` is there")
            yield record


def _not_a_record(path: AnyPath, number: int, problem: str) -> RecordingError:
    problem = problem.replace(" - at `$.", " in `")
    return RecordingError(f"{path}, line {number}: {problem}. Expected a record like {_EXAMPLE}")


class Writer:
    """Writes a recording; ``.zst`` at the end of the name compresses it.

    A context manager. The file, which only its owner may read, appears under its name when the
    block has ended well; when the block fails nothing is left behind, and a recording that was
    there before stays.
    """

    def __init__(self, path: AnyPath) -> None:
        self._path = Path(path)
        self._written = self._path
        if not _is_device(self._path):
            refuse_other_endings(self._path)
            self._written = unfinished(self._path)
        self._file: BinaryIO
        self._frames: Frames

    def __enter__(self) -> Self:
        try:
            if self._written == self._path:
                self._file = self._written.open("wb")  # a device or a pipe
            else:
                self._file = open_for_owner(self._written)
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be written: {error.strerror}") from error
        self._frames = Frames(self._file, self._path)
        return self

    def write(self, record: RecordedRecord) -> None:
        """Add one record as a line."""
        self._frames.add(line_of(record))

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        is_whole = False
        try:
            with self._file:
                if error is None:
                    self._frames.end()
                    self._file.flush()
                    is_whole = True
        finally:
            if self._written != self._path:
                if is_whole:
                    os.replace(self._written, self._path)
                else:
                    self._written.unlink()


def refuse_other_endings(path: Path) -> None:
    """Raises `SourceError` for a name that is not that of a recording to be written."""
    if not path.name.endswith(WRITTEN):
        raise SourceError(f"{path}: expected a file whose name ends in {' or '.join(WRITTEN)}")


def unfinished(path: Path) -> Path:
    """Where a recording is kept until it is whole."""
    return path.with_name(path.name + ".part")


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file()


def line_of(record: RecordedRecord) -> bytes:
    """The record as a line of a recording, its line feed included."""
    line: dict[str, Any] = {"topic": record.topic}
    if record.key_base64 is not None:
        line["key_base64"] = _text(record.key_base64)
    elif record.key_text is not None:
        line["key"] = record.key_text
    line["timestamp"] = record.timestamp
    line["partition"] = record.partition
    if record.offset != UNNUMBERED:
        line["offset"] = record.offset
    if record.value_base64 is not None:
        line["value_base64"] = _text(record.value_base64)
    else:
        line["value"] = orjson.Fragment(bytes(record.json_value))
    if record.header_fields:
        line["headers"] = msgspec.to_builtins(record.header_fields)
    return json_line(line)


def json_line(value: object) -> bytes:
    """A value as a line of JSON Lines."""
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def output_line(record: Decision | SuppressionList) -> bytes:
    """An output record as a line of JSON Lines."""
    return to_json(record) + b"\n"


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
