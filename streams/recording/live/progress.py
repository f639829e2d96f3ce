"""How far a recording has come: enough to go on exactly there."""

from typing import Final

import msgspec

from streams.recording.live.wanted import Wanted

VERSION: Final = 1
"""Of the form in which it is kept."""


class Reached(msgspec.Struct, array_like=True):
    """How far the reading of one partition has come."""

    topic: str
    """Its default name."""
    partition: int
    position: int
    """The offset of the next record to be read."""
    end: int
    """The one after the last record that was there at the beginning."""
    clock: int | None = None
    """The newest timestamp recorded so far, in epoch milliseconds."""


class Progress(msgspec.Struct, kw_only=True, rename={"positions": "places"}):
    """What was asked for, and what is done of it; in its file, positions are called places."""

    version: int = VERSION
    wanted: Wanted
    topic_ids: dict[str, str]
    """What tells the topics, by their default names, from others of these names (KIP-516)."""
    positions: list[Reached]
    written: dict[str, int] = msgspec.field(default_factory=dict)
    """Records by topic."""
    size: int = 0
    """Bytes of the file with these records, but for the last of them:"""
    lines: bytes = b""
    """Those of a frame that has not ended yet."""


encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Progress).decode


def decode(content: bytes) -> Progress | None:
    """The progress that was kept; None when it is none, or of another version."""
    try:
        progress = _decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return progress if progress.version == VERSION else None
