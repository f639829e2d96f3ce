"""Where a recording begins and ends in each partition, as the cluster is now."""

from collections.abc import Collection, Iterable, Mapping
from time import monotonic
from typing import Final

import confluent_kafka
from confluent_kafka import IsolationLevel
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from schemas.topics import RECORDABLE, SHARES, TOPICS
from streams.errors import UserError
from streams.kafka.admin import EMBEDDED_CLUSTER
from streams.kafka.bounded_reading import SECONDS
from streams.kafka.clients import client_settings
from streams.kafka.offsets import retry_while_moving, topic_ids
from streams.kafka.topic_partition import TopicPartition
from streams.kafka.topics import existing
from streams.recording.line_order import LINE_ORDER
from streams.recording.live.progress import Progress, Reached
from streams.recording.live.wanted import OffsetRange, Wanted
from streams.settings import Settings

EARLIEST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]
INPUTS: Final = tuple(topic.name for topic in TOPICS.values() if topic.direction == "in")


def begin(settings: Settings, wanted: Wanted) -> Progress:
    """A recording of which nothing is there yet: its partitions, in the order of their rank.

    Raises `UserError` when what is wanted is not there, and `KafkaException`.
    """
    counts = existing(settings)
    if not wanted.is_continuous:
        _refuse_who_lists_wrong_ends(settings)
    here = {
        name: counts[settings.topic(name)] for name in RECORDABLE if settings.topic(name) in counts
    }
    named = wanted.topics or {asked.topic for asked in wanted.ranges}
    missing = [settings.topic(name) for name in named if name not in here]
    meant = named or {*INPUTS, SHARES}
    topics = [name for name in LINE_ORDER if name in here and name in meant]
    if missing:
        raise UserError(
            f"These topics are missing at {settings.kafka.brokers}: {', '.join(missing)}."
        )
    if not topics:
        raise UserError(
            f"There is no input topic at {settings.kafka.brokers}. UNHAUNT_BROKERS and "
            "UNHAUNT_TOPIC_PREFIX say where to look."
        )
    partitions = [TopicPartition(name, number) for name in topics for number in range(here[name])]
    if wanted.ranges:
        reached = _of_ranges(settings, wanted.ranges, partitions)
    else:
        reached = _of_times(settings, wanted.since, partitions)
    return Progress(wanted=wanted, topic_ids=_ids(settings, topics), positions=reached)


def go_on(settings: Settings, progress: Progress) -> Progress:
    """What is left of a recording; a continuous one catches up first with what is there now.

    Raises `UserError` when the cluster no longer has what is yet to be recorded, and
    `KafkaException`.
    """
    _refuse_other_topics(settings, progress.topic_ids)
    is_continuous = progress.wanted.is_continuous
    partitions = [TopicPartition(at.topic, at.partition) for at in progress.positions]
    firsts = _listed(settings, partitions, EARLIEST)
    for partition, reached in zip(partitions, progress.positions, strict=True):
        if reached.position < firsts[partition] and (
            is_continuous or reached.position < reached.end
        ):
            raise UserError(
                f"{settings.topic(reached.topic)}, partition {reached.partition}: offsets "
                f"{reached.position} to {firsts[partition] - 1} were deleted before they were "
                "recorded, as the topic keeps them no longer. Record to another file."
            )
    if is_continuous:
        ends = _listed(settings, partitions, LATEST)
        for partition, reached in zip(partitions, progress.positions, strict=True):
            reached.end = max(reached.position, ends[partition])
    return progress


def _refuse_other_topics(settings: Settings, topic_ids: Mapping[str, str]) -> None:
    counts = existing(settings)
    missing = [name for name in topic_ids if settings.topic(name) not in counts]
    changed = missing or [
        name for name, found in _ids(settings, topic_ids).items() if found != topic_ids[name]
    ]
    if changed:
        raise UserError(
            f"{', '.join(map(settings.topic, changed))}: not the topic any more that the recording "
            "was begun from. Record to another file."
        )


def _of_times(
    settings: Settings, since: int | None, partitions: list[TopicPartition]
) -> list[Reached]:
    ends = _listed(settings, partitions, LATEST)
    spec = EARLIEST if since is None or since <= 0 else OffsetSpec.for_timestamp(since)
    firsts = _listed(settings, partitions, spec)
    # Where nothing is that late, the broker names no offset.
    return [
        Reached(*partition, firsts[partition] if 0 <= firsts[partition] < end else end, end)
        for partition, end in ends.items()
    ]


def _of_ranges(
    settings: Settings, ranges: Iterable[OffsetRange], partitions: list[TopicPartition]
) -> list[Reached]:
    asked = {TopicPartition(each.topic, each.partition): each for each in ranges}
    for partition, each in asked.items():
        if partition not in partitions:
            raise UserError(f"{each}: {settings.topic(each.topic)} has no such partition.")
    chosen = [partition for partition in partitions if partition in asked]
    firsts = _listed(settings, chosen, EARLIEST)
    ends = _listed(settings, chosen, LATEST)
    reached = []
    for partition in chosen:
        each = asked[partition]
        start, end = firsts[partition], ends[partition]
        first = start if each.first is None else each.first
        last = end - 1 if each.last is None else each.last
        if not start <= first <= last < end:
            there = f"{start}-{end - 1}" if start < end else "empty"
            raise UserError(f"{each}: not in the partition, which is {there}.")
        reached.append(Reached(*partition, first, last + 1))
    return reached


def _refuse_who_lists_wrong_ends(settings: Settings) -> None:
    client = AdminClient({**client_settings(settings), "log_level": 0})
    if client.list_topics(timeout=SECONDS).cluster_id == EMBEDDED_CLUSTER:
        raise UserError(
            "The embedded broker does not tell where its topics end, so records would be missing. "
            "Record from it with --continuous, and stop that with Ctrl-C."
        )


def _listed(
    settings: Settings, partitions: Iterable[TopicPartition], spec: OffsetSpec
) -> Mapping[TopicPartition, int]:
    """The offsets that the brokers name to a reader of committed records, by default names."""
    client = AdminClient({**client_settings(settings), "log_level": 0})
    asked = {
        each: confluent_kafka.TopicPartition(settings.topic(each.topic), each.partition)
        for each in partitions
    }

    def ask() -> dict[TopicPartition, int]:
        answers = client.list_offsets(
            dict.fromkeys(asked.values(), spec),
            isolation_level=IsolationLevel.READ_COMMITTED,
            request_timeout=SECONDS,
        )
        return {
            partition: answers[each].result(SECONDS).offset for partition, each in asked.items()
        }

    return retry_while_moving(ask, monotonic() + SECONDS)


def _ids(settings: Settings, topics: Collection[str]) -> dict[str, str]:
    found = topic_ids(settings, map(settings.topic, topics), SECONDS)
    return {name: found[settings.topic(name)] for name in topics}
