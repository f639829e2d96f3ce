"""A checkpoint: what was done since the last one takes effect, all of it or nothing (SPEC 6)."""

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Protocol

from streams.engine.checkpoint.strategy import CheckpointStrategy
from streams.engine.telemetry.tracing import Trace
from streams.kafka.group_consumer import GroupConsumer
from streams.kafka.group_metadata import GroupMetadata
from streams.kafka.topic_partition import TopicPartition


class Checkpointed(Protocol):
    """What is committed: a partition group, its state and its task."""

    def prepare(self) -> None:
        """Send what changed since the last one was prepared."""

    def store_changes(self) -> None:
        """Write to disk what was committed."""

    def committed(self) -> None:
        """Forget what was kept in case it failed."""


async def take_checkpoint(
    changed: Sequence[Checkpointed],
    offsets: Mapping[TopicPartition, int],
    metadata: GroupMetadata,
    strategy: CheckpointStrategy,
    consumer: GroupConsumer,
    trace: Trace,
    prepared: Callable[[float], None],
) -> float:
    """Take the steps of one checkpoint; returns how many seconds the brokers took to commit it.

    `prepared` is called between the first and the second, with how many seconds preparing took.
    From then on work goes on beside it, until the next checkpoint is to be prepared. Of that work
    nothing leaves the process before this checkpoint is committed, and nothing ever if it fails.

    A worker that dies between two of the steps leaves this behind:

    - before step 2 has ended: nothing. The transaction is aborted, and the records come again.
      With at least once, outputs without their offsets: they are sent again.
    - before step 3 has ended: a state on disk that is behind; the changelog completes it.
    - before step 4 has ended: with at least once, offsets that are behind: evidence is a set, so
      to process records again leaves the state as it is.

    Raises `Fenced` when the group has given this worker up, `KafkaException` when the broker
    refuses the commit, and `UserError` when it does not answer.
    """
    # Step 1: prepare. Tasks send what is still to be sent; changes of state go to the changelog.
    began = monotonic()
    with trace("prepare", partitions=len(changed)):
        for processor in changed:
            processor.prepare()
    strategy.producer.hold()
    prepared(monotonic() - began)

    # Step 2: commit. From here on consumers see it, and a restore includes it.
    began = monotonic()
    with trace("commit", guarantee=strategy.name):
        try:
            await strategy.commit(offsets, metadata)
        except BaseException:
            strategy.producer.drop()
            raise
    committing = monotonic() - began
    strategy.producer.release()

    # Step 3: store. State and changelog offset go to disk in one write for each partition.
    with trace("store"):
        for processor in changed:
            processor.store_changes()

    # Step 4: acknowledge, where offsets were not a part of the commit.
    await strategy.acknowledge(offsets, consumer)

    # Step 5: committed. Tasks forget what they kept in case it failed.
    for processor in changed:
        processor.committed()
    return committing
