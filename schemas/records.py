"""The records of the input topics (SPEC 2).

One Struct a topic. Fields stand in the order of SPEC 2, which is the order in which problems are
reported. Numbers keep the type that they had in JSON: 10 is an int, 10.0 a float. Python's garbage
collector need not look at records (`gc=False`): they refer to nothing that could refer to them.

`user_id` and `ts` may be absent in JSON: the record's key and timestamp then stand in for them.
Until they do (`schemas.decoding`), the fields are `NO_USER` and `NO_TIME`.
"""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, final

from msgspec import Meta, Raw, Struct

from schemas.fields import (
    AdvertiserId,
    Brand,
    Categories,
    Currency,
    DismissalReason,
    EventId,
    EventTime,
    Int64,
    ItemGroupId,
    ProductId,
    UserId,
)

TargetField = Literal["product_id", "category", "brand", "advertiser_id"]
Consent = Literal["granted", "denied"]
IdentityAction = Literal["signed_in", "signed_out", "linked", "unlinked"]

NO_USER: Final = str(b"no user_id", "ascii")
"""Stands for an absent `user_id`: this very object, which no text in a value is. (It is not written
as a literal, of which compiled modules would have one each.)"""

MOST_ALIASES: Final = 1_000
"""A product has no more other ids than that."""

NO_TIME: Final = -(1 << 200)
"""Stands for an absent `ts`, and is far beyond what that may be."""


class Candidate(Struct, gc=False):
    """A product that a request wants to show."""

    product_id: ProductId
    price: Annotated[int | float | None, Meta(description="The price that the ad asks.")] = None
    currency: Currency = None
    interest_at: Annotated[
        Int64 | None,
        Meta(description="When the person last showed interest, in epoch milliseconds."),
    ] = None
    basis: Annotated[
        Literal["given", "observed", "inferred"] | None,
        Meta(description="What the targeting rests on."),
    ] = None
    sources: Annotated[
        list[str] | None, Meta(description="Names of the data sources behind the targeting.")
    ] = None
    item_group_id: ItemGroupId = None
    categories: Categories = None
    brand: Brand = None
    advertiser_id: AdvertiserId = None


class Request(Struct, kw_only=True, gc=False):
    """A request for an ad: which of these candidates may follow the person?"""

    request_id: Annotated[str, Meta(description="Names the request; its decision repeats it.")]
    user_id: UserId = NO_USER
    ts: EventTime = NO_TIME
    site: Annotated[str | None, Meta(description="The site on which the ad would be shown.")] = None
    channel: Annotated[
        Literal["display", "video", "native", "email", "push", "onsite"],
        Meta(description="How the ad would reach the person."),
    ] = "display"
    own_site: Annotated[bool, Meta(description="Whether the site is the advertiser's own.")] = False
    candidates: Annotated[
        list[Candidate],
        Meta(min_length=1, description="The products that want to be shown, at least one."),
    ]


class OrderProduct(Struct, gc=False):
    """A product in an order, or one that came back."""

    product_id: ProductId
    quantity: Annotated[Int64, Meta(ge=1, description="How many of it.")] = 1
    price: Annotated[int | float | None, Meta(description="The price paid for one.")] = None
    gift: Annotated[bool, Meta(description="Whether it was bought for somebody else.")] = False
    item_group_id: ItemGroupId = None
    categories: Categories = None
    brand: Brand = None
    advertiser_id: AdvertiserId = None


class Purchase(Struct, kw_only=True, gc=False):
    """An order that was completed, refunded in part or whole, cancelled, or reinstated."""

    event_id: EventId
    user_id: UserId = NO_USER
    ts: EventTime = NO_TIME
    event: Annotated[
        Literal["order_completed", "order_refunded", "order_cancelled", "order_reinstated"],
        Meta(description="What became of the order."),
    ]
    order_id: Annotated[str, Meta(description="The order.")]
    products: Annotated[
        list[OrderProduct] | None,
        Meta(
            description="What was bought (required for order_completed) or came back (absent in "
            "order_refunded: the whole order did). Ignored in order_cancelled and order_reinstated."
        ),
    ] = None


class Dismissal(Struct, kw_only=True, gc=False):
    """A person's rejection of an ad, or the restoration of what was rejected before."""

    event_id: EventId
    user_id: UserId = NO_USER
    ts: EventTime = NO_TIME
    action: Annotated[
        Literal["dismissed", "restored"],
        Meta(description="Whether the person rejects or takes a rejection back."),
    ] = "dismissed"
    reason: Annotated[
        DismissalReason | None,
        Meta(description="Why. Required when dismissed; narrows what a restoration ends."),
    ] = None
    product_id: Annotated[
        str | None,
        Meta(description="Target: the product. brand and advertiser_id then are its attributes."),
    ] = None
    category: Annotated[str | None, Meta(description="Target: a category.")] = None
    brand: Annotated[
        str | None, Meta(description="Target: a brand; the brand of product_id beside that.")
    ] = None
    advertiser_id: Annotated[
        str | None,
        Meta(description="Target: an advertiser; the advertiser of product_id beside that."),
    ] = None
    price: Annotated[int | float | None, Meta(description="The price that the ad asked.")] = None
    currency: Currency = None
    item_group_id: ItemGroupId = None
    categories: Categories = None

    @property
    def target(self) -> tuple[TargetField, str] | None:
        """The target's field and value; None when everything is meant (SPEC 2 and 3)."""
        if self.product_id is not None:
            return "product_id", self.product_id
        if self.category is not None:
            return "category", self.category
        if self.brand is not None:
            return "brand", self.brand
        if self.advertiser_id is not None:
            return "advertiser_id", self.advertiser_id
        return None


class Impression(Struct, kw_only=True, gc=False):
    """An ad that was really shown."""

    impression_id: Annotated[str, Meta(description="Names the impression; a repeat counts once.")]
    product_id: ProductId
    user_id: UserId = NO_USER
    ts: EventTime = NO_TIME
    request_id: Annotated[str | None, Meta(description="The request that led to it.")] = None


class Preference(Struct, kw_only=True, gc=False):
    """What a person allows. An absent field says nothing: what was said before stands."""

    event_id: EventId
    user_id: UserId = NO_USER
    ts: EventTime = NO_TIME
    personalised_ads: Annotated[
        Consent | None, Meta(description="Whether ads may be chosen for the person.")
    ] = None
    sensitive_topics: Annotated[
        Consent | None, Meta(description="Whether ads may touch on sensitive topics.")
    ] = None


class Identity(Struct, kw_only=True, gc=False):
    """Whether an id, the leaf, is one of a person who is known by another one, the hub (SPEC 9)."""

    event_id: EventId
    user_id: Annotated[
        str,
        Meta(
            description="The id that this is about, such as a cookie. The record's key when "
            "absent; otherwise equal to the key."
        ),
    ] = NO_USER
    ts: EventTime = NO_TIME
    action: Annotated[
        IdentityAction,
        Meta(description="What is said of the two ids."),
    ]
    person_id: Annotated[
        str | None,
        Meta(
            description="The id by which the person is known, such as the account. Required unless "
            "signed_out; not the user_id itself."
        ),
    ] = None
    method: Annotated[
        Literal["authenticated", "declared", "observed", "inferred"],
        Meta(description="How it is known; the last two let only refusals be shared."),
    ] = "authenticated"


class Product(Struct, gc=False):
    """What the catalog knows of a product. The product's id is the record's key."""

    item_group_id: ItemGroupId = None
    categories: Categories = None
    brand: Brand = None
    advertiser_id: AdvertiserId = None
    price: Annotated[int | float | None, Meta(description="The price in the shop.")] = None
    currency: Currency = None
    sensitive: Annotated[
        bool, Meta(description="Whether an ad for it says something intimate of the person.")
    ] = False
    replenish_days: Annotated[
        int | float | None,
        Meta(description="After how many days one piece is used up and bought again."),
    ] = None
    aliases: Annotated[
        Annotated[list[str], Meta(max_length=MOST_ALIASES)] | None,
        Meta(description="Other ids of the same product, such as its SKU and GTIN; at most 1,000."),
    ] = None


Event = Request | Purchase | Dismissal | Impression | Preference | Identity
"""A record of a person topic."""


@final
class EventGroup(Struct, gc=False):
    """Events of one person that came in one record of another format, and so stand together."""

    user_id: str
    ts: int
    """The newest of their times: the record's."""
    events: list[Event]
    """In the order of their times; none of them is a request."""


Level = Literal["everything", "refusals", "nothing"]
"""What a leaf may have of its hub (SPEC 9)."""

NO_FACTS: Final = Raw(b"{}")


@final
class Share(Struct, kw_only=True, gc=False, omit_defaults=True):
    """What one id shares with another (SPEC 9), in the processor's own topic.

    Either what changed since the last share, or all of it. Facts are JSON here that only
    `streams.suppression` reads: `put` has them by kind, `withdrawn` what they are known by.
    """

    user_id: str
    """The receiver."""
    ts: int
    """Later than all that it rests on: the clock of the sender's partition, or a share that came
    there. It puts the record in its place, and moves no clock."""
    sender: str
    direction: Literal["up", "down"]
    """From a leaf to its hub, or from a hub to a leaf."""
    whole: bool = False
    """Whether this takes the place of all that came from the sender in this direction."""
    ended: bool = False
    """Whether nothing is shared any more: all that came is to be dropped."""
    level: Level = "nothing"
    """Up: what the sender may have of the receiver."""
    stated: tuple[int, str] | None = None
    """Up: time and `event_id` of the newest statement about the two that counts.

    Down, where it ended: the same, as far as the hub knew, which had no room for the leaf.
    """
    asks: bool = False
    """Whether the sender wants the whole of what the receiver shares with it."""
    put: Raw = NO_FACTS
    withdrawn: Raw = NO_FACTS


Input = Event | EventGroup | Share
"""What one record of a person topic, or of the topic of shares, holds."""


def events_of(record: Input) -> Sequence[Event]:
    """The events of one record; a share reports nothing new."""
    if isinstance(record, Share):
        return ()
    return record.events if isinstance(record, EventGroup) else (record,)
