"""Events that have the `event_id` of an earlier one and other content.

One `event_id` is one fact (SPEC 3): an event with an id that its sender gave to another one takes
the place of that, or is lost. So it is counted. An event is compared with what the evidence
still holds under its id; what was replaced by others, or is over, cannot be compared.

Its time does not matter: whoever sends an event again may send it without one. An impression has
only a time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Final

from schemas.records import Dismissal, Event, Preference, Purchase
from streams.suppression.evidence import Evidence, Stored, find
from streams.suppression.facts import Choice, Fact, Line, Refund, Rejection, Restoration

FEW: Final = 16
"""Among so many order lines an id is looked for in every order, beyond that in its own alone: there
the orders of somebody who buys all the time would have to be gone through for each event."""

TOPICS: Final[dict[type, str]] = {
    Purchase: "purchases",
    Dismissal: "dismissals",
    Preference: "preferences",
}
"""The topics whose events are compared, by the type of record."""

_order_of: Final = attrgetter("order_id")
_event_of: Final = attrgetter("event_id")


def contradicts(evidence: Evidence, event: Event, kept_since: int) -> bool:
    """Whether the evidence, which an event is about to join, has its id with other content.

    What happened since the time `kept_since`, in epoch milliseconds, cannot be over by now.
    """
    known: Sequence[Fact]
    if isinstance(event, Purchase):
        known = _reported(evidence, event)
    elif isinstance(event, Dismissal):
        known = _rejected(evidence, event.event_id)
    elif isinstance(event, Preference):
        known = [each for each in evidence.preferences if each.event_id == event.event_id]
    else:
        return False
    return bool(known) and _is_other(evidence, known, event, kept_since)


def _reported(evidence: Evidence, event: Purchase) -> list[Fact]:
    """The order lines and refunds with the id of an event."""
    event_id, lines, refunds = event.event_id, evidence.lines, evidence.refunds
    if len(lines) > FEW:
        lines = _of(lines, event.order_id, _order_of)
    known: list[Fact] = [line for line in lines if line.event_id == event_id]
    if refunds:
        known += _of(refunds, event_id, _event_of)
    return known


def _of(facts: tuple[Stored, ...], key: str, key_of: Callable[[Stored], str]) -> tuple[Stored, ...]:
    """Those of the facts, which are sorted by it, that have a key."""
    first = bisect_left(facts, key, key=key_of)
    return facts[first : bisect_right(facts, key, lo=first, key=key_of)]


def _rejected(evidence: Evidence, event_id: str) -> list[Fact]:
    """The dismissal or restoration with an id."""
    for fact in (find(evidence.dismissals, event_id), find(evidence.restorations, event_id)):
        if fact is not None:
            return [fact]
    return []


def _is_other(evidence: Evidence, known: Sequence[Fact], event: Event, kept_since: int) -> bool:
    """Whether an event states anything else than the facts that are known by its id."""
    stated = {(type(fact), fact.identity_of(fact)): fact for _, fact in Evidence().join(event)}
    for fact in known:
        again = stated.pop((type(fact), fact.identity_of(fact)), None)
        if again is None or _content(again) != _content(fact):
            return True
    if event.ts < kept_since:
        return False
    return any(not _is_replaced(evidence, fact) for fact in stated.values())


def _is_replaced(evidence: Evidence, fact: Fact) -> bool:
    """Whether another event has reported the same fact since."""
    if isinstance(fact, Line):
        return find(evidence.lines, (fact.order_id, fact.product_id)) is not None
    return isinstance(fact, Choice) and evidence.choice(fact.preference) is not None


def _content(fact: Fact) -> tuple[Any, ...]:
    """The content of a fact, without its identity and its time."""
    if isinstance(fact, Line):
        return fact.quantity, fact.attributes, fact.gift
    if isinstance(fact, Refund):
        return fact.order_id, fact.quantity
    if isinstance(fact, Rejection):
        return fact.reason, fact.target, fact.price, fact.currency, fact.attributes
    if isinstance(fact, Restoration):
        return fact.reason, fact.target
    return (fact.value,) if isinstance(fact, Choice) else ()
