"""The changes of a partition's state that its next checkpoint commits.

Each change goes to the changelog at once, as a part of the open transaction, and to the store once
that is committed: so what is on disk is never ahead. Meanwhile work goes on, which reads the state
through here.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from streams.engine.state.store import Store


class Changes:
    """What a checkpoint changes, from when that is prepared until it is on disk.

    Each change was sent to the changelog.
    """

    def __init__(
        self, store: Store, send: Callable[..., None], changelog: str, number: int
    ) -> None:
        """`send` is that of the producer, to the partition `number` of the topic `changelog`."""
        self._store = store
        self._send = send
        self._changelog = changelog
        self._number = number
        self._values: dict[bytes, bytes | None] = {}
        self._due: list[tuple[int, bytes]] = []
        self._done: list[bytes] = []
        self._changelog_offset: int | None = None

    def __len__(self) -> int:
        return len(self._values)

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values of keys once all changes are stored, None where there is none."""
        changed = self._values
        stored = [key for key in keys if key not in changed]
        values = iter(self._store.get(stored) if stored else ())
        return [changed[key] if key in changed else next(values) for key in keys]

    def put(self, key: bytes, value: bytes | None) -> None:
        """Give a key another value, or remove it."""
        self._values[key] = value
        self._send(self._changelog, self._number, key, value)

    def put_last(self, key: bytes, value: bytes) -> None:
        """The same for the last change of a checkpoint, up to which the changelog is complete."""
        self._values[key] = value
        self._send(self._changelog, self._number, key, value, on_delivery=self._delivered)

    def schedule(self, time: int, key: bytes) -> None:
        """Let `Store.due` give this key at an event time, in epoch milliseconds."""
        self._due.append((time, key))

    def unschedule(self, due: Iterable[bytes]) -> None:
        """Remove what `Store.due` gave, since it has been dealt with."""
        self._done += due

    def store(self) -> None:
        """Write all of it to disk at once, with the offset that the changelog has reached."""
        self._store.write(self._values, self._due, self._done, self._changelog_offset)
        self._values, self._due, self._done = {}, [], []

    def _delivered(self, error: Any, message: Any) -> None:
        # With an error the transaction is aborted, and the offset is never used.
        if error is None:
            self._changelog_offset = message.offset() + 1
