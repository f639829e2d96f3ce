"""A person's evidence fact by fact: what was reported, what came of it, how long it is kept.

A fact is plain JSON data with a `kind`, its time `ts`, and `kept_until`: it is removed once the
newest event time of its partition is past that, and None means until something newer replaces it
or the person undoes it (SPEC 3). One that was only reported of another id of the person has in
`via` the word `person` (SPEC 9), and in `ids` those that share with this one which have said so; no
other id is named. What else it has:

- `order_line`: `event_id`, `order_id`, `product_id`, `quantity` bought and `kept`, `gift`,
  `attributes`; `first`, the `event_id` and `ts` of the event with which it was bought, where that
  is another one; `returned`, a list of `event_id`, `ts`, `quantity`; `void_since`, when its order
  was cancelled or returned as a whole; `reinstated_at`, when it was reinstated after that;
  `replaced`, a list of `event_id`, `ts` of other events that reported it
- `refund`: `event_id`, `order_id`, `product_id`, `quantity`
- `void_order`: `order_id`, which was cancelled or returned as a whole
- `reinstated_order`: `order_id`, which stands after all
- `dismissal`: `event_id`, `reason`, `target`, `price`, `currency`, `attributes`; `restored`, the
  `event_id` and `ts` of what took it back
- `restoration`: `event_id`, `reason`, `target`
- `impression`: `impression_id`, `product_id`
- `preference`: `event_id`, `preference`, `answer`; `replaced`, a list of `event_id`, `ts`, `answer`
  of what else was chosen

`replaced` is known only to who has the events at hand, since evidence keeps the winners. What was
reported by aliases (SPEC 2) has the product's own id, and in `named` the ids that were reported.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.records import Event, Preference, Purchase
from streams.suppression.aliases import as_reported
from streams.suppression.catalog import Catalog
from streams.suppression.claim_index import ClaimIndex
from streams.suppression.claims import Claim
from streams.suppression.evidence import Evidence, find
from streams.suppression.expiry import endings
from streams.suppression.facts import (
    Attributes,
    Choice,
    HasAttributes,
    Line,
    Refund,
    Reinstatement,
    Rejection,
    Restoration,
    Shown,
    Target,
    VoidOrder,
)
from streams.suppression.facts import Fact as Known
from streams.suppression.identities.origins import Origins
from streams.suppression.scope_claims import ScopeEvidence, TimedLine, timed_lines
from streams.suppression.undone import restores
from streams.suppression.words import FOREVER, after

Fact = dict[str, Any]


class Account:
    """All facts about one person, as a policy and a catalog read them."""

    def __init__(
        self,
        index: ClaimIndex,
        reported: Evidence,
        events: Sequence[Event] = (),
        origins: Origins | None = None,
    ) -> None:
        """`reported` is the evidence that counts, from which the index may have read another.

        `events` are those that it comes from, where they are at hand. `origins` says which of it
        was reported of other ids; None if the person has no others.
        """
        self._index = index
        self._evidence = index.evidence
        self._reported = reported
        self._ends = {id(fact): end for fact, end in endings(index)}
        self._orders = [event for event in events if isinstance(event, Purchase)]
        self._preferences = [event for event in events if isinstance(event, Preference)]
        self._origins = origins

    def origin_of(self, claim: Claim) -> Fact:
        """Whether only other ids of the person have said so."""
        return {} if self._origins is None else self._origins.of_claim(claim)

    def all(self) -> list[Fact]:
        """Every fact, the oldest first."""
        evidence = self._evidence
        return _by_time(
            [
                *map(self._line, evidence.lines),
                *map(self._refund, evidence.refunds),
                *map(self._void_order, evidence.voided),
                *map(self._reinstated_order, evidence.reinstated),
                *map(self._dismissal, evidence.dismissals),
                *map(self._restoration, evidence.restorations),
                *map(self._impression, evidence.impressions),
                *self.preferences(),
            ]
        )

    def behind(self, claim: Claim) -> list[Fact]:
        """The facts that make a claim of the person, the oldest first."""
        if claim.reason == "no_consent":
            return [fact for fact in self.preferences() if fact["event_id"] in claim.because]
        counted = self._index.evidence_on((claim.scope, claim.value))
        if counted is None:  # it follows from the request
            return []
        if claim.reason in ("purchased", "lapsed"):
            lines = [
                timed.line
                for timed in timed_lines(counted, self._index.undone)
                if timed.kept and timed.line.event_id in claim.because and _makes(timed, claim)
            ]
            return _by_time(map(self._line, sorted(lines, key=_identity)))
        if claim.reason == "frequency_cap":
            return _by_time(map(self._impression, sorted(counted.impressions, key=_identity)))
        known = (find(self._evidence.dismissals, event_id) for event_id in claim.because)
        return _by_time(self._dismissal(rejection) for rejection in known if rejection is not None)

    def without_effect(self, covering: Iterable[ScopeEvidence]) -> list[Fact]:
        """What counts for these scope values and claims nothing, because it was undone."""
        lines: list[Line] = []
        dismissals: list[Rejection] = []
        for counted in covering:
            lines += [each.line for each in counted.lines]
            dismissals += counted.dismissals
        returned = map(self._line, sorted(lines, key=_identity))
        restored = map(self._dismissal, sorted(dismissals, key=_identity))
        return _by_time(
            [
                *(fact for fact in returned if not fact["kept"]),
                *(fact for fact in restored if fact["restored"]),
            ]
        )

    def preferences(self) -> list[Fact]:
        """What the person allows and forbids."""
        return [self._preference(choice) for choice in self._evidence.preferences]

    def _preference(self, choice: Choice) -> Fact:
        return {
            "kind": "preference",
            "ts": choice.ts,
            "event_id": choice.event_id,
            "preference": choice.preference,
            "answer": choice.value,
            "replaced": [
                {"event_id": event.event_id, "ts": event.ts, "answer": answer}
                for event in self._preferences
                if (answer := getattr(event, choice.preference)) is not None
                and (event.ts, event.event_id) != (choice.ts, choice.event_id)
            ],
            **self._keeping(choice),
        }

    def _named(self, fact: Line | Refund | Shown) -> Fact:
        """The ids by which its product was reported; nothing where that is its own."""
        if self._evidence is self._reported:
            return {}
        known = as_reported(fact, self._reported, self._index.catalog)
        ids = [each.product_id for each in known]
        return {} if ids == [fact.product_id] else {"named": ids}

    def _keeping(self, fact: Known) -> Fact:
        """How long it is kept, and of which ids it was reported."""
        end = self._ends.get(id(fact), FOREVER)
        until = None if end == FOREVER else after(end, self._index.policy.retention)
        origin = {} if self._origins is None else self._origins.of(fact)
        return {"kept_until": until, **origin}

    def _line(self, line: Line) -> Fact:
        first, void = line.first, find(self._evidence.voided, line.order_id)
        reinstated = find(self._evidence.reinstated, line.order_id)
        stands = void is not None and reinstated is not None and reinstated.ts > void.ts
        return {
            "kind": "order_line",
            "ts": line.ts,
            "event_id": line.event_id,
            "order_id": line.order_id,
            "product_id": line.product_id,
            **self._named(line),
            "quantity": line.quantity,
            "kept": self._index.undone.kept(line),
            "gift": line.gift,
            "first": None if first is None else {"event_id": first.event_id, "ts": first.ts},
            "attributes": _attributes(line.attributes),
            "returned": [
                {"event_id": refund.event_id, "ts": refund.ts, "quantity": refund.quantity}
                for refund in self._evidence.refunds
                if (refund.order_id, refund.product_id) == (line.order_id, line.product_id)
            ],
            "void_since": None if void is None else void.ts,
            "reinstated_at": reinstated.ts if reinstated is not None and stands else None,
            "replaced": [
                {"event_id": event.event_id, "ts": event.ts}
                for event in self._orders
                if _completes(event, line, self._index.catalog)
                and (event.ts, event.event_id) != (line.ts, line.event_id)
            ],
            **self._keeping(line),
        }

    def _refund(self, refund: Refund) -> Fact:
        return {
            "kind": "refund",
            "ts": refund.ts,
            "event_id": refund.event_id,
            "order_id": refund.order_id,
            "product_id": refund.product_id,
            **self._named(refund),
            "quantity": refund.quantity,
            **self._keeping(refund),
        }

    def _void_order(self, order: VoidOrder) -> Fact:
        return {
            "kind": "void_order",
            "ts": order.ts,
            "order_id": order.order_id,
            **self._keeping(order),
        }

    def _reinstated_order(self, order: Reinstatement) -> Fact:
        return {
            "kind": "reinstated_order",
            "ts": order.ts,
            "order_id": order.order_id,
            **self._keeping(order),
        }

    def _dismissal(self, rejection: Rejection) -> Fact:
        at = self._index.undone.restored_at(rejection)
        restored = (
            {"event_id": restoration.event_id, "ts": at}
            for restoration in self._evidence.restorations
            if restoration.ts == at and restores(restoration, rejection)
        )
        return {
            "kind": "dismissal",
            "ts": rejection.ts,
            "event_id": rejection.event_id,
            "reason": rejection.reason,
            "target": _target(rejection.target),
            **_named_target(rejection.target, find(self._reported.dismissals, rejection.event_id)),
            "price": rejection.price,
            "currency": rejection.currency,
            "attributes": _attributes(rejection.attributes),
            "restored": next(restored, None),
            **self._keeping(rejection),
        }

    def _restoration(self, restoration: Restoration) -> Fact:
        return {
            "kind": "restoration",
            "ts": restoration.ts,
            "event_id": restoration.event_id,
            "reason": restoration.reason,
            "target": _target(restoration.target),
            **_named_target(
                restoration.target, find(self._reported.restorations, restoration.event_id)
            ),
            **self._keeping(restoration),
        }

    def _impression(self, shown: Shown) -> Fact:
        return {
            "kind": "impression",
            "ts": shown.ts,
            "impression_id": shown.impression_id,
            "product_id": shown.product_id,
            **self._named(shown),
            **self._keeping(shown),
        }


def _by_time(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=_time)  # stable: one time, the order of identities


def _time(fact: Fact) -> int:
    """When it happened: of an order line when that was bought."""
    first = fact.get("first")
    ts: int = (fact if first is None else first)["ts"]
    return ts


def _identity(fact: Known) -> Any:
    return fact.identity_of(fact)


def _makes(timed: TimedLine, claim: Claim) -> bool:
    if claim.reason == "purchased":
        return (timed.line.bought, timed.until) == (claim.since, claim.until)
    return (timed.lapses, timed.ends) == (claim.since, claim.until)


def attributes_as_json(attributes: HasAttributes) -> dict[str, Any]:
    """The attributes of a product that are known, by name."""
    known = {name: getattr(attributes, name) for name in Attributes.__struct_fields__}
    return {name: value for name, value in known.items() if value is not None}


def _attributes(attributes: Attributes | None) -> dict[str, Any]:
    return {} if attributes is None else attributes_as_json(attributes)


def _target(target: Target | None) -> dict[str, str] | None:
    return None if target is None else {target.field: target.value}


def _named_target(target: Target | None, reported: Rejection | Restoration | None) -> Fact:
    """The alias by which a target was reported; nothing where that is its own id."""
    if reported is None or reported.target is None or reported.target == target:
        return {}
    return {"named": [reported.target.value]}


def _completes(event: Purchase, line: Line, catalog: Catalog) -> bool:
    return (
        event.event == "order_completed"
        and event.order_id == line.order_id
        and any(
            catalog.product_id_of(product.product_id) == line.product_id
            for product in event.products or ()
        )
    )
