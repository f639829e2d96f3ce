"""A worker's membership of its group, in the form that a transaction shows to the broker."""

import struct
from typing import NamedTuple


class GroupMetadata(NamedTuple):
    """A worker's membership of the group, which a broker checks before it accepts offsets."""

    group: str
    generation: int
    member: str
    instance: str | None

    def to_bytes(self) -> bytes:
        """The form in which librdkafka reads group metadata (its version 2)."""
        instance = b"\1" if self.instance is None else b"\0" + self.instance.encode() + b"\0"
        return (
            b"CGMDv2:"
            + struct.pack("<i", self.generation)
            + self.group.encode()
            + b"\0"
            + self.member.encode()
            + b"\0"
            + instance
        )
