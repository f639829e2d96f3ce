"""The metadata by which checkpoints sign the offsets that they commit.

The state includes all that is before such offsets. Others were set by somebody, with
`kafka-consumer-groups` for instance.
"""

import re
from typing import Any, Final

_SIGNED: Final = re.compile(r"checkpoint by ([^;]*);")


def signature(name: str) -> str:
    """The metadata of offsets that the worker of this name commits."""
    return f"checkpoint by {name};"


def signer_of(committed: Any) -> str | None:
    """The name of the worker that committed an offset; None when it was somebody else.

    The client hands out metadata with whatever lies behind it in memory: it copies them by their
    length, and reads them to the next zero byte. That is why the signature says where it ends.
    """
    try:
        metadata = committed.metadata or ""
    except UnicodeDecodeError as error:
        metadata = error.object.decode(errors="replace")
    signed = _SIGNED.match(metadata)
    return signed[1] if signed else None
