"""Whether the ids of products are those of the catalog, and what those look like that are not.

What one sender names otherwise than the catalog does never meets anything, and nothing else shows
it: a dead letter it is not, since the catalog need not know every product (SPEC 2).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Self
from zlib import crc32

from schemas.records import Dismissal, Event, Impression, Purchase, Request
from streams.suppression.catalog import Catalog

NAMING: Final = ("purchases", "dismissals", "impressions", "impression-requests")
"""The topics whose events name products."""

KNOWN: Final = "product"
ALIAS: Final = "alias"
UNKNOWN: Final = "unknown"
FOUND: Final = (KNOWN, ALIAS, UNKNOWN)
"""As what the catalog has an id."""

LOOKS: Final = ("digits", "prefixed", "other")
"""What an id looks like: digits only, a prefix before a digit, or something else."""

PREFIX: Final = re.compile(r"[^0-9]+(?=[0-9])")

MOST_IDS: Final = 50_000
"""So many different ids are counted one by one."""

EXAMPLES: Final = 10
COMMON: Final = 0.1
"""A prefix is common from this share of the ids on."""


def ids_named(event: Event) -> tuple[str, Sequence[str]]:
    """The topic of an event and the ids of products that it names, as they are written."""
    if isinstance(event, Request):
        return "impression-requests", [each.product_id for each in event.candidates]
    if isinstance(event, Purchase):
        return "purchases", [product.product_id for product in event.products or ()]
    if isinstance(event, Impression):
        return "impressions", (event.product_id,)
    if isinstance(event, Dismissal) and event.product_id is not None:
        return "dismissals", (event.product_id,)
    return "dismissals", ()


def found_as(product_id: str, catalog: Catalog) -> str:
    """As what the catalog has an id: one of `FOUND`."""
    if product_id in catalog.products:
        return KNOWN
    return ALIAS if product_id in catalog.aliases else UNKNOWN


def looks_of(product_id: str) -> str:
    """What an id looks like: one of `LOOKS`."""
    if product_id.isascii() and product_id.isdigit():
        return "digits"
    return "other" if prefix_of(product_id) is None else "prefixed"


def prefix_of(product_id: str) -> str | None:
    """What an id has before its first digit, such as `wc_post_id_`; None without one."""
    found = PREFIX.match(product_id)
    return None if found is None else found[0]


class IdCounts:
    """How often each id was named.

    Of more than `MOST_IDS` different ones those with the least checksums are kept, whose counts
    are exact: so a flood of ids takes no more memory, and the parts of a run add up to the same
    whatever they are.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.is_sample = False
        """Whether there were more than are kept."""
        self._last: tuple[int, str] | None = None
        """What orders the last that is kept; None while all are."""

    def add(self, product_id: str, count: int = 1) -> None:
        """Count an id."""
        last = self._last
        if last is None or _order(product_id) <= last:
            self.counts[product_id] += count
            if len(self.counts) >= 2 * MOST_IDS:
                self._keep()

    def update(self, other: Self) -> None:
        """Add the counts of another part of the same run."""
        self.is_sample = self.is_sample or other.is_sample
        lasts = [last for last in (self._last, other._last) if last is not None]
        self._last = min(lasts, default=None)
        for product_id, count in other.counts.items():
            self.add(product_id, count)
        self._keep()

    def kept(self) -> Counter[str]:
        """The ids that are kept, with their counts."""
        self._keep()
        return self.counts

    def _keep(self) -> None:
        ids = sorted(self.counts, key=_order)
        if len(ids) > MOST_IDS:
            self.is_sample = True
            self._last = _order(ids[MOST_IDS - 1])
        if self._last is not None:
            kept = [each for each in ids[:MOST_IDS] if _order(each) <= self._last]
            self.counts = Counter({each: self.counts[each] for each in kept})


class ProductIds:
    """How many ids of products the catalog knows, by topic, and which it does not."""

    def __init__(self) -> None:
        self.found: Counter[tuple[str, str]] = Counter()
        """By topic and by as what the catalog has them."""
        self.unknown = {topic: IdCounts() for topic in NAMING}

    def count(self, event: Event, catalog: Catalog) -> None:
        """Count the ids that an event names."""
        topic, ids = ids_named(event)
        for product_id in ids:
            found = found_as(product_id, catalog)
            self.found[topic, found] += 1
            if found == UNKNOWN:
                self.unknown[topic].add(product_id)

    def merge(self, other: Self) -> None:
        """Add the counts of another part of the same run."""
        self.found.update(other.found)
        for topic, counts in other.unknown.items():
            self.unknown[topic].update(counts)

    def figures(self) -> list[dict[str, Any]]:
        """All of it by topic, as plain JSON data, without topics that name no product."""
        return [self._figures(topic) for topic in NAMING if self._named(topic)]

    def _named(self, topic: str) -> int:
        return sum(self.found[topic, found] for found in FOUND)

    def _figures(self, topic: str) -> dict[str, Any]:
        counts = self.unknown[topic]
        kept = counts.kept()
        return {
            "topic": topic,
            "named": self._named(topic),
            "by_alias": self.found[topic, ALIAS],
            "unknown": self.found[topic, UNKNOWN],
            "different": len(kept),
            "is_sample": counts.is_sample,
            "most_frequent": [{"id": each, "count": n} for each, n in _first(kept, EXAMPLES)],
            **looks(kept),
        }


def looks(counts: Mapping[str, int]) -> dict[str, Any]:
    """What ids look like: how many are of digits only, and the prefixes that are common."""
    prefixes: Counter[str] = Counter()
    digits = 0
    for product_id, count in counts.items():
        prefix = prefix_of(product_id)
        if prefix is not None:
            prefixes[prefix] += count
        elif looks_of(product_id) == "digits":
            digits += count
    least = COMMON * sum(counts.values())
    common = {prefix: count for prefix, count in prefixes.items() if count >= least}
    shown = _first(common, EXAMPLES)
    return {
        "digits_only": digits,
        "prefixes": [{"prefix": prefix, "count": count} for prefix, count in shown],
    }


def looks_in_words(figures: Mapping[str, Any]) -> str:
    """The same in a few words: `digits only (12), beginning with sku_ (3)`."""
    parts = [f"beginning with {each['prefix']} ({each['count']:,})" for each in figures["prefixes"]]
    if figures["digits_only"]:
        parts.insert(0, f"digits only ({figures['digits_only']:,})")
    return ", ".join(parts) or "nothing in common"


def _first(counts: Mapping[str, int], most: int) -> Iterable[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]


def _order(product_id: str) -> tuple[int, str]:
    return crc32(product_id.encode(errors="surrogatepass")), product_id
