"""Dead letters: what was wrong with each record, and where it was found (SPEC 7).

A dead letter is named by its place on the topic of the dead letters, `3/17` being partition 3,
offset 17.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self

MARK: Final = "unhaunt."
"""Begins the names of the headers that a dead letter has beside its record's own."""

Headers = list[tuple[str, bytes | None]]


class LetterPlace(NamedTuple):
    """Where a dead letter lies on the topic of the dead letters."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}/{self.offset}"


class DeadLetter(NamedTuple):
    """A record that broke the contract, as it was received, and what is said of it."""

    place: LetterPlace
    written: int
    """When it was put there, in epoch milliseconds."""
    error: str
    detail: str
    topic: str
    """Where it was found: the topic's name in its deployment, the partition and the offset."""
    partition: int
    offset: int
    timestamp: int
    """Of the record, in epoch milliseconds."""
    key: bytes | None
    value: bytes | None
    headers: Headers
    """The record's own."""

    @property
    def origin(self) -> str:
        """Topic, partition and offset of the record: the same if a worker has buried it twice."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def of(cls, message: Any) -> Self | None:
        """The dead letter that a Kafka message is; None where its headers do not say that."""
        headers: Headers = message.headers() or []
        said = {name: value for name, value in headers if name.startswith(MARK)}
        try:
            return cls(
                place=LetterPlace(message.partition(), message.offset()),
                written=message.timestamp()[1],
                error=_text(said, "error"),
                detail=_text(said, "detail"),
                topic=_text(said, "topic"),
                partition=int(_text(said, "partition")),
                offset=int(_text(said, "offset")),
                timestamp=int(_text(said, "timestamp")),
                key=message.key(),
                value=message.value(),
                headers=[header for header in headers if not header[0].startswith(MARK)],
            )
        except (KeyError, ValueError):
            return None


class Selection(NamedTuple):
    """Which dead letters are meant. An empty set means any."""

    errors: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    """By their names in the deployment."""
    since: int | None = None
    """When they were written at the earliest, in epoch milliseconds."""

    def takes(self, letter: DeadLetter) -> bool:
        """Whether this one is meant."""
        return (
            (not self.errors or letter.error in self.errors)
            and (not self.topics or letter.topic in self.topics)
            and (self.since is None or letter.written >= self.since)
        )


def _text(said: Mapping[str, bytes | None], name: str) -> str:
    """A header as text. Raises `KeyError` or `ValueError` when it is not there or no text."""
    value = said[MARK + name]
    if value is None:
        raise ValueError
    return value.decode()
