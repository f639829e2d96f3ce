"""The records of the output topics (SPEC 5 and 7)."""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.json import Encoder

from schemas.fields import Int64

Scope = Literal["product", "group", "category", "brand", "advertiser", "all"]
"""What a claim covers, from narrow to wide."""

Reason = Literal[
    "opt_out_all",
    "no_consent",
    "sensitive_topic",
    "sensitive",
    "inappropriate",
    "spam_or_misleading",
    "block_advertiser",
    "block_brand",
    "block_category",
    "purchased",
    "already_bought",
    "not_interested",
    "removed_from_cart",
    "seen_too_often",
    "frequency_cap",
    "lapsed",
    "followed_too_long",
    "inferred_interest",
    "too_soon",
]
"""Why a product is suppressed, in the order of rank (SPEC 5)."""

ErrorCode = Literal[
    "not_json",
    "not_an_object",
    "missing_field",
    "wrong_type",
    "unknown_value",
    "key_mismatch",
    "future_timestamp",
    "past_timestamp",
    "too_large",
]
"""What is wrong with a dead letter (SPEC 7)."""

Since = Annotated[Int64, Meta(description="From when on, in epoch milliseconds.")]
Until = Annotated[
    Int64 | None,
    Meta(description="Up to but not including when; null means until the person undoes it."),
]
Because = Annotated[tuple[str, ...], Meta(description="The sorted ids of the evidence behind it.")]
ScopeField = Annotated[Scope, Meta(description="What the claim covers.")]
ScopeValue = Annotated[str, Meta(description="Which one of the scope; * when the scope is all.")]
ReasonField = Annotated[Reason, Meta(description="Why.")]
PolicyVersion = Annotated[str, Meta(description="The version of the policy that was applied.")]
Person = Annotated[str, Meta(description="The person, as in the record's key.")]


class SuppressedCandidate(Struct, frozen=True, gc=False):
    """A candidate that must not be shown, with the claim that ranks first against it."""

    product_id: Annotated[str, Meta(description="The product of the candidate.")]
    reason: ReasonField
    scope: ScopeField
    value: ScopeValue
    since: Since
    until: Until
    because: Because


class Decision(Struct, gc=False):
    """The answer to one request."""

    request_id: Annotated[str, Meta(description="The request that is answered.")]
    user_id: Person
    ts: Annotated[Int64, Meta(description="The request's event time in epoch milliseconds.")]
    policy: PolicyVersion
    suppressed: Annotated[
        list[SuppressedCandidate],
        Meta(description="Candidates that must not be shown, in the order of the request."),
    ]
    allowed: Annotated[
        list[str],
        Meta(description="Products that may be shown, in the order of the request."),
    ]
    ghosted: Annotated[
        list[SuppressedCandidate],
        Meta(
            description="Allowed because the person is in the holdout, each with the answer that "
            "would have suppressed it."
        ),
    ]
    as_of: Annotated[
        dict[str, Int64] | UnsetType,
        Meta(
            description="The newest event time that the join had seen in each topic's partition. "
            "Absent where two runs are compared."
        ),
    ] = UNSET


class ListEntry(Struct, frozen=True, gc=False):
    """One claim on a person's list."""

    scope: ScopeField
    value: ScopeValue
    reason: ReasonField
    since: Since
    until: Until
    because: Because
    price: Annotated[
        int | float | UnsetType,
        Meta(description="The dismissed ad's price, if a price far enough below it lifts this."),
    ] = UNSET
    currency: Annotated[
        str | UnsetType, Meta(description="The currency of that price, if one was said.")
    ] = UNSET
    via: Annotated[
        Literal["person"] | UnsetType,
        Meta(
            description="That it rests on nothing that was reported of this id, but of another one "
            "of the same person. Absent otherwise."
        ),
    ] = UNSET


class SuppressionList(Struct, gc=False):
    """Everything that must no longer follow one person."""

    user_id: Person
    ts: Annotated[
        Int64,
        Meta(description="Event time of the person's newest evidence, in epoch milliseconds."),
    ]
    policy: PolicyVersion
    granted: Annotated[
        list[str], Meta(description="The preferences that stand at granted, sorted.")
    ]
    entries: Annotated[
        list[ListEntry],
        Meta(
            max_length=1000,
            description="The claims, by scope, value, reason, since and until; at most 1,000.",
        ),
    ]
    forgotten: Annotated[
        Annotated[int, Meta(ge=1)] | UnsetType,
        Meta(
            description="How many facts are no longer kept because there are too many of this "
            "person: the entries may lack what they claimed. Absent when all are kept.",
        ),
    ] = UNSET


class DeadLetterHeaders(Struct, rename=lambda name: f"unhaunt.{name}"):
    """What is said of a record that breaks the contract, and where it was found."""

    error: Annotated[ErrorCode, Meta(description="What is wrong.")]
    detail: Annotated[str, Meta(description="The field's path and what was wrong, in words.")]
    topic: Annotated[str, Meta(description="The topic in which the record was found.")]
    partition: Annotated[str, Meta(pattern="^[0-9]+$", description="Its partition.")]
    offset: Annotated[str, Meta(pattern="^[0-9]+$", description="Its offset.")]
    timestamp: Annotated[
        str, Meta(pattern="^-?[0-9]+$", description="Its timestamp in epoch milliseconds.")
    ]


to_json: Final = Encoder().encode
"""The value of an output record as it goes to its topic."""
