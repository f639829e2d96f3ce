"""The registry of topics (SPEC 2 and 6)."""

from dataclasses import dataclass
from typing import Final, Literal

from msgspec import Struct

from schemas.outputs import Decision, SuppressionList
from schemas.records import (
    Dismissal,
    Identity,
    Impression,
    Preference,
    Product,
    Purchase,
    Request,
)


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, under its default name.

    Args:
        name: the default name, without the prefix that a deployment may set.
        description: one sentence on what its records say.
        key: the field that the record's key holds; None when keys are passed on as received.
        direction: "in" when the processor reads it, "out" when it writes it.
        cleanup: Kafka's cleanup policy. In a compacted topic a null value removes its key.
        record: the type of its values; None when values are passed on as received.
        optional: whether the processor works without it.
        rank: the place among records of one time (SPEC 6), which shares stand in as well; None
            outside person topics.

    """

    name: str
    description: str
    key: Literal["user_id", "product_id"] | None
    direction: Literal["in", "out"]
    cleanup: Literal["delete", "compact"]
    record: type[Struct] | None
    optional: bool = False
    rank: int | None = None


def _person_topic(
    rank: int, name: str, record: type[Struct], description: str, *, optional: bool = False
) -> Topic:
    return Topic(
        name=name,
        description=description,
        key="user_id",
        direction="in",
        cleanup="delete",
        record=record,
        optional=optional,
        rank=rank,
    )


_PERSON_TOPICS = (
    _person_topic(
        0,
        "identities",
        Identity,
        "Which ids are one person's: sign-ins, sign-outs, links, and links that were taken back.",
        optional=True,
    ),
    _person_topic(
        2,
        "preferences",
        Preference,
        "What people allow: personalised ads, sensitive topics.",
        optional=True,
    ),
    _person_topic(
        3,
        "purchases",
        Purchase,
        "Orders that people completed, returned, cancelled or had reinstated.",
    ),
    _person_topic(
        4, "dismissals", Dismissal, "Ads that people rejected, and rejections they took back."
    ),
    _person_topic(5, "impressions", Impression, "Ads that were really shown.", optional=True),
    _person_topic(
        6,
        "impression-requests",
        Request,
        "Requests for ads, each with the candidates that want to be shown.",
    ),
)

_OTHER_TOPICS = (
    Topic(
        name="catalog",
        description="What the shop knows of its products; every worker reads all of it.",
        key="product_id",
        direction="in",
        cleanup="compact",
        record=Product,
        optional=True,
    ),
    Topic(
        name="suppressions",
        description="For every person the list of what must no longer follow them.",
        key="user_id",
        direction="out",
        cleanup="compact",
        record=SuppressionList,
    ),
    Topic(
        name="decisions",
        description="For every request the decision on each of its candidates.",
        key="user_id",
        direction="out",
        cleanup="delete",
        record=Decision,
    ),
    Topic(
        name="dead-letters",
        description="Records that break the contract, key and value byte for byte as received.",
        key=None,
        direction="out",
        cleanup="delete",
        record=None,
    ),
)

TOPICS: dict[str, Topic] = {topic.name: topic for topic in (*_PERSON_TOPICS, *_OTHER_TOPICS)}
"""Every topic of the contract by its default name."""

PERSON_TOPICS: tuple[str, ...] = tuple(topic.name for topic in _PERSON_TOPICS)
"""The names of the topics keyed by person, in the order of their rank (SPEC 6)."""

SHARES: Final = "shares"
"""The stream of the topic of shares: what ids of one person share with each other (SPEC 9)."""

REROUTED: Final = "rerouted"
"""The stream of the rerouting topic: records of all topics, brought to their person's partition."""

STREAMS: Final = ("identities", SHARES, *PERSON_TOPICS[1:], REROUTED)
"""All streams that a worker takes records of: the person topics and two of the processor's own."""

RANKS: Final = {topic: rank for rank, topic in enumerate(STREAMS)}
"""The order of the streams at one time; a stream's rank is its index in `STREAMS`."""

RECORDABLE: Final = (*dict.fromkeys((*STREAMS[:-1], *TOPICS)),)
"""What a recording may hold: all of the contract, and the shares, in the order of their rank."""
