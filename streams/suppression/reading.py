"""A person's evidence as a policy and a catalog read it, brought up to date piece by piece.

Evidence is sorted by the scope value that it counts for, since all claims on one value follow from
the evidence there alone. New evidence so only lets its own place be read again, and a candidate
only looks at the few places that cover it, however much there is about the person.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from schemas.records import Candidate, Dismissal, Event, Impression, Preference, Product, Purchase
from streams.suppression.catalog import Catalog, scope_of, scope_values
from streams.suppression.claims import (
    Claim,
    OwnedLine,
    ScopeValue,
    consent_claim,
    dismissal_place,
    line_rule,
)
from streams.suppression.evidence import Evidence, LineKey, ShownKey
from streams.suppression.place import EVERYWHERE, Piece, Place, leave
from streams.suppression.policy import Policy
from streams.suppression.refunding import Refunds
from streams.suppression.restoring import NOTHING_RESTORED, Restorations
from streams.suppression.retention import (
    Ending,
    drop_ended,
    refund_ends,
    voided_ends,
)
from streams.suppression.words import LATEST


class Reading:
    """What one person's evidence claims, read through a policy and a catalog."""

    __slots__ = (
        "_catalog",
        "_dismissal_places",
        "_generation",
        "_impression_places",
        "_line_places",
        "_places",
        "_restorations",
        "_restored",
        "_scopes",
        "_values",
        "evidence",
        "policy",
        "refunds",
    )

    def __init__(self, evidence: Evidence, policy: Policy, catalog: Catalog) -> None:
        self._generation = catalog.generation
        self.evidence = evidence
        self.policy = policy
        self._catalog = catalog
        self._places: dict[ScopeValue, Place] = {}
        self._scopes: frozenset[str] = frozenset()
        self._values: set[str] = set()
        """Scopes and values of the places, and perhaps of some that are no more."""
        self._line_places: dict[LineKey, Place] = {}
        self._dismissal_places: dict[str, Place] = {}
        self._impression_places: dict[ShownKey, Place] = {}
        self.refunds = Refunds(evidence.refunds) if evidence.refunds else None
        self._restorations: Restorations | None = None
        """None when they have changed since they were asked for."""
        self._restored = len(evidence.restorations)
        for line_key in evidence.lines:
            self._locate_line(line_key)
        for event_id in evidence.dismissals:
            self._locate_dismissal(event_id)
        for shown_key in list(evidence.impressions):
            self._locate_impression(shown_key)
        self._locate_consent()

    # -- what claims there are

    @property
    def is_current(self) -> bool:
        """Whether the catalog still says what it said when it was read."""
        return self._generation == self._catalog.generation

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is held against any candidate."""
        return not (
            self._line_places
            or self._dismissal_places
            or self._impression_places
            or EVERYWHERE in self._places
        )

    @property
    def restorations(self) -> Restorations:
        """What the person took back, sorted when it is first asked for."""
        if self._restorations is None:
            said = self.evidence.restorations
            self._restorations = Restorations(said.values()) if said else NOTHING_RESTORED
        return self._restorations

    @property
    def named(self) -> Container[str] | None:
        """What a product's id has to be among to be covered by a claim, if all that is known of
        the product is its id; None if everything is covered.
        """
        return None if EVERYWHERE in self._places else self._values

    @property
    def is_sensitive_granted(self) -> bool:
        """Whether the person allowed ads on sensitive topics."""
        said = self.evidence.preferences.get("sensitive_topics")
        return said is not None and said.value == "granted"

    def claims(self) -> list[Claim]:
        """All claims of the person, active or not."""
        return [
            claim
            for place in self._places.values()
            for claim in (place.claims if place.is_read else self._claims(place))
        ]

    def changes(self) -> Iterator[tuple[ScopeValue, Sequence[Claim]]]:
        """Where evidence came or went since this was last asked for, and the claims there now."""
        for scope_value, place in self._places.items():
            claims = self._claims(place)
            if not place.is_told:
                place.is_told = True
                yield scope_value, claims

    def claims_on(self, candidate: Candidate, product: Product | None) -> list[Claim]:
        """The claims that cover a candidate, active or not.

        `product` is what the catalog knows of it, which wins attribute by attribute (SPEC 2).
        """
        places = self._places
        return [
            claim
            for scope_value in scope_values(candidate, product, self._scopes)
            if (place := places.get(scope_value)) is not None
            for claim in (place.claims if place.is_read else self._claims(place))
        ]

    def covering(self, candidate: Candidate, product: Product | None) -> list[ScopeValue]:
        """The scope values that a candidate has, of the scopes that the person has claims of."""
        return scope_values(candidate, product, self._scopes)

    def counts_for(self, kind: str, key: Any) -> ScopeValue | None:
        """Where a fact counts, by its kind and key in `Evidence`; None if it makes no claim."""
        place = self._counted.get(kind, {}).get(key)
        return None if place is None else place.scope_value

    def owned_lines(self, scope_value: ScopeValue) -> Sequence[OwnedLine]:
        """The order lines that count for a scope value and of which something was kept."""
        place = self._places.get(scope_value)
        return () if place is None else place.owned_lines(self)[0]

    @property
    def _counted(self) -> dict[str, dict[Any, Place]]:
        """The places of the facts that make claims, by kind and key."""
        return {
            "lines": self._line_places,
            "dismissals": self._dismissal_places,
            "impressions": self._impression_places,
        }

    def _claims(self, place: Place) -> Sequence[Claim]:
        if not place.is_read:
            place.read(self)
        return place.claims

    # -- what new evidence changes

    def take(self, event: Event) -> None:
        """Follow the evidence, which has just been joined with this event."""
        if isinstance(event, Purchase):
            self._take_purchase(event)
        elif isinstance(event, Dismissal):
            leave(self._dismissal_places, event.event_id)
            if event.event_id in self.evidence.dismissals:
                self._locate_dismissal(event.event_id)
            if len(self.evidence.restorations) != self._restored or event.action == "restored":
                self._take_restoration(event)
        elif isinstance(event, Impression):
            self._locate_impression((event.impression_id, event.product_id))
        elif isinstance(event, Preference):
            self._locate_consent()

    def _take_restoration(self, event: Dismissal) -> None:
        """Have what may have been taken back read again; all of it if an event was corrected."""
        before, self._restored = self._restored, len(self.evidence.restorations)
        self._restorations = None
        said = self.evidence.restorations.get(event.event_id)
        target = said.target if said is not None and self._restored > before else None
        for event_id, place in self._dismissal_places.items():
            if target is None or self.evidence.dismissals[event_id].target == target:
                place.is_read = False

    def _take_purchase(self, event: Purchase) -> None:
        if event.event == "order_completed":
            for product in event.products or ():
                self._locate_line((event.order_id, product.product_id))
            return
        if event.event == "order_cancelled" or event.products is None:
            changed = {key for key in self._line_places if key[0] == event.order_id}
        else:
            changed = set()
            if self.refunds is None:
                self.refunds = Refunds({})
            for product in event.products:
                fact = event.event_id, product.product_id
                changed |= self.refunds.count(fact, self.evidence.refunds[fact])
        for key in changed & self._line_places.keys():
            self._line_places[key].is_read = False

    def _locate_line(self, key: LineKey) -> None:
        line = self.evidence.lines[key]
        scope_value, rule = line_rule(key[1], line, self.policy, self._catalog)
        place = self._place(scope_value)
        known = self._line_places.get(key)
        if known is not place:
            if known is not None:
                leave(self._line_places, key)
            self._line_places[key] = place
        place.add_line(key, rule, self)

    def _locate_dismissal(self, event_id: str) -> None:
        said = self.evidence.dismissals[event_id]
        scope_value = dismissal_place(said, self.policy, self._catalog)
        if scope_value is not None:
            place = self._dismissal_places[event_id] = self._place(scope_value)
            place.add_dismissal(event_id)

    def _locate_impression(self, key: ShownKey) -> None:
        """Count an impression; only the newest of a scope value need be kept (SPEC 3)."""
        attributes = self._catalog.attributes(key[1], None)
        place = self._place(scope_of(self.policy.frequency_scope, key[1], attributes))
        self._impression_places[key] = place
        place.add_impression(key)
        if len(place.impressions) > self.policy.frequency_max:
            times = self.evidence.impressions
            oldest = min(place.impressions, key=lambda shown: (times[shown], *shown))
            leave(self._impression_places, oldest)
            del times[oldest]

    def _locate_consent(self) -> None:
        if consent_claim(self.evidence, self.policy) is not None:
            self._place(EVERYWHERE).is_read = False
        elif place := self._places.get(EVERYWHERE):
            place.is_read = False

    def _place(self, scope_value: tuple[str, str]) -> Place:
        """The place of a scope value."""
        place = self._places.get(scope_value)
        if place is None:
            place = self._places[scope_value] = Place(scope_value)
            scope, value = scope_value
            if scope not in self._scopes:
                self._scopes = _with(self._scopes, scope)
            self._values.add(value)
        return place

    # -- what ends

    def prune(self, newest: int) -> int | None:
        """Remove the evidence that can no longer matter at a partition's newest event time.

        It goes when its claims ended longer ago than the retention; facts that make none stay
        as long as what they act on, and at least as long as the retention (SPEC 3). What is gone
        depends only on the set and on that time, so not on when, or how often, this is called.

        Returns the first event time at which more of it will go; None if nothing will.
        """
        cutoff = newest - self.policy.retention
        first = LATEST
        for place in self._places.values():
            if not place.is_read:
                place.read(self)
            end = place.first_end
            if end is not None and end < first:
                first = end
        over = self._over(cutoff) if first < cutoff else []
        others = self._prune_without_claims(cutoff)
        if over:
            first = self._prune_places(over, cutoff)
        due = min(first, min(others, default=LATEST)) + self.policy.retention + 1
        return due if due <= LATEST else None

    def ends(self) -> Iterator[Ending]:
        """When each fact matters no more, in no particular order."""
        evidence = self.evidence
        line_ends: dict[LineKey, int] = {}
        for place in self._places.values():
            line_ends |= place.line_ends(self)
            yield from place.endings(self)
        yield from (Ending("refunds", *item) for item in refund_ends(evidence, line_ends).items())
        yield from (Ending("voided", *item) for item in voided_ends(evidence, line_ends).items())
        for event_id, restoration in evidence.restorations.items():
            yield Ending("restorations", event_id, restoration.ts)
        for event_id, said in evidence.dismissals.items():
            if event_id not in self._dismissal_places:
                yield Ending("dismissals", event_id, said.ts)

    def _prune_without_claims(self, cutoff: int) -> list[int]:
        """Remove what makes no claim of its own and is over; the ends of what stays of it."""
        evidence = self.evidence
        ends: list[int] = []
        if evidence.refunds or evidence.voided:
            line_ends = self._ends_of_returned_lines()
            refunds = len(evidence.refunds)
            ends += drop_ended(evidence.refunds, refund_ends(evidence, line_ends), cutoff)
            ends += drop_ended(evidence.voided, voided_ends(evidence, line_ends), cutoff)
            if len(evidence.refunds) != refunds:
                self.refunds = Refunds(evidence.refunds)
        if evidence.restorations:
            restored = {key: said.ts for key, said in evidence.restorations.items()}
            ends += drop_ended(evidence.restorations, restored, cutoff)
            if len(evidence.restorations) != self._restored:
                self._restored = len(evidence.restorations)
                self._restorations = None
        if len(evidence.dismissals) > len(self._dismissal_places):
            uncounted = {
                key: said.ts
                for key, said in evidence.dismissals.items()
                if key not in self._dismissal_places
            }
            ends += drop_ended(evidence.dismissals, uncounted, cutoff)
        return ends

    def _ends_of_returned_lines(self) -> dict[LineKey, int]:
        """When the lines end that something came back of, among others."""
        evidence = self.evidence
        returned = {(refund.order_id, key[1]) for key, refund in evidence.refunds.items()}
        if evidence.voided:
            returned.update(key for key in self._line_places if key[0] in evidence.voided)
        ends: dict[LineKey, int] = {}
        for place in {self._line_places[key] for key in returned if key in self._line_places}:
            ends |= place.line_ends(self)
        return ends

    def _over(self, cutoff: int) -> list[tuple[Place, list[Piece]]]:
        """The places where something ended before the cutoff, and what did."""
        return [
            (place, place.ended(cutoff, self))
            for place in self._places.values()
            if place.first_end is not None and place.first_end < cutoff
        ]

    def _prune_places(self, over: Iterable[tuple[Place, list[Piece]]], cutoff: int) -> int:
        """Remove what is over; when the first of what stays ends."""
        counted = self._counted
        for place, ended in over:
            for kind, key in ended:
                del counted[kind][key]
                del getattr(self.evidence, kind)[key]
            place.remove(ended, cutoff, self)
        first = LATEST
        for place in list(self._places.values()):
            if not place.is_read:
                place.read(self)
            if place.first_end is not None:
                first = min(first, place.first_end)
            elif not (place.claims or place.lines or place.dismissals or place.impressions):
                del self._places[place.scope_value]
        return first


@lru_cache
def _with(scopes: frozenset[str], scope: str) -> frozenset[str]:
    """The same set for all who have these scopes: few combinations occur."""
    return scopes | {scope}
