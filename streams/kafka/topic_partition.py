"""Which partition of which topic."""

from typing import NamedTuple


class TopicPartition(NamedTuple):
    """A partition, equal to every other tuple of its topic and number, such as Faust's `TP`."""

    topic: str
    partition: int
