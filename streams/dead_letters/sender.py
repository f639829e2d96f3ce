"""Sending dead letters back in transactions, each with the note that it was sent."""

from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self

import orjson
from confluent_kafka import KafkaException, Producer

from streams.dead_letters.letter import DeadLetter
from streams.errors import UserError
from streams.kafka.bounded_reading import SECONDS
from streams.kafka.clients import producer_settings
from streams.kafka.errors import FENCED
from streams.settings import Settings

LETTERS_AT_ONCE: Final = 1_000
BYTES_AT_ONCE: Final = 16 << 20
SECONDS_AT_ONCE: Final = 2.0
"""Most that one transaction sends, and how long it stays open: workers wait for its end."""


class DeadLetterSender:
    """Sends letters. A context manager: an error, or Ctrl-C, aborts what is not committed.

    Entering it stops any other that is at work for the same application. Raises `KafkaException`,
    and `UserError` when it was itself stopped in that way.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._letters = 0
        self._bytes = 0
        self._began = 0.0
        producer: dict[str, Any] = {
            **producer_settings(settings),
            "log_level": 0,  # what goes wrong, is raised
            "transactional.id": f"{settings.application}-dead-letter-replay",
        }
        self._producer = Producer(producer)

    def __enter__(self) -> Self:
        self._producer.init_transactions(SECONDS)
        self._producer.begin_transaction()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self._commit()
        else:
            with suppress(KafkaException):
                self._producer.abort_transaction(SECONDS)

    def send(self, letter: DeadLetter) -> None:
        """Send the record to where it was found, as it was there."""
        self._letters += 1
        self._bytes += len(letter.value or b"")
        if self._letters == 1:
            self._began = monotonic()
        self._producer.produce(
            letter.found.topic,
            letter.value,
            letter.key,
            letter.found.partition,
            timestamp=max(1, letter.found.timestamp),  # 0 would mean now
            headers=[*letter.headers],
        )
        # A topic that was made anew has other records at the same offsets, of other times.
        note = orjson.dumps({"timestamp": letter.found.timestamp})
        self._producer.produce(self._settings.replayed, note, letter.origin)

    def commit_if_due(self) -> None:
        """Commit what was sent if it is much, or has been open for long."""
        if self._letters and (
            self._letters >= LETTERS_AT_ONCE
            or self._bytes >= BYTES_AT_ONCE
            or monotonic() - self._began >= SECONDS_AT_ONCE
        ):
            self._commit()
            self._producer.begin_transaction()

    def _commit(self) -> None:
        try:
            self._producer.commit_transaction(SECONDS)
        except KafkaException as error:
            if error.args[0].code() in FENCED:
                raise UserError(
                    "Another replay of this application has begun, and this one has stopped. What "
                    "it had committed by then stays sent, and is not sent again."
                ) from error
            raise
        self._letters, self._bytes = 0, 0
