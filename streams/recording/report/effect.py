"""How long it takes until an order or a rejection stops an ad, and what leaks until then."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from schemas.records import Event, Request
from streams.recording.report.ads import LEAKED, STOPPED, Ad
from streams.recording.report.history import History
from streams.recording.report.part import Part
from streams.suppression.policy import Policy

SECOND: Final = 1000

_KINDS: Final = {"purchased": "purchases", "lapsed": "purchases", "no_consent": "preferences"}
"""The kind of evidence behind each reason that does not come from a dismissal."""


class Effect(Part):
    """Follows each order, rejection and denial of consent to the first ad that it stops.

    An ad leaks when it is let through after the time of the event but before the event is applied.
    That happens when the event arrives late.
    """

    def __init__(self, history: History, policy: Policy) -> None:
        self.objections: Counter[str] = Counter()
        """Events, repeats apart, by kind."""
        self.seconds: Counter[tuple[str, int]] = Counter()
        """Those that were the answer for some ad, by kind and by the whole seconds from their
        time to that of the first request where they were."""
        self.leaks: Counter[tuple[str, int]] = Counter()
        """The same ones by kind and by how many ads leaked before they were applied."""
        self.leaked: Counter[str] = Counter()
        """All ads that leaked, by the kind of what was not known yet."""
        self._history = history
        self._kinds = _KINDS | dict.fromkeys(policy.dismissals, "dismissals")
        self._leaked: Counter[tuple[str, str, str]] = Counter()
        self._stopping: set[tuple[str, str, str]] = set()

    def observe(self, event: Event) -> None:
        """Count an event as known from now on."""
        objection = self._history.apply(event)
        if objection is not None:
            self.objections[objection.kind] += 1

    def count(self, request: Request, ads: Iterable[Ad]) -> None:
        """Look for the first ads that something stops, and for ads that leak."""
        for ad in ads:
            if ad.outcome == STOPPED:
                self._stop(request, ad)
            elif ad.outcome == LEAKED:
                self._leak(request, ad)

    def _stop(self, request: Request, ad: Ad) -> None:
        person = request.user_id
        kind = self._kinds.get(ad.answer.reason) if ad.answer else None
        if ad.answer is None or kind is None:
            return
        for event_id in ad.answer.because:
            key = (person, kind, event_id)
            since = self._history.known(person, kind, event_id)
            if since is None or key in self._stopping:
                continue
            self._stopping.add(key)
            self.seconds[kind, max(0, request.ts - since) // SECOND] += 1
            self.leaks[kind, self._leaked[key]] += 1

    def _leak(self, request: Request, ad: Ad) -> None:
        person = request.user_id
        for objection in (ad.order, ad.rejection):
            if (
                objection is not None
                and objection.ts <= request.ts
                and self._history.known(person, objection.kind, objection.event_id) is None
            ):
                self.leaked[objection.kind] += 1
                self._leaked[person, objection.kind, objection.event_id] += 1
