"""A person's evidence told fact by fact: what was said, what came of it, how long it is kept.

A fact is plain JSON data with a `kind`, its time `ts`, and `kept_until`: it is removed once the
newest event time of its partition is past that, and None means until something newer replaces it
or the person undoes it (SPEC 3). What else it has:

- `order_line`: `event_id`, `order_id`, `product_id`, `quantity` bought and `kept`, `attributes`;
  `returned`, a list of `event_id`, `ts`, `quantity`; `void_since`, when its order was cancelled or
  returned as a whole; `replaced`, a list of `event_id`, `ts` of other events that said it
- `refund`: `event_id`, `order_id`, `product_id`, `quantity`
- `void_order`: `order_id`, which was cancelled or returned as a whole
- `dismissal`: `event_id`, `reason`, `target`, `price`, `attributes`; `restored`, the `event_id` and
  `ts` of what took it back
- `restoration`: `event_id`, `reason`, `target`
- `impression`: `impression_id`, `product_id`
- `preference`: `event_id`, `preference`, `answer`; `replaced`, a list of `event_id`, `ts`, `answer`
  of what else was said

`replaced` is known only to who has the events at hand, since evidence keeps the winners.
"""

from collections.abc import Container, Iterable, Sequence
from typing import Any

from schemas.records import Event, Preference, Purchase
from streams.suppression.claims import FOREVER, Claim, OwnedLine, ScopeValue, after
from streams.suppression.evidence import Attributes, LineKey, ShownKey, Target
from streams.suppression.place import kept_of
from streams.suppression.reading import Reading
from streams.suppression.restoring import Restorations

Fact = dict[str, Any]


class Account:
    """All facts about one person, as a policy and a catalog read them."""

    def __init__(self, reading: Reading, events: Sequence[Event] = ()) -> None:
        """`events` are those that the evidence comes from, where they are at hand."""
        self._reading = reading
        self._evidence = reading.evidence
        self._ends = {(kind, key): end for kind, key, end in reading.ends()}
        self._orders = [event for event in events if isinstance(event, Purchase)]
        self._preferences = [event for event in events if isinstance(event, Preference)]

    def all(self) -> list[Fact]:
        """Every fact, the oldest first."""
        evidence = self._evidence
        return _by_time(
            [
                *map(self._line, evidence.lines),
                *map(self._refund, evidence.refunds),
                *map(self._void_order, evidence.voided),
                *map(self._dismissal, evidence.dismissals),
                *map(self._restoration, evidence.restorations),
                *map(self._impression, evidence.impressions),
                *self.preferences(),
            ]
        )

    def behind(self, claim: Claim) -> list[Fact]:
        """The facts that make a claim of the person, the oldest first."""
        place = (claim.scope, claim.value)
        if claim.reason in ("purchased", "lapsed"):
            return _by_time(
                self._line(owned.key)
                for owned in self._reading.owned_lines(place)
                if owned.line.event_id in claim.because and _makes(owned, claim)
            )
        if claim.reason == "frequency_cap":
            return _by_time(self._impression(key) for key in self._placed("impressions", {place}))
        if claim.reason == "no_consent":
            return [said for said in self.preferences() if said["event_id"] in claim.because]
        known = self._evidence.dismissals
        return _by_time(self._dismissal(key) for key in claim.because if key in known)

    def without_effect(self, covering: Container[ScopeValue]) -> list[Fact]:
        """What counts for these scope values and claims nothing, because it was undone."""
        lines = map(self._line, self._placed("lines", covering))
        dismissals = map(self._dismissal, self._placed("dismissals", covering))
        return _by_time(
            [
                *(line for line in lines if not line["kept"]),
                *(said for said in dismissals if said["restored"]),
            ]
        )

    def preferences(self) -> list[Fact]:
        """What the person allows and forbids."""
        return [
            {
                "kind": "preference",
                "ts": said.ts,
                "event_id": said.event_id,
                "preference": field,
                "answer": said.value,
                "replaced": [
                    {"event_id": event.event_id, "ts": event.ts, "answer": answer}
                    for event in self._preferences
                    if (answer := getattr(event, field)) is not None
                    and (event.ts, event.event_id) != (said.ts, said.event_id)
                ],
                "kept_until": None,
            }
            for field, said in sorted(self._evidence.preferences.items())
        ]

    def _placed(self, kind: str, places: Container[ScopeValue]) -> list[Any]:
        """The keys of the facts of a kind that count for one of these scope values."""
        facts: dict[Any, Any] = getattr(self._evidence, kind)
        return [key for key in facts if self._reading.counts_for(kind, key) in places]

    def _kept_until(self, kind: str, key: Any) -> int | None:
        end = self._ends[kind, key]
        return None if end == FOREVER else after(int(end), self._reading.policy.retention)

    def _line(self, key: LineKey) -> Fact:
        order_id, product_id = key
        line = self._evidence.lines[key]
        return {
            "kind": "order_line",
            "ts": line.ts,
            "event_id": line.event_id,
            "order_id": order_id,
            "product_id": product_id,
            "quantity": line.quantity,
            "kept": kept_of(key, self._reading),
            "attributes": _attributes(line.attributes),
            "returned": [
                {"event_id": event_id, "ts": refund.ts, "quantity": refund.quantity}
                for (event_id, product), refund in self._evidence.refunds.items()
                if (refund.order_id, product) == key
            ],
            "void_since": self._evidence.voided.get(order_id),
            "replaced": [
                {"event_id": event.event_id, "ts": event.ts}
                for event in self._orders
                if _completes(event, key) and (event.ts, event.event_id) != (line.ts, line.event_id)
            ],
            "kept_until": self._kept_until("lines", key),
        }

    def _refund(self, key: tuple[str, str]) -> Fact:
        refund = self._evidence.refunds[key]
        return {
            "kind": "refund",
            "ts": refund.ts,
            "event_id": key[0],
            "order_id": refund.order_id,
            "product_id": key[1],
            "quantity": refund.quantity,
            "kept_until": self._kept_until("refunds", key),
        }

    def _void_order(self, order_id: str) -> Fact:
        return {
            "kind": "void_order",
            "ts": self._evidence.voided[order_id],
            "order_id": order_id,
            "kept_until": self._kept_until("voided", order_id),
        }

    def _dismissal(self, event_id: str) -> Fact:
        said = self._evidence.dismissals[event_id]
        at = self._reading.restorations.first(said)
        restored = (
            {"event_id": key, "ts": at}
            for key, restoration in self._evidence.restorations.items()
            if restoration.ts == at and Restorations((restoration,)).first(said) is not None
        )
        return {
            "kind": "dismissal",
            "ts": said.ts,
            "event_id": event_id,
            "reason": said.reason,
            "target": _target(said.target),
            "price": said.price,
            "attributes": _attributes(said.attributes),
            "restored": next(restored, None),
            "kept_until": self._kept_until("dismissals", event_id),
        }

    def _restoration(self, event_id: str) -> Fact:
        said = self._evidence.restorations[event_id]
        return {
            "kind": "restoration",
            "ts": said.ts,
            "event_id": event_id,
            "reason": said.reason,
            "target": _target(said.target),
            "kept_until": self._kept_until("restorations", event_id),
        }

    def _impression(self, key: ShownKey) -> Fact:
        return {
            "kind": "impression",
            "ts": self._evidence.impressions[key],
            "impression_id": key[0],
            "product_id": key[1],
            "kept_until": self._kept_until("impressions", key),
        }


def _by_time(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: fact["ts"])  # stable: one time, the order of identities


def _makes(owned: OwnedLine, claim: Claim) -> bool:
    times = owned.times
    if claim.reason == "purchased":
        return (owned.line.ts, times.until) == (claim.since, claim.until)
    return (times.lapses, times.ends) == (claim.since, claim.until)


def _attributes(attributes: Attributes | None) -> dict[str, Any]:
    known = {} if attributes is None else attributes._asdict()
    return {name: value for name, value in known.items() if value is not None}


def _target(target: Target | None) -> dict[str, str] | None:
    return None if target is None else {target.field: target.value}


def _completes(event: Purchase, key: LineKey) -> bool:
    order_id, product_id = key
    return (
        event.event == "order_completed"
        and event.order_id == order_id
        and any(product.product_id == product_id for product in event.products or ())
    )
