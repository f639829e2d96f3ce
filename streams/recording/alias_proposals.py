"""Which products ids may stand for that the catalog does not know, by how they are written.

An id is compared with those of the catalog without regard to case and leading zeros, as it stands
and without each prefix that ends before a letter or digit. A prefix that all the catalog has, and a
sender leaves out, is seen as well. Only what comes to one product alone is proposed.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from streams.suppression.catalog import Catalog
from streams.suppression.product_ids import prefix_of

CUTS: Final = re.compile(r"(?<=[^0-9A-Za-z])(?=[0-9A-Za-z])|(?<=[A-Za-z])(?=[0-9])")
"""Where a prefix may end: after a separator, or between letters and a digit."""

MOST_CUTS: Final = 8
"""So many prefixes of an id are tried, the shortest first."""

AS_WRITTEN: Final = "by case or leading zeros"
FITTING: Final = 0.1
"""Of the different ids with a prefix at least so many have to be known without it."""
COMMON: Final = 0.5
"""A prefix is the catalog's where at least so many of its ids have it."""


class Proposal(NamedTuple):
    """An id that may be a product's alias."""

    alias: str
    times: int
    """How often it was named."""
    product_id: str
    prefix: str
    """What it has in front, or where `is_shorter` lacks; empty where it is written otherwise."""
    is_shorter: bool = False

    @property
    def why(self) -> str:
        """What the two have in common, in words."""
        if not self.prefix:
            return AS_WRITTEN
        return f"{'with' if self.is_shorter else 'without'} the prefix {self.prefix}"

    def figures(self) -> dict[str, Any]:
        """The proposal as plain JSON data."""
        return {**self._asdict(), "why": self.why}


def propose(unknown: Mapping[str, int], catalog: Catalog) -> list[Proposal]:
    """The aliases that would make these ids known, those of the most frequent ids first."""
    known = _by_form(catalog)
    common = _common_prefix(catalog.products)
    found = [
        proposal
        for alias, count in unknown.items()
        if (proposal := _proposal(alias, count, known, common)) is not None
    ]
    tried = Counter(prefix for alias in unknown for prefix, _ in _shortened(alias))
    fits = Counter(each.prefix for each in found if not each.is_shorter)
    likely = [
        each
        for each in found
        if not each.prefix or each.is_shorter or fits[each.prefix] >= FITTING * tried[each.prefix]
    ]
    return sorted(likely, key=lambda each: (-each.times, each.alias))


def _proposal(
    alias: str, count: int, known: Mapping[str, str | None], common: str | None
) -> Proposal | None:
    for prefix, rest in (("", alias), *_shortened(alias)):
        form = _form(rest)
        if form in known:
            product_id = known[form]
            return None if product_id is None else Proposal(alias, count, product_id, prefix)
    if common is not None:
        product_id = known.get(_form(common + alias))
        if product_id is not None:
            return Proposal(alias, count, product_id, common, is_shorter=True)
    return None


def _shortened(product_id: str) -> Iterator[tuple[str, str]]:
    """The prefixes that an id may have, each with what is left without it."""
    for number, cut in enumerate(CUTS.finditer(product_id)):
        if number == MOST_CUTS:
            return
        yield product_id[: cut.start()], product_id[cut.start() :]


def _by_form(catalog: Catalog) -> dict[str, str | None]:
    """Products by their ids as they are compared; None where several ids come to the same."""
    known: dict[str, str | None] = {}
    for named in (*catalog.products, *catalog.aliases):
        form, product_id = _form(named), catalog.product_id_of(named)
        known[form] = product_id if known.get(form, product_id) == product_id else None
    return known


def _form(product_id: str) -> str:
    form = product_id.strip().casefold()
    return form.lstrip("0") or form


def _common_prefix(product_ids: Iterable[str]) -> str | None:
    """The prefix that most ids of the catalog have."""
    prefixes = Counter(prefix_of(product_id) for product_id in product_ids)
    for prefix, count in prefixes.most_common(1):
        if prefix is not None and count > 1 and count >= COMMON * prefixes.total():
            return prefix
    return None
