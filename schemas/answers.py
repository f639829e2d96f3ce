"""What the HTTP service of a view answers besides lists."""

from typing import Annotated

from msgspec import Meta, Struct

from schemas.fields import Int64
from schemas.outputs import Decision


class Fresh(Struct):
    """How much an answer can know."""

    partition: Annotated[int, Meta(ge=0, description="The partition of the person.")]
    age: Annotated[
        float,
        Meta(
            ge=0,
            description="How many seconds ago the copy of the lists was last known to be level "
            "with the topic.",
        ),
    ]
    level_at: Annotated[Int64, Meta(description="When that was, in epoch milliseconds.")]
    newest: Annotated[
        Int64 | None,
        Meta(
            description="The newest event time of a list in the partition, in epoch milliseconds; "
            "null where there is none."
        ),
    ]


class Decided(Decision, kw_only=True):
    """A decision by the list that stands."""

    known: Annotated[
        bool,
        Meta(
            description="Whether there is a list of the person, by any of the ids that were asked "
            "for. Of somebody of whom nothing is held there is none, nor of an id that nobody has "
            "heard of."
        ),
    ]
    fresh: Annotated[
        Fresh,
        Meta(description="How much it can know; of several ids, by the oldest of the copies."),
    ]


class Problem(Struct):
    """Why there is no answer."""

    error: Annotated[str, Meta(description="A code for programs.")]
    detail: Annotated[str, Meta(description="What was wrong, where, and what was expected.")]


class Health(Struct):
    """Whether the view can answer."""

    ready: Annotated[bool, Meta(description="Whether it has read everything to its end.")]
    partitions: Annotated[
        list[Fresh], Meta(description="How fresh each partition is that it has read to its end.")
    ]
