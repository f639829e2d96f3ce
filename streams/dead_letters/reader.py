"""Reading the topic of the dead letters, all of it or one letter."""

from collections.abc import Callable, Iterator

from streams.dead_letters.letter import DeadLetter, LetterId, Selection
from streams.errors import UserError
from streams.kafka.bounded_reading import bounds_of, bounds_since, committed_records
from streams.kafka.topics import existing
from streams.settings import Settings


class DeadLetters:
    """The topic of the dead letters as it is now: what comes later is not read."""

    def __init__(self, settings: Settings) -> None:
        """Raises `UserError` when no broker answers or the topic is not there."""
        self.foreign = 0
        """How many records were read that are no dead letters."""
        self._settings = settings
        self._topic = settings.topic("dead-letters")
        partitions = existing(settings).get(self._topic)
        if partitions is None:
            raise UserError(
                f"{self._topic}: there is no such topic at {settings.kafka.brokers}. "
                "`unhaunt topics apply` creates it."
            )
        self._bounds = bounds_of(settings, self._topic, partitions)

    @property
    def records(self) -> int:
        """About how many records the topic has."""
        return sum(end - first for first, end in self._bounds.values())

    def read(
        self, selection: Selection, advance: Callable[[int], object] = lambda _: None
    ) -> Iterator[DeadLetter]:
        """The letters that are selected, in the order of each partition.

        `advance` is called with how many of `records` were passed. Raises `KafkaException`, and
        `UserError` when the broker falls silent.
        """
        self.foreign = 0
        bounds = self._bounds
        if selection.since is not None:
            bounds = bounds_since(self._settings, self._topic, bounds, selection.since)
            advance(self.records - sum(end - first for first, end in bounds.values()))
        for message in committed_records(self._settings, self._topic, bounds, advance):
            letter = DeadLetter.of(message)
            if letter is None:
                self.foreign += 1
            elif selection.includes(letter):
                yield letter

    def find(self, letter_id: LetterId) -> DeadLetter:
        """The letter with this id. Raises `UserError` when there is none."""
        first, end = self._bounds.get(letter_id.partition, (0, 0))
        if first <= letter_id.offset < end:
            bounds = {letter_id.partition: (letter_id.offset, letter_id.offset + 1)}
            for message in committed_records(self._settings, self._topic, bounds):
                if message.offset() == letter_id.offset and (letter := DeadLetter.of(message)):
                    return letter
        raise UserError(
            f"{letter_id}: no dead letter lies there. `unhaunt dead-letters list` shows, as "
            "LETTER, where they lie; those that are older than the topic keeps them are gone."
        )
