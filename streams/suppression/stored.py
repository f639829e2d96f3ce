"""The stored form of a person: one array, of which `due` stands first for who restores a state."""

from contextlib import suppress
from typing import Final

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from streams.suppression.facts import (
    Choice,
    Line,
    Refund,
    Reinstatement,
    Rejection,
    Restoration,
    Shown,
    VoidOrder,
)
from streams.suppression.identities.stored import StoredLinks

FORMAT: Final = 4
"""Version of the stored form; raise it when what is stored here changes.

Checkpoints keep it, so that a version which cannot read a state refuses it.
"""

READABLE: Final = (3, FORMAT)
"""The versions that are read. The third knew of no links."""


class StoredPerson(Struct, array_like=True, gc=False):
    """All that is stored of one person."""

    due: int | None
    format: int
    published: str | None
    forgotten: int
    newest: int
    lines: tuple[Line, ...]
    refunds: tuple[Refund, ...]
    voided: tuple[VoidOrder, ...]
    dismissals: tuple[Rejection, ...]
    restorations: tuple[Restoration, ...]
    impressions: tuple[Shown, ...]
    preferences: tuple[Choice, ...]
    reinstated: tuple[Reinstatement, ...] = ()
    links: StoredLinks | None = None


class _Front(Struct, array_like=True, gc=False):
    """The front of the stored form; the rest is passed over."""

    due: int | None
    format: int


_decode_front: Final = Decoder(_Front).decode
_decode: Final = Decoder(StoredPerson).decode

write: Final = Encoder().encode
"""The bytes of a `StoredPerson`, one form for one person whatever the order of arrival."""


def read(stored: bytes) -> StoredPerson:
    """The person that `write` wrote. Raises `ValueError` for a form of another version."""
    try:
        person = _decode(stored)
    except ValueError as error:
        _require_format(stored)
        raise ValueError(f"state of format {FORMAT} that is damaged: {error}") from None
    if person.format not in READABLE:
        _require_format(stored)
    return person


def due_of(stored: bytes) -> int | None:
    """The event time from which on a stored person is to be looked at; None if there is none.

    None for a form of another version, too: whoever finds one refuses the whole state.
    """
    try:
        front = _decode_front(stored)
    except ValueError:
        return None
    return front.due if front.format in READABLE else None


def _require_format(stored: bytes) -> None:
    written: object = FORMAT
    if stored.startswith(b"["):  # JSON, as it once was
        written = "1 or older"
    else:
        with suppress(ValueError):
            written = _decode_front(stored).format
    if written not in READABLE:
        raise ValueError(f"state of format {written}, but this version reads {FORMAT}")
