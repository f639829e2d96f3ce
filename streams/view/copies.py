"""The copy of one partition of the lists: in memory, or in a folder that outlives a restart.

The lists are kept as they were published, as JSON: most persons are never asked for.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

import msgspec
import orjson

from streams.engine.state.store import PERSON, PROGRESS, Memory, Store

Lists = Mapping[bytes, bytes | None]
"""Lists by the keys of their records; None removes one."""

CACHE_BYTES: Final = 64 << 20
WRITE_BUFFER_BYTES: Final = 32 << 20


class Seen(msgspec.Struct, frozen=True):
    """How far a copy reaches in its partition."""

    topic: str = ""
    """The id of the topic that it is a copy of; empty before the first contact."""
    offset: int = 0
    """All that is before it is in the copy."""
    newest: int | None = None
    """The newest event time of a list, in epoch milliseconds; None before the first list."""
    level_at: int = 0
    """When the copy was last known to hold all that was there, in epoch milliseconds; or 0."""


class Copy(Protocol):
    """The lists of one partition, and how far they reach. Any thread may read."""

    seen: Seen

    @property
    def held(self) -> int:
        """About how many lists there are."""

    def get(self, key: bytes) -> bytes | None:
        """The list of a person, by the key of its record; None for a tombstone or none at all."""

    def write(self, lists: Lists, seen: Seen) -> None:
        """Write changes and how far they reach, both or neither."""

    def clear(self) -> None:
        """Forget everything."""

    def close(self) -> None:
        """Write nothing any more."""


class MemoryCopy:
    """A copy that is gone with the process."""

    def __init__(self) -> None:
        self.seen = Seen()
        self._lists: dict[bytes, bytes] = {}

    @property
    def held(self) -> int:
        """How many lists there are."""
        return len(self._lists)

    def get(self, key: bytes) -> bytes | None:
        """The list of a person, by the key of its record; None for a tombstone or none at all."""
        return self._lists.get(key)

    def write(self, lists: Lists, seen: Seen) -> None:
        """Write changes and how far they reach."""
        for key, value in lists.items():
            if value is None:
                self._lists.pop(key, None)
            else:
                self._lists[key] = value
        self.seen = seen

    def clear(self) -> None:
        """Forget everything."""
        self._lists.clear()
        self.seen = Seen()

    def close(self) -> None:
        """Nothing is left to do."""


class StoredCopy:
    """A copy in a folder: lists and offset are written at once, so it goes on where it was."""

    def __init__(self, folder: Path, memory: Memory) -> None:
        """Raises `UserError` when the folder is in use, damaged or cannot be written."""
        self._store = Store(folder, memory)
        [seen] = self._store.get([PROGRESS])
        self.seen = Seen() if seen is None else msgspec.convert(orjson.loads(seen), Seen)

    @property
    def held(self) -> int:
        """About how many lists there are."""
        return self._store.keys

    def get(self, key: bytes) -> bytes | None:
        """The list of a person, by the key of its record; None for a tombstone or none at all."""
        return self._store.get([PERSON + key])[0]

    def write(self, lists: Lists, seen: Seen) -> None:
        """Write changes and how far they reach, both or neither."""
        changes = {PERSON + key: value for key, value in lists.items()}
        self._store.write({**changes, PROGRESS: msgspec.json.encode(seen)})
        self.seen = seen

    def clear(self) -> None:
        """Forget everything."""
        self._store.clear()
        self.seen = Seen()

    def close(self) -> None:
        """Release the folder."""
        self._store.close()


class Copies(dict[int, Copy]):
    """The copies by partition, each made when it is first asked for."""

    def __init__(self, folder: Path | None) -> None:
        """Without a folder all are in memory."""
        super().__init__()
        self._folder = folder
        self._memory = None if folder is None else Memory(CACHE_BYTES, WRITE_BUFFER_BYTES)

    def __missing__(self, number: int) -> Copy:
        """Raises `UserError` when the folder is in use, damaged or cannot be written."""
        if self._folder is None or self._memory is None:
            self[number] = MemoryCopy()
        else:
            self[number] = StoredCopy(self._folder / str(number), self._memory)
        return self[number]

    def close(self) -> None:
        """Release the folder."""
        for copy in self.values():
            copy.close()
