"""How many ads would have followed people after they bought or rejected, and which."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from schemas.records import Request
from streams.recording.report.ads import Ad
from streams.recording.report.history import Objection
from streams.recording.report.part import Part
from streams.suppression.catalog import narrowest
from streams.suppression.words import DAY

ORDERED: Final = "ordered"
REJECTED: Final = "rejected"
EITHER: Final = "ordered_or_rejected"

DAYS: Final = 30
"""So many days before and after an order or a rejection are looked at."""

UNKNOWN: Final = ""
"""The name of a category, brand or site where none is known."""


class Following(Part):
    """Counts ads by what the person had done before, and by days since."""

    def __init__(self) -> None:
        self.ads: Counter[tuple[str, str]] = Counter()
        """Ads from the time of the event on, by `ORDERED`, `REJECTED` or `EITHER` and outcome."""
        self.days: Counter[tuple[str, int, str]] = Counter()
        """Ads by `ORDERED` or `REJECTED`, whole days since then, and outcome. Day 0 are the first
        24 hours after it, day -1 the last 24 before."""
        self.names: Counter[tuple[str, str, str]] = Counter()
        """Ads from the time of either event on, by `category` (the narrowest), `brand` or `site`,
        its name, and outcome."""
        self.all: Counter[tuple[str, str]] = Counter()
        """All ads, whatever was before, by `category`, `brand` or `site`, and its name."""

    def count(self, request: Request, ads: Iterable[Ad]) -> None:
        """Count the ads of a request."""
        at, site = request.ts, request.site or UNKNOWN
        for ad in ads:
            attributes = ad.attributes
            names = (
                ("category", narrowest(attributes.categories) or UNKNOWN),
                ("brand", attributes.brand or UNKNOWN),
                ("site", site),
            )
            self.all.update(names)
            follows = False
            for kind, objection in ((ORDERED, ad.order), (REJECTED, ad.rejection)):
                if objection is not None:
                    follows |= self._count_since(kind, objection, at, ad.outcome)
            if follows:
                self.ads[EITHER, ad.outcome] += 1
                self.names.update((*name, ad.outcome) for name in names)

    def _count_since(self, kind: str, objection: Objection, at: int, outcome: str) -> bool:
        """Count an ad by the time since an objection; returns whether it came after that."""
        day = (at - objection.ts) // DAY
        if -DAYS <= day < DAYS:
            self.days[kind, day, outcome] += 1
        if day < 0:
            return False
        self.ads[kind, outcome] += 1
        return True
