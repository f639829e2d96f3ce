"""Field types that more than one topic uses (SPEC 2)."""

from typing import Annotated, Literal

from msgspec import Meta

INT64_MAX = 2**63 - 1

Int64 = Annotated[int, Meta(le=INT64_MAX)]
"""A signed 64-bit integer. orjson reads anything below the lower bound as a float, so that only
the upper bound has to be stated."""

UserId = Annotated[
    str, Meta(description="The person. The record's key when absent; otherwise equal to the key.")
]
EventTime = Annotated[
    Int64,
    Meta(description="Event time in epoch milliseconds. The record's timestamp when absent."),
]
EventId = Annotated[
    str, Meta(description="Names the event: a repeat of it carries the same id and counts once.")
]
ProductId = Annotated[str, Meta(description="The product (SKU).")]
ItemGroupId = Annotated[
    str | None, Meta(description="The group of variants that the product belongs to.")
]
Categories = Annotated[
    list[str] | None,
    Meta(
        description="The product's categories from broad to narrow, every level spelled out, "
        'such as ["electronics", "electronics.tv"].'
    ),
]
Brand = Annotated[str | None, Meta(description="The product's brand.")]
AdvertiserId = Annotated[str | None, Meta(description="The advertiser who sells the product.")]
Currency = Annotated[
    str | None, Meta(description="The currency of the price: its code in ISO 4217, such as EUR.")
]

DismissalReason = Literal[
    "opt_out_all",
    "sensitive_topic",
    "inappropriate",
    "spam_or_misleading",
    "block_advertiser",
    "block_brand",
    "block_category",
    "already_bought",
    "not_interested",
    "removed_from_cart",
    "seen_too_often",
    "covered_content",
]
"""Why a person dismissed an ad (SPEC 4)."""
