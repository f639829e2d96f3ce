"""Sending dead letters back to where they came from, once whatever was wrong has been put right.

Each record goes back once, however often this is run: the record and a note that it was sent are
one transaction, and the notes are kept on a compacted topic of the processor's own. What the
decoders still refuse is not sent, as it would come straight back.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final

import orjson
from confluent_kafka.admin import AdminClient

from schemas.adapters.formats import read, readers_of
from schemas.decoding import InvalidRecord
from schemas.topics import PERSON_TOPICS
from streams.dead_letters.letter import DeadLetter, Selection
from streams.dead_letters.reader import DeadLetters
from streams.dead_letters.sender import DeadLetterSender
from streams.kafka.bounded_reading import SECONDS, bounds_of, committed_records
from streams.kafka.clients import client_settings
from streams.kafka.registry.schema_registry import product_reader, registry_of
from streams.kafka.topics import DeployedTopic, create, plan
from streams.settings import Settings

CATALOG: Final = "catalog"

Advance = Callable[[int], object]


class Fate(StrEnum):
    """What becomes of a letter in a replay, in words for people."""

    SENT = "replayed"
    SENT_BEFORE = "replayed before"
    STILL_INVALID = "still invalid"
    OF_THE_CATALOG = "of the catalog, where a newer record may stand: only with --topic catalog"
    OF_ANOTHER_DEPLOYMENT = "of no input topic of this deployment"


class DeadLetterReplay:
    """The letters that are selected, as the topic is now, and what is to become of them."""

    def __init__(self, settings: Settings, selection: Selection) -> None:
        """Raises `UserError` when no broker or registry answers, or no topic of letters exists."""
        self.letters = DeadLetters(settings)
        self._settings = settings
        self._selection = selection
        registry = registry_of(settings)
        self._read_product = product_reader(registry)
        self._readers = readers_of(settings.format_by_topic)
        if registry is not None:
            self._readers = registry.framed_readers(self._readers)
        self._inputs = {settings.topic(name): name for name in (*PERSON_TOPICS, CATALOG)}

    def fates(self, advance: Advance = lambda _: None) -> Iterator[tuple[DeadLetter, Fate]]:
        """Each letter with what becomes of it if it is replayed now. Raises `KafkaException`."""
        sent = self._sent_before()
        for letter in self.letters.read(self._selection, advance):
            fate = self._fate(letter, sent)
            if fate is Fate.SENT:
                sent[letter.origin] = letter.found.timestamp
            yield letter, fate

    def send(self, advance: Advance = lambda _: None) -> Counter[Fate]:
        """Send back what is fit for it; returns how many letters had which fate.

        Raises `KafkaException`, and `UserError` when another replay begins meanwhile.
        """
        self._create_notes()
        fates: Counter[Fate] = Counter()
        with DeadLetterSender(self._settings) as sender:

            def passed(offsets: int) -> None:
                advance(offsets)
                sender.commit_if_due()

            for letter, fate in self.fates(passed):
                fates[fate] += 1
                if fate is Fate.SENT:
                    sender.send(letter)
        return fates

    def _fate(self, letter: DeadLetter, sent: Mapping[str, int]) -> Fate:
        topic = self._inputs.get(letter.found.topic)
        if topic is None:
            return Fate.OF_ANOTHER_DEPLOYMENT
        if topic == CATALOG and letter.found.topic not in self._selection.topics:
            return Fate.OF_THE_CATALOG
        if sent.get(letter.origin) == letter.found.timestamp:
            return Fate.SENT_BEFORE
        try:
            if topic == CATALOG:
                self._read_product(letter.key, letter.value, letter.headers)
            else:
                timestamp, headers = letter.found.timestamp, letter.headers
                read(self._readers, topic, letter.key, letter.value, timestamp, headers)
        except InvalidRecord:
            return Fate.STILL_INVALID
        return Fate.SENT

    def _sent_before(self) -> dict[str, int]:
        """The timestamps of the records that were sent, by where they had been found."""
        topic = self._settings.replayed
        partitions = self._partitions_of_notes()
        bounds = bounds_of(self._settings, topic, partitions)
        return {
            note.key().decode(): orjson.loads(note.value())["timestamp"]
            for note in committed_records(self._settings, topic, bounds)
        }

    def _partitions_of_notes(self) -> int:
        """How many partitions the topic of the notes has: 0 while it is not there."""
        client = AdminClient({**client_settings(self._settings), "log_level": 0})
        # All topics, since to ask for one that is missing makes some brokers create it.
        found = client.list_topics(timeout=SECONDS).topics.get(self._settings.replayed)
        return 0 if found is None else len(found.partitions)

    def _create_notes(self) -> None:
        if self._partitions_of_notes() == 0:
            notes = DeployedTopic(self._settings.replayed, "replayed", "compact")
            planned = replace(plan(self._settings), missing=(notes,), partitions=1)
            create(self._settings, planned)
