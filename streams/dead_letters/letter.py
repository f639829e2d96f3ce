"""Dead letters: what was wrong with each record, and where it was found (SPEC 7).

A dead letter is named by its partition and offset on the topic of the dead letters: `3/17` is
partition 3, offset 17.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

MARK: Final = "unhaunt."
"""Begins the names of the headers that a dead letter has beside its record's own."""

Headers = Sequence[tuple[str, bytes | None]]


class Finding(NamedTuple):
    """What was wrong with a record and where it was found, as the letter's headers have it.

    Each field is a header of that name, after `MARK`.
    """

    error: str
    """The code (SPEC 7)."""
    detail: str
    """The field's path and what was wrong, in words."""
    topic: str
    """The topic's name in its deployment."""
    partition: int
    offset: int
    timestamp: int
    """Of the record, in epoch milliseconds."""

    def to_headers(self) -> list[tuple[str, str]]:
        """What is added behind the headers that the record has of its own."""
        return [(MARK + name, str(value)) for name, value in self._asdict().items()]

    @classmethod
    def from_headers(cls, headers: Headers) -> Self:
        """Read the headers of a letter. Raises `ValueError` where one is missing or no text."""
        values = dict(headers)
        texts = [values.get(MARK + name) for name in cls._fields]
        error, detail, topic, *numbers = [_text(value) for value in texts]
        partition, offset, timestamp = map(int, numbers)
        return cls(error, detail, topic, partition, offset, timestamp)


def own_headers(headers: Headers) -> list[tuple[str, bytes | None]]:
    """The headers that the record had of its own, before it became a letter."""
    return [header for header in headers if not header[0].startswith(MARK)]


class LetterId(NamedTuple):
    """Partition and offset of a dead letter on its topic, by which people name it."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}/{self.offset}"


class DeadLetter(NamedTuple):
    """A record that broke the contract, as it was received, and what was found."""

    id: LetterId
    written: int
    """When it was put onto the topic, in epoch milliseconds."""
    found: Finding
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    """The record's own."""

    @property
    def origin(self) -> str:
        """Topic, partition and offset of the record: the same for all letters of one record."""
        return f"{self.found.topic}/{self.found.partition}/{self.found.offset}"

    @classmethod
    def of(cls, message: Any) -> Self | None:
        """The dead letter that a Kafka message is; None where its headers do not make it one."""
        headers = message.headers() or []
        try:
            found = Finding.from_headers(headers)
        except ValueError:
            return None
        return cls(
            id=LetterId(message.partition(), message.offset()),
            written=message.timestamp()[1],
            found=found,
            key=message.key(),
            value=message.value(),
            headers=own_headers(headers),
        )


class Selection(NamedTuple):
    """Which dead letters are selected. An empty set selects all."""

    errors: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    """By their names in the deployment."""
    since: int | None = None
    """When they were written at the earliest, in epoch milliseconds."""

    def includes(self, letter: DeadLetter) -> bool:
        """Whether this one is selected."""
        return (
            (not self.errors or letter.found.error in self.errors)
            and (not self.topics or letter.found.topic in self.topics)
            and (self.since is None or letter.written >= self.since)
        )


def _text(value: bytes | None) -> str:
    if value is None:
        raise ValueError("a header is missing")
    return value.decode()
