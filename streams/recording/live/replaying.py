"""Putting a recording onto the topics of a cluster, once it is clear that it can go well."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from math import inf
from time import monotonic
from typing import Final, NamedTuple

from confluent_kafka import KafkaException

from schemas.topics import PERSON_TOPICS, TOPICS
from streams.errors import UserError
from streams.kafka.bounded_reading import SECONDS
from streams.kafka.offsets import watermarks
from streams.kafka.partitioner import partition_of
from streams.kafka.topics import configurations, existing
from streams.recording.files import RecordedRecord, read
from streams.recording.live.bounds import INPUTS
from streams.recording.live.contents import Contents
from streams.recording.live.pacing import due
from streams.recording.live.replay import Replay
from streams.recording.live.wanted import CATALOG
from streams.recording.sources import AnyPath
from streams.settings import Settings
from streams.wording import counted, sentence

LOOK_SECONDS: Final = 0.1
"""How often somebody who wants it to stop is heeded while a record is not yet due."""
DAY: Final = 86_400_000


class Sent(NamedTuple):
    """How far a replay came."""

    records: int
    newest: int | None
    """The newest timestamp sent, in epoch milliseconds."""


class RecordingReplay:
    """Recordings, one after the other, and the topics that they are to be put onto."""

    def __init__(
        self,
        settings: Settings,
        recordings: Sequence[AnyPath],
        topics: frozenset[str] = frozenset(),
        *,
        is_by_key: bool = False,
        joins_others: bool = False,
        advance: Callable[[int], object] = lambda _: None,
    ) -> None:
        """Read the recordings once, to know what is in them.

        `topics` are by their default names, the inputs if there are none. `is_by_key` places
        records anew, by their keys; `joins_others` also puts them onto topics that have records.
        `advance` is called with how many bytes were read.

        Raises `UserError` when the topics are not there or not fit for them, and `SourceError`
        when a recording cannot be read.
        """
        self._settings = settings
        self._recordings = recordings
        topics = topics or frozenset(INPUTS)
        self._is_by_key = is_by_key
        counts = existing(settings)
        self._partitions = {
            name: counts[settings.topic(name)] for name in TOPICS if settings.topic(name) in counts
        }
        contents = Contents.of(read(recordings, advance), self._partitions)
        names = [name for name in TOPICS if name in topics and contents.records[name]]
        if not names:
            raise UserError(
                f"{', '.join(map(str, recordings))}: no records of {', '.join(sorted(topics))}."
            )
        self._topics = frozenset(names)
        self.total = sum(contents.records[name] for name in names)
        self.left_out: Counter[str] = Counter(
            {name: n for name, n in contents.records.items() if name not in topics}
        )
        """Records of other topics, which stay where they are."""
        self._refuse_unfit_topics(names, contents)
        configured = configurations(settings, map(settings.topic, names))
        self._refuse_other_times(configured)
        if not joins_others:
            self._refuse_topics_with_records(names)
        self.notices = [*self._retention_notices(configured, contents), *self._strays(contents)]
        """Sentences on what is likely not meant."""

    def send(
        self,
        speed: float = inf,
        advance: Callable[[int], object] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Sent:
        """Send all of it: the catalog, then the rest in the order of the recording.

        The rest is sent when it is due: `speed` is how many times faster time goes than when it
        was recorded. `advance` is called with how many records were sent. When `stop` says
        so, it ends after a record. Raises `UserError` when the brokers do not take it.
        """
        replay = Replay(self._settings)
        newest: int | None = None
        try:
            for part in (due(self._catalog(), inf), due(self._others(), speed)):
                began = monotonic()
                for after, record in part:
                    while (left := began + after - monotonic()) > 0 and not stop():
                        replay.wait(min(left, LOOK_SECONDS))
                    if stop():
                        break
                    replay.send(record, self._partition(record))
                    newest = max(record.timestamp, newest or 0)
                    advance(1)
            replay.flush()
        except KafkaException as error:
            raise UserError(
                f"Kafka: {sentence(error.args[0].str())} {replay.delivered:,} of "
                f"{counted(self.total, 'record')} are on the topics."
            ) from error
        return Sent(replay.delivered, newest)

    def _catalog(self) -> Iterator[RecordedRecord]:
        """What has to be known before anything else, wherever it stands (SPEC 8)."""
        if CATALOG in self._topics:
            for record in read(self._recordings):
                if record.topic == CATALOG:
                    yield record

    def _others(self) -> Iterator[RecordedRecord]:
        for record in read(self._recordings):
            if record.topic != CATALOG and record.topic in self._topics:
                yield record

    def _partition(self, record: RecordedRecord) -> int:
        if not self._is_by_key:
            return record.partition
        partitions = self._partitions[record.topic]
        key = record.key
        return record.partition % partitions if key is None else partition_of(key, partitions)

    def _refuse_unfit_topics(self, names: Sequence[str], contents: Contents) -> None:
        settings = self._settings
        least = max(contents.partitions[name] for name in names)
        missing = [settings.topic(name) for name in names if name not in self._partitions]
        if missing:
            raise UserError(
                f"These topics are missing at {settings.kafka.brokers}: {', '.join(missing)}. "
                f"Create them with: unhaunt topics apply --partitions {least}"
            )
        for name in names:
            has, needs = self._partitions[name], contents.partitions[name]
            if has < needs and not self._is_by_key:
                raise UserError(
                    f"{settings.topic(name)}: has {counted(has, 'partition')}, and the recording "
                    f"is of {needs} at least. Replay it to topics with as many, or place its "
                    "records anew with --by-key."
                )

    def _refuse_other_times(self, configured: dict[str, dict[str, str]]) -> None:
        for topic, configuration in configured.items():
            if configuration.get("message.timestamp.type") == "LogAppendTime":
                raise UserError(
                    f"{topic}: gives records the time at which they arrive, and those of the "
                    "recording would be lost. Set its message.timestamp.type to CreateTime."
                )

    def _refuse_topics_with_records(self, names: Sequence[str]) -> None:
        topics = {self._settings.topic(name): self._partitions[name] for name in names}
        partitions = [(topic, number) for topic, count in topics.items() for number in range(count)]
        bounds = watermarks(self._settings, partitions, SECONDS)
        filled = sorted({topic for (topic, _), (first, end) in bounds.items() if first < end})
        if filled:
            raise UserError(
                f"There are records already on {', '.join(filled)}. Replay to empty topics, such as"
                " those of another UNHAUNT_TOPIC_PREFIX; --append puts the recording behind them."
            )

    def _retention_notices(
        self, configured: dict[str, dict[str, str]], contents: Contents
    ) -> Iterator[str]:
        age = time.time() * 1_000 - contents.oldest
        for topic, configuration in configured.items():
            kept = int(configuration.get("retention.ms", -1))
            if "delete" in configuration.get("cleanup.policy", "") and 0 <= kept < age:
                days = f"{kept / DAY:g} day{'' if kept == DAY else 's'}"
                yield (
                    f"{topic} keeps records for {days}, and the recording has older ones, which "
                    "the brokers soon delete. A retention.ms of -1 keeps them."
                )

    def _strays(self, contents: Contents) -> Iterator[str]:
        topics = [
            self._settings.topic(name)
            for name in PERSON_TOPICS
            if 2 * contents.strays[name] > contents.records[name]
        ]
        if topics and not self._is_by_key:
            yield (
                f"Most records of {', '.join(topics)} do not lie where their keys belong among the "
                "partitions that there are. Workers reroute them; --by-key places them anew."
            )
