"""The tokens by which the service knows who may ask."""

import hmac
from hashlib import sha256
from pathlib import Path
from typing import Final

from streams.errors import UserError

SHORTEST: Final = 16
"""Characters; a shorter token could be guessed."""


class Tokens:
    """A file with a token a line, read again when it changes.

    Several at a time: a new one is added, then the askers change to it, then the old one goes.
    """

    def __init__(self, path: Path) -> None:
        """Raises `UserError` when the file cannot be read or has no tokens."""
        self._path = path
        self._content: bytes | None = None
        self._digests: list[bytes] = []
        self.look()

    def look(self) -> None:
        """Read the file if it has changed. Raises `UserError`; the tokens stay what they were."""
        try:
            content = self._path.read_bytes()
        except OSError as error:
            raise UserError(f"{self._path}: cannot be read: {error.strerror}") from error
        if content == self._content:
            return
        tokens = content.split()
        if not tokens:
            raise UserError(f"{self._path}: expected a token a line, got none")
        if min(map(len, tokens)) < SHORTEST:
            raise UserError(f"{self._path}: expected tokens of at least {SHORTEST} characters")
        self._digests = [sha256(token).digest() for token in tokens]
        self._content = content

    def has(self, token: str) -> bool:
        """Whether it is one of them; how long that takes tells nothing of them."""
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        found = [hmac.compare_digest(digest, each) for each in self._digests]
        return any(found)
