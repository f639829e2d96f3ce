"""What was stopped, by reason and scope, and which of it costs money."""

from collections import Counter
from collections.abc import Sequence

from schemas.records import Event, Impression, Request
from streams.recording.report.ads import STOPPED, Ad
from streams.recording.report.part import Part


class Stopping(Part):
    """Counts ads and requests by what became of them."""

    def __init__(self) -> None:
        self.ads: Counter[str] = Counter()
        """All ads by outcome."""
        self.reasons: Counter[tuple[str, str, str]] = Counter()
        """Ads by reason, scope, and outcome: stopped or held out."""
        self.requests: Counter[str] = Counter()
        """`all` of them, and those that were left with `nothing` to show."""
        self.impressions: Counter[str] = Counter()
        """Ads that were recorded as shown and belong to a request that is here, by outcome."""
        self._shown: dict[str, set[tuple[str, str]]] = {}

    def scan(self, event: Event) -> None:
        """Note an ad that was really shown."""
        if isinstance(event, Impression) and event.request_id is not None:
            shown = self._shown.setdefault(event.user_id, set())
            shown.add((event.request_id, event.product_id))

    def count(self, request: Request, ads: Sequence[Ad]) -> None:
        """Count a request and its ads."""
        shown = self._shown.get(request.user_id, ())
        self.requests["all"] += 1
        if all(ad.outcome == STOPPED for ad in ads):
            self.requests["nothing"] += 1
        for ad in ads:
            self.ads[ad.outcome] += 1
            if ad.answer is not None:
                self.reasons[ad.answer.reason, ad.answer.scope, ad.outcome] += 1
            if shown and (ad_key := (request.request_id, ad.named)) in shown:
                shown.discard(ad_key)  # a request that is repeated shows nothing more
                self.impressions[ad.outcome] += 1
