"""Evidence read as that of products, where it names them by aliases (SPEC 2).

Stored is each id as it was reported, since aliases may change. Facts that name one product by
several ids are one fact of the product: those of the greatest (`ts`, `event_id`) add up, and a line
was bought with the first of all (SPEC 3).
Evidence that names no alias is read as it stands.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from streams.suppression import surplus
from streams.suppression.catalog import Catalog
from streams.suppression.evidence import LARGEST_QUANTITY, Change, Evidence, find, without
from streams.suppression.facts import (
    Choice,
    Completion,
    Fact,
    Line,
    Refund,
    Rejection,
    Restoration,
    Shown,
    Target,
)

Named = Line | Refund | Shown
"""What is known by a product's id, among other things."""

KIND_OF: Final[dict[type, str]] = {**surplus.KIND_OF, Choice: "preferences"}

NAMING: Final = ("lines", "refunds", "dismissals", "restorations", "impressions")
"""The kinds whose facts may name a product."""


def read_evidence(reported: Evidence, catalog: Catalog) -> Evidence:
    """The evidence as that of products; the very same, where it names no alias."""
    if not catalog.aliases or not _names_alias(reported, catalog):
        return reported
    read = Evidence()
    read.newest = reported.newest
    read.lines = _as_one(reported.lines, catalog)
    read.refunds = _as_one(reported.refunds, catalog)
    read.voided = reported.voided
    read.reinstated = reported.reinstated
    read.dismissals = tuple([as_read(each, catalog) for each in reported.dismissals])
    read.restorations = tuple([as_read(each, catalog) for each in reported.restorations])
    read.impressions = _as_one(reported.impressions, catalog)
    read.preferences = reported.preferences
    return read


def follow(
    read: Evidence, reported: Evidence, changes: list[Change], catalog: Catalog
) -> list[Change] | None:
    """Bring what was read of the evidence up to date; returns what changed in it.

    None where it has to be read anew: a fact is the first to name an alias, or one with others.
    """
    if read is reported:
        is_alias = any(as_read(fact, catalog) is not fact for _, fact in changes)
        return None if is_alias else changes
    followed: list[Change] = []
    for known, fact in changes:
        if (
            isinstance(fact, Line | Refund | Shown)
            and len(as_reported(fact, reported, catalog)) > 1
        ):
            return None
        before = None if known is None else _remove(read, as_read(known, catalog))
        after = as_read(fact, catalog)
        _put(read, after)
        followed.append((before, after))
    return followed


def keep_what_was_read(reported: Evidence, read: Evidence, catalog: Catalog) -> None:
    """Remove from the evidence what is gone from that which was read of it."""
    for kind in NAMING:
        left = {fact.identity_of(fact) for fact in getattr(read, kind)}
        facts: tuple[Any, ...] = getattr(reported, kind)
        kept = [fact for fact in facts if _identity(fact, catalog) in left]
        if len(kept) < len(facts):
            setattr(reported, kind, tuple(kept))
    reported.voided = read.voided
    reported.reinstated = read.reinstated


def endings_as_reported(
    endings: Sequence[tuple[Fact, int]], reported: Evidence, catalog: Catalog
) -> list[tuple[Fact, int]]:
    """When each fact ends that was reported: with what was read of it."""
    ends = {(type(fact), fact.identity_of(fact)): end for fact, end in endings}
    facts = [fact for kind in (*NAMING, "voided", "reinstated") for fact in getattr(reported, kind)]
    return [(fact, ends[type(fact), _identity(fact, catalog)]) for fact in facts]


def as_reported(fact: Named, reported: Evidence, catalog: Catalog) -> list[Any]:
    """The facts that are read as one with this one, itself included."""
    facts = getattr(reported, KIND_OF[type(fact)])
    identity_of = fact.identity_of
    first = identity_of(fact)[0]
    product_id = catalog.product_id_of(fact.product_id)
    found = []
    for at in range(bisect_left(facts, (first, ""), key=identity_of), len(facts)):
        other = facts[at]
        if identity_of(other)[0] != first:
            break
        if catalog.product_id_of(other.product_id) == product_id:
            found.append(other)
    return found


def _names_alias(reported: Evidence, catalog: Catalog) -> bool:
    return any(
        as_read(fact, catalog) is not fact for kind in NAMING for fact in getattr(reported, kind)
    )


def as_read(fact: Any, catalog: Catalog) -> Any:
    """The fact by the id of its product; itself, where that is what it names."""
    if isinstance(fact, Line | Refund | Shown):
        product_id = catalog.product_id_of(fact.product_id)
        return fact if product_id == fact.product_id else replace(fact, product_id=product_id)
    if isinstance(fact, Rejection | Restoration):
        target = fact.target
        if target is not None and target.field == "product_id":
            product_id = catalog.product_id_of(target.value)
            if product_id != target.value:
                return replace(fact, target=Target("product_id", product_id))
    return fact


def _identity(fact: Any, catalog: Catalog) -> Any:
    """What that is known by which is read of a fact."""
    return fact.identity_of(as_read(fact, catalog))


def _as_one(facts: tuple[Any, ...], catalog: Catalog) -> tuple[Any, ...]:
    """The facts by the ids of their products, those of one product each as one."""
    by_identity: dict[Any, list[Named]] = {}
    for fact in facts:
        read = as_read(fact, catalog)
        by_identity.setdefault(read.identity_of(read), []).append(read)
    return tuple([_sum(by_identity[identity]) for identity in sorted(by_identity)])


def _sum(facts: list[Named]) -> Named:
    """Facts of one product as one: the newest event's, which may list it by several ids."""
    if len(facts) == 1:
        return facts[0]
    newest = max(facts, key=_event)
    last: list[Any] = [fact for fact in facts if _event(fact) == _event(newest)]
    if isinstance(newest, Shown):
        return newest
    quantity = min(sum(fact.quantity for fact in last), LARGEST_QUANTITY)
    if isinstance(newest, Refund):
        return replace(newest, quantity=quantity)
    attributes = next((line.attributes for line in last if line.attributes is not None), None)
    first = min(line.first_completion for line in facts if isinstance(line, Line))
    return replace(
        newest,
        quantity=quantity,
        attributes=attributes,
        gift=any(line.gift for line in last),
        first=None if first == Completion(newest.ts, newest.event_id) else first,
    )


def _event(fact: Named) -> tuple[int, str]:
    """What orders the events that a fact may be of. Refunds of one identity are of one event."""
    return fact.ts, fact.event_id if isinstance(fact, Line) else ""


def _remove(read: Evidence, fact: Any) -> Any:
    """Remove the fact that has this one's identity; returns it if it was there."""
    kind = KIND_OF[type(fact)]
    facts = getattr(read, kind)
    known = find(facts, fact.identity_of(fact))
    if known is not None:
        setattr(read, kind, without(facts, [known]))
    return known


def _put(read: Evidence, fact: Any) -> None:
    kind = KIND_OF[type(fact)]
    facts = getattr(read, kind)
    at = bisect_left(facts, fact.identity_of(fact), key=fact.identity_of)
    setattr(read, kind, (*facts[:at], fact, *facts[at:]))
