"""The state of one partition on disk: RocksDB, state and changelog offset in one write.

Keys have a one-byte prefix: persons, what is due when, and what the partition itself has seen.
What is due is derived from the persons, so the changelog carries only persons and progress.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from rocksdict import (
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    Options,
    Rdict,
    WriteBatch,
    WriteBufferManager,
)

from streams.errors import UserError
from streams.owner_only import make_folder_for_owner

PERSON: Final = b"p"
PROGRESS: Final = b"m"
"""Key of what the partition has seen: clocks, newest event time, policy."""

_DUE: Final = b"t"
_OFFSET: Final = b"o"
"""Key of the changelog offset up to which this state is complete; never in the changelog."""
_CHANGELOG: Final = b"c"
"""Key of the id of the topic that the offset is in; never in it either."""

_TIME_BASE: Final = 1 << 63
"""Added to a time so that its unsigned bytes sort as the signed number does."""

Values = Mapping[bytes, bytes | None]
"""New values by key; None removes the key."""


class Memory:
    """The memory that all partitions of a worker share, so that many cost no more than one."""

    def __init__(self, cache_bytes: int, write_buffer_bytes: int) -> None:
        self.cache = Cache(cache_bytes)
        self.write_buffers = WriteBufferManager.new_write_buffer_manager_with_cache(
            write_buffer_bytes, False, self.cache
        )

    def options(self) -> Options:
        """RocksDB's options for one partition."""
        table = BlockBasedOptions()
        table.set_block_cache(self.cache)
        table.set_cache_index_and_filter_blocks(True)
        table.set_bloom_filter(10, False)
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_block_based_table_factory(table)
        options.set_write_buffer_manager(self.write_buffers)
        options.set_compression_type(DBCompressionType.lz4())
        options.set_max_background_jobs(2)
        options.set_max_open_files(256)
        options.set_keep_log_file_num(2)
        return options


class Store:
    """One partition's state. A context manager that closes it."""

    def __init__(self, path: Path, memory: Memory) -> None:
        """Open the state in a folder, new if it was not there.

        Raises `UserError` when the folder is in use, damaged or cannot be written; so does
        everything else here that reads or writes.
        """
        self.path = path
        try:
            make_folder_for_owner(path)
            self._rocks = Rdict(str(path), memory.options())
        except Exception as error:  # RocksDB has no type of its own for its errors
            raise UserError(
                f"The state in {path} cannot be opened: {_text(error)}. If another worker uses it, "
                "give each its own UNHAUNT_INSTANCE or UNHAUNT_STATE_FOLDER. If it is damaged, "
                "remove it: it is then restored from the changelog."
            ) from error
        offset, changelog = self.get([_OFFSET, _CHANGELOG])
        self.changelog_offset = 0 if offset is None else int.from_bytes(offset, "big")
        """Every changelog record before this offset is part of the state."""
        self.changelog_id = "" if changelog is None else changelog.decode()
        """The id of the topic that the offset is of; empty before the first restore."""
        self.next_due = self._first_due()
        """The earliest time at which a person is due; None when nobody is."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the folder; nothing may be read or written any more."""
        with self._explained("closed"):
            self._rocks.close()

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values of keys, None where there is none."""
        with self._explained("read"):
            values: list[bytes | None] = self._rocks.get(list(keys))
        return values

    def write(
        self,
        changes: Values,
        due: Iterable[tuple[int, bytes]] = (),
        done: Iterable[bytes] = (),
        changelog_offset: int | None = None,
    ) -> None:
        """Write changes, persons with the time at which they are due, and the offset at once.

        `done` are the keys that `due` gave and that have been dealt with.
        """
        batch = WriteBatch(raw_mode=True)
        for key, value in changes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        for key in done:
            batch.delete(key)
        for time, person in due:
            batch.put(_due_key(time, person), b"")
        if changelog_offset is not None:
            batch.put(_OFFSET, changelog_offset.to_bytes(8, "big"))
        with self._explained("written"):
            self._rocks.write(batch)
        if changelog_offset is not None:
            self.changelog_offset = changelog_offset
        self.next_due = self._first_due()

    def due(self, until: int, limit: int) -> dict[bytes, bytes]:
        """The persons due by a time, at most so many: their keys by the keys that say so.

        Removing the latter belongs into the write that deals with the persons. The time may be
        older than what the person's state says by now, so look there.
        """
        if self.next_due is None or self.next_due > until:
            return {}
        due: dict[bytes, bytes] = {}
        for key, _ in self._items(_DUE):
            if _due_time(key) > until or len(due) >= limit:
                break
            due[key] = key[9:]
        return due

    def persons(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of every person, sorted by key."""
        yield from self._items(PERSON)

    @property
    def size(self) -> int:
        """Bytes on disk, what is still only in RocksDB's memory and its log not included."""
        return self._property("rocksdb.total-sst-files-size")

    @property
    def keys(self) -> int:
        """About how many keys there are."""
        return self._property("rocksdb.estimate-num-keys")

    def _property(self, name: str) -> int:
        with self._explained("read"):
            return int(self._rocks.property_int_value(name) or 0)

    def belong_to(self, changelog_id: str) -> None:
        """Store the id of the topic that the changelog offset is of."""
        if changelog_id != self.changelog_id:
            with self._explained("written"):
                self._rocks.put(_CHANGELOG, changelog_id.encode())
            self.changelog_id = changelog_id

    def clear(self) -> None:
        """Remove everything, for a rebuild from the beginning of the changelog."""
        with self._explained("written"):
            self._rocks.delete_range(b"\x00", b"\xff")
        self.changelog_offset = 0
        self.changelog_id = ""
        self.next_due = None

    def _items(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        iterator = self._rocks.iter()
        iterator.seek(prefix)
        while iterator.valid() and (key := iterator.key()).startswith(prefix):
            yield key, iterator.value()
            iterator.next()
        with self._explained("read"):
            iterator.status()  # at what is damaged an iterator ends as if there were no more

    def _first_due(self) -> int | None:
        first = next(self._items(_DUE), None)
        return None if first is None else _due_time(first[0])

    @contextmanager
    def _explained(self, done: str) -> Iterator[None]:
        """Raise RocksDB's errors, which have no type of their own, as `UserError` with advice."""
        try:
            yield
        except Exception as error:
            raise UserError(
                f"The state in {self.path} cannot be {done}: {_text(error)}. If there is no room "
                "left, make some and start the worker again. If it is damaged, remove the folder: "
                "it is then restored from the changelog."
            ) from error


def _text(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _due_key(time: int, person: bytes) -> bytes:
    return _DUE + (time + _TIME_BASE).to_bytes(8, "big") + person


def _due_time(key: bytes) -> int:
    return int.from_bytes(key[1:9], "big") - _TIME_BASE
