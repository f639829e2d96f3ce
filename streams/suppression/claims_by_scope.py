"""What is held against a person's candidates, found by scope value.

Most people have claims on a few scope values, which are looked through one by one; only beyond
that they are found by their value.
"""

from bisect import bisect_left
from collections.abc import Container
from typing import Final

from mypy_extensions import mypyc_attr

from schemas.outputs import Scope
from schemas.records import Candidate, Product
from streams.suppression.catalog import advertiser_of, brand_of, categories_of, group_of
from streams.suppression.claims import Claim
from streams.suppression.words import SCOPE_ORDER

FEW: Final = 8
"""So many scope values are looked through one by one."""


@mypyc_attr(acyclic=True)
class ScopeClaims:
    """The claims on one scope value, in the order of lists."""

    __slots__ = ("claims", "other", "scope", "value")

    def __init__(self, scope: Scope, value: str) -> None:
        self.scope: Scope = scope
        self.value = value
        self.claims: tuple[Claim, ...] = ()
        self.other: ScopeClaims | None = None
        """Those of another scope on the same value; only where there are many."""


@mypyc_attr(acyclic=True)
class ClaimsByScope:
    """The claims of a person by scope value, in the order of lists."""

    __slots__ = ("_by_value", "is_narrow", "is_sensitive_granted", "scopes")

    def __init__(self) -> None:
        self.scopes: list[ScopeClaims] = []
        """All scope values that have claims, and perhaps some that have none."""
        self._by_value: dict[str, ScopeClaims] | None = None
        self.is_narrow: bool = True
        """Whether all that a claim may go by is a product's id and its group."""
        self.is_sensitive_granted: bool = False
        """Whether the person allowed ads on sensitive topics."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is held against any candidate."""
        return not self.scopes

    def find(self, scope: Scope, value: str) -> ScopeClaims | None:
        """The claims on a scope value."""
        if self._by_value is None:
            for known in self.scopes:
                if known.value == value and known.scope == scope:
                    return known
            return None
        found = self._by_value.get(value)
        while found is not None and found.scope != scope:
            found = found.other
        return found

    def add(self, added: ScopeClaims) -> None:
        """Put in what is held against a scope value that was not there yet."""
        scopes = self.scopes
        if added.scope not in ("product", "group"):
            self.is_narrow = False
        if scopes and _order(scopes[-1]) > _order(added):
            scopes.insert(bisect_left(scopes, _order(added), key=_order), added)
        else:
            scopes.append(added)
        if self._by_value is not None:
            self._put(self._by_value, added)
        elif len(scopes) > FEW:
            self._find_by_value()

    def keep(self, kept: list[ScopeClaims]) -> None:
        """Let only these of the scope values stay, which are in their order."""
        self.scopes = kept
        self._by_value = None
        if len(kept) > FEW:
            self._find_by_value()

    def _find_by_value(self) -> None:
        self._by_value = {}
        for known in self.scopes:
            self._put(self._by_value, known)

    @staticmethod
    def _put(by_value: dict[str, ScopeClaims], added: ScopeClaims) -> None:
        added.other = by_value.get(added.value)
        by_value[added.value] = added

    def names(self) -> Container[str] | None:
        """What a product's id has to be among to be covered by a claim, if all that is known of
        the product is its id; None if everything is covered.
        """
        scopes = self.scopes
        if scopes and scopes[-1].scope == "all":
            return None
        if self._by_value is not None:
            return self._by_value
        return [known.value for known in scopes]

    def covering(self, candidate: Candidate, product: Product | None) -> list[ScopeClaims]:
        """The scope values that cover a candidate, each with its claims, active or not.

        `product` is what the catalog knows of it, which wins attribute by attribute (SPEC 2).
        """
        found: list[ScopeClaims] = []
        if self._by_value is None:
            group: str | None = None
            for known in self.scopes:
                if known.scope != "group":
                    if _covers(known, candidate, product):
                        found.append(known)
                else:
                    if group is None:
                        group = group_of(candidate, product)
                    if known.value == group:
                        found.append(known)
            return found
        values = {candidate.product_id, group_of(candidate, product)}
        values.update(categories_of(candidate, product))
        for value in (brand_of(candidate, product), advertiser_of(candidate, product)):
            if value is not None:
                values.add(value)
        for value in values:
            chained = self._by_value.get(value)
            while chained is not None:
                if chained.scope != "all" and _covers(chained, candidate, product):
                    found.append(chained)
                chained = chained.other
        if self.scopes[-1].scope == "all":
            found.append(self.scopes[-1])
        return found


def _covers(held: ScopeClaims, candidate: Candidate, product: Product | None) -> bool:
    """Whether a scope value covers a candidate."""
    scope, value = held.scope, held.value
    if scope == "group":
        return value == group_of(candidate, product)
    if scope == "product":
        return value == candidate.product_id
    if scope == "category":
        return value in categories_of(candidate, product)
    if scope == "brand":
        return value == brand_of(candidate, product)
    if scope == "advertiser":
        return value == advertiser_of(candidate, product)
    return True


def _order(held: ScopeClaims) -> tuple[int, str]:
    return SCOPE_ORDER[held.scope], held.value
