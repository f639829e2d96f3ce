"""Output on its way to the producer, which has one transaction at a time.

What is sent while that one is being committed belongs to the next, and is held until then.
"""

from abc import ABC, abstractmethod
from typing import Any

Headers = list[tuple[str, str | bytes | None]]

Output = tuple[str, int, bytes | None, bytes | None, int, Headers | None, Any]
"""A record as `Outbox.send` is given it, argument by argument. A plain tuple, the quickest."""


class Outbox(ABC):
    """Passes records on to the producer, unless it holds them."""

    def __init__(self) -> None:
        self._held: list[Output] | None = None

    def send(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        timestamp: int = 0,
        headers: Headers | None = None,
        on_delivery: Any = None,
    ) -> None:
        """Send a record. Waits while too much is on its way.

        `timestamp` is in epoch milliseconds, 0 for now; `on_delivery` is called with an error or
        None, and the message. Raises `KafkaException` when the broker accepts nothing in time.
        """
        record: Output = (topic, partition, key, value, timestamp, headers, on_delivery)
        if self._held is None:
            self._produce(record)
        else:
            self._held.append(record)

    def hold(self) -> None:
        """Keep what is sent from now on."""
        self._held = []

    def release(self) -> None:
        """Pass on what was held, in its order, and all else from now on. Raises as `send` does."""
        held, self._held = self._held or (), None
        for record in held:
            self._produce(record)

    def drop(self) -> None:
        """Forget what was held, since what it followed has failed."""
        self._held = None

    @property
    def is_holding(self) -> bool:
        """Whether a commit is under way: until its end nobody else may use the client."""
        return self._held is not None

    @abstractmethod
    def _produce(self, record: Output) -> None:
        """Give a record to the client."""
