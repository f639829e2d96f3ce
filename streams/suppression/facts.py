"""The facts that evidence consists of (SPEC 3), as they are stored: arrays without names.

`identity_of` gives what a fact is known by among those of its kind. A fact is never changed: what
is reported anew takes its place.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import ClassVar, Final, Protocol, TypedDict, cast

from msgspec import Struct

from schemas.fields import DismissalReason
from schemas.records import Consent, TargetField

LineKey = tuple[str, str]
"""An order line: `order_id` and `product_id`."""


class HasAttributes(Protocol):
    """What may say more of a product than its id (SPEC 1): the catalog, a record, or a fact."""

    @property
    def item_group_id(self) -> str | None:
        """The product that its variants share."""

    @property
    def categories(self) -> Sequence[str] | None:
        """From broad to narrow, every level spelled out."""

    @property
    def brand(self) -> str | None:
        """The brand."""

    @property
    def advertiser_id(self) -> str | None:
        """Who advertises it."""


class Attributes(Struct, frozen=True, array_like=True, gc=False):
    """What is known of a product besides its id (SPEC 1)."""

    item_group_id: str | None = None
    categories: list[str] | None = None
    brand: str | None = None
    advertiser_id: str | None = None


class Completion(Struct, frozen=True, array_like=True, order=True, gc=False):
    """An `order_completed` event that lists a product."""

    ts: int
    event_id: str


class Line(Struct, frozen=True, array_like=True, gc=False):
    """An order line: that of the greatest (`ts`, `event_id`) that lists the product."""

    identity_of: ClassVar = attrgetter("order_id", "product_id")

    order_id: str
    product_id: str
    ts: int
    event_id: str
    quantity: int
    attributes: Attributes | None
    gift: bool = False
    """Bought for somebody else."""
    first: Completion | None = None
    """The first event that lists it, with which it was bought; None if it is this very one."""

    @property
    def bought(self) -> int:
        """When it was bought: an order that is reported again is no newer purchase (SPEC 3)."""
        first = self.first
        return self.ts if first is None else first.ts

    @property
    def first_completion(self) -> Completion:
        """The event with which it was bought."""
        return self.first or Completion(self.ts, self.event_id)


class Refund(Struct, frozen=True, array_like=True, gc=False):
    """A part of an order that came back."""

    identity_of: ClassVar = attrgetter("event_id", "product_id")

    event_id: str
    product_id: str
    ts: int
    order_id: str
    quantity: int


class VoidOrder(Struct, frozen=True, array_like=True, gc=False):
    """An order that was cancelled or refunded as a whole, at the time of the newest such event."""

    identity_of: ClassVar = attrgetter("order_id")

    order_id: str
    ts: int


class Reinstatement(Struct, frozen=True, array_like=True, gc=False):
    """An order that stands after all, at the time of the newest such event."""

    identity_of: ClassVar = attrgetter("order_id")

    order_id: str
    ts: int


class Target(Struct, frozen=True, array_like=True, gc=False):
    """What a dismissal or a restoration names."""

    field: TargetField
    value: str


class Rejection(Struct, frozen=True, array_like=True, gc=False):
    """A dismissal that rejects."""

    identity_of: ClassVar = attrgetter("event_id")

    event_id: str
    ts: int
    reason: DismissalReason
    target: Target | None
    price: int | float | None
    attributes: Attributes | None
    currency: str | None = None


class Restoration(Struct, frozen=True, array_like=True, gc=False):
    """What a person takes back: a target, a reason, both, or everything up to then."""

    identity_of: ClassVar = attrgetter("event_id")

    event_id: str
    ts: int
    reason: DismissalReason | None
    target: Target | None


class Shown(Struct, frozen=True, array_like=True, gc=False):
    """An impression, at the greatest time that was seen of it."""

    identity_of: ClassVar = attrgetter("impression_id", "product_id")

    impression_id: str
    product_id: str
    ts: int


class Choice(Struct, frozen=True, array_like=True, gc=False):
    """The value of one preference, and the event that gave it."""

    identity_of: ClassVar = attrgetter("preference")

    preference: str
    ts: int
    event_id: str
    value: Consent


Fact = Line | Refund | VoidOrder | Reinstatement | Rejection | Restoration | Shown | Choice

Acting = Refund | VoidOrder | Reinstatement
"""What takes an order back, or brings it back."""

ACTING: Final = (Refund, VoidOrder, Reinstatement)
"""The same, to ask for the exact type, which is quicker."""


class FactSet(Struct, frozen=True, omit_defaults=True, gc=False):
    """Facts by kind, those of each kind sorted by their identities; never changed."""

    lines: tuple[Line, ...] = ()
    refunds: tuple[Refund, ...] = ()
    voided: tuple[VoidOrder, ...] = ()
    reinstated: tuple[Reinstatement, ...] = ()
    dismissals: tuple[Rejection, ...] = ()
    restorations: tuple[Restoration, ...] = ()
    impressions: tuple[Shown, ...] = ()
    preferences: tuple[Choice, ...] = ()


NO_FACTS: Final = FactSet()


class FactsByKind(TypedDict, total=False):
    """The same as a share brings them, where most kinds are not even named."""

    lines: tuple[Line, ...]
    refunds: tuple[Refund, ...]
    voided: tuple[VoidOrder, ...]
    reinstated: tuple[Reinstatement, ...]
    dismissals: tuple[Rejection, ...]
    restorations: tuple[Restoration, ...]
    impressions: tuple[Shown, ...]
    preferences: tuple[Choice, ...]


def attributes_of(record: HasAttributes) -> Attributes | None:
    """The attributes that a record brings, or None when it brings none."""
    group, categories = record.item_group_id, record.categories
    brand, advertiser_id = record.brand, record.advertiser_id
    if group is None and categories is None and brand is None and advertiser_id is None:
        return None
    return Attributes(group, cast(list[str] | None, categories), brand, advertiser_id)
