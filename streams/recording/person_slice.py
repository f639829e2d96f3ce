"""Which persons a process takes, where several share a recording."""

from collections.abc import Mapping
from typing import Final, NamedTuple
from zlib import crc32

from streams.recording.linked_ids import NOBODY


class PersonSlice(NamedTuple):
    """Some of the persons: one slice of so many equal ones, by a hash of the person's id."""

    number: int
    of: int
    linked: Mapping[bytes, bytes] = NOBODY
    """By linked ids the one that stands for them all."""

    def holds(self, user_id: bytes) -> bool:
        """Whether the person is among them."""
        return crc32(self.linked.get(user_id, user_id)) % self.of == self.number


ALL_PERSONS: Final = PersonSlice(0, 1)
