"""All that a deployment's topics and its group's offsets say, read as committed."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from schemas.topics import PERSON_TOPICS, SHARES
from streams.kafka.offsets import committed
from streams.recording.files import RecordedRecord, record_of
from streams.settings import Settings
from tests.integration.deployment import read_topic

REROUTED = "rerouted"
SECONDS = 60


class Observed(NamedTuple):
    """Records under the default names of their topics, by partition and offset."""

    partitions: int
    inputs: list[RecordedRecord]
    """Of the person topics and the catalog."""
    rerouted: list[RecordedRecord]
    decisions: list[RecordedRecord]
    lists: list[RecordedRecord]
    dead_letters: list[RecordedRecord]
    offsets: Mapping[tuple[str, int], int]
    """What the group has committed, by topic and partition, where it has."""
    shares: Sequence[RecordedRecord] = ()
    """What ids of one person shared."""


def observe(settings: Settings, partitions: int) -> Observed:
    """Read everything. Raises `TimeoutError` when the end of a topic is not reached."""

    def read(name: str) -> list[RecordedRecord]:
        topic = names.get(name, settings.topic(name))
        return [_record(name, message) for message in read_topic(settings, topic, partitions)]

    names = {REROUTED: settings.reroute}
    grouped = {settings.topic(name): name for name in (*PERSON_TOPICS, SHARES)}
    grouped[settings.reroute] = REROUTED
    topic_partitions = [(topic, number) for topic in grouped for number in range(partitions)]
    return Observed(
        partitions,
        inputs=[record for name in ("catalog", *PERSON_TOPICS) for record in read(name)],
        rerouted=read(REROUTED),
        decisions=read("decisions"),
        lists=read("suppressions"),
        dead_letters=read("dead-letters"),
        shares=read(SHARES),
        offsets={
            (grouped[topic], number): reached.offset
            for (topic, number), reached in committed(settings, topic_partitions, SECONDS).items()
        },
    )


def _record(name: str, message: Any) -> RecordedRecord:
    return record_of(
        name,
        message.key(),
        message.value(),
        message.timestamp()[1],
        partition=message.partition(),
        offset=message.offset(),
        headers=message.headers() or (),
    )
