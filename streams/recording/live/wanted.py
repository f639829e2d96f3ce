"""What is to be recorded: which topics, from when to when, whose records."""

from functools import cached_property
from typing import Any

import msgspec

CATALOG = "catalog"


class OffsetRange(msgspec.Struct, frozen=True, array_like=True):
    """Some offsets of one partition."""

    topic: str
    """Its default name."""
    partition: int
    first: int | None = None
    """None for where the partition begins."""
    last: int | None = None
    """Itself included; None for where the partition ends."""

    def __str__(self) -> str:
        first = "" if self.first is None else self.first
        last = "" if self.last is None else self.last
        return f"{self.topic}/{self.partition}/{first}-{last}"


class Wanted(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What somebody asked to have recorded."""

    topics: tuple[str, ...] = ()
    """By their default names; all inputs that are there when none is named."""
    ranges: tuple[OffsetRange, ...] = ()
    """Only these offsets, and of no other partitions; all offsets when there is no range."""
    since: int | None = None
    """The earliest timestamp, in epoch milliseconds."""
    until: int | None = None
    """The timestamp before which all must be, in epoch milliseconds."""
    persons: frozenset[str] = frozenset()
    """Whose records; everybody's when nobody is named. The catalog is nobody's: all of it comes."""
    is_continuous: bool = False
    """Whether it goes on behind what is there at the beginning."""
    has_offsets: bool = False
    """Whether the lines are to have the offsets of their records."""

    def includes(self, topic: str, key: bytes | None, value: bytes | None, timestamp: int) -> bool:
        """Whether a record, of a topic by its default name, is to be recorded."""
        if self.since is not None and timestamp < self.since:
            return False
        if self.until is not None and timestamp >= self.until:
            return False
        if not self.persons or topic == CATALOG:
            return True
        return key in self._keys or _user_id(value) in self.persons

    @cached_property
    def _keys(self) -> frozenset[bytes]:
        return frozenset(person.encode() for person in self.persons)


class _Named(msgspec.Struct):
    user_id: Any = None


_decode = msgspec.json.Decoder(_Named).decode


def _user_id(value: bytes | None) -> str | None:
    """The person that a value names: it may stand there without the key (SPEC 2)."""
    try:
        user_id = _decode(value or b"null").user_id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return user_id if isinstance(user_id, str) else None
