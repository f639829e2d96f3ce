"""What the catalog says of products, and what follows for the scopes that they belong to."""

from collections.abc import Sequence
from typing import Final, cast

from msgspec.structs import replace

from schemas.outputs import Scope
from schemas.records import Candidate, Product
from streams.suppression.claims import ScopeValue
from streams.suppression.facts import Attributes, HasAttributes
from streams.suppression.words import EVERYTHING


class Catalog:
    """The products that are known; `generation` grows with every change.

    Attribute by attribute the catalog wins over what a record brings (SPEC 2).
    """

    __slots__ = ("_shared", "aliases", "generation", "products")

    def __init__(self) -> None:
        self.products: dict[str, Product] = {}
        self.aliases: dict[str, str] = {}
        """By alias the least id of the products that name it. It counts for no product's own id."""
        self._shared: dict[str, set[str]] = {}
        """The products that name an alias, where there are several."""
        self.generation = 0

    def put(self, product_id: str, product: Product | None) -> None:
        """Put a product in its place; None removes it."""
        known = self.products.get(product_id)
        if known == product:
            return
        if known is not None and known.aliases:
            self._drop_aliases(product_id, known.aliases)
        if product is None:
            del self.products[product_id]
        else:
            self.products[product_id] = product
            if product.aliases:
                self._add_aliases(product_id, product.aliases)
        self.generation += 1

    def _add_aliases(self, product_id: str, aliases: list[str]) -> None:
        for alias in aliases:
            known = self.aliases.get(alias, product_id)
            if known != product_id:
                self._shared.setdefault(alias, {known}).add(product_id)
            self.aliases[alias] = min(known, product_id)

    def _drop_aliases(self, product_id: str, aliases: list[str]) -> None:
        for alias in set(aliases):
            sharing = self._shared.get(alias)
            if sharing is None:
                del self.aliases[alias]
                continue
            sharing.discard(product_id)
            self.aliases[alias] = min(sharing)
            if len(sharing) == 1:
                del self._shared[alias]

    def product_id_of(self, named: str) -> str:
        """The id of the product that an id names: itself, unless it is an alias (SPEC 2)."""
        aliases = self.aliases
        if not aliases or named in self.products:
            return named
        return aliases.get(named, named)

    def ids_of(self, named: str) -> tuple[str, ...]:
        """All ids of the product that an id names, the product's own first."""
        product_id = self.product_id_of(named)
        product = self.products.get(product_id)
        if product is None or not product.aliases:
            return (product_id,)
        others = [alias for alias in product.aliases if self.product_id_of(alias) == product_id]
        return tuple(dict.fromkeys((product_id, *others)))

    def find(self, named: str) -> Product | None:
        """What is known of the product that an id names."""
        return self.products.get(self.product_id_of(named))

    def as_product(self, candidate: Candidate) -> Candidate:
        """The candidate by the id of its product, where the request names it by an alias."""
        product_id = self.product_id_of(candidate.product_id)
        if product_id == candidate.product_id:
            return candidate
        return replace(candidate, product_id=product_id)

    def attributes(self, product_id: str, own: HasAttributes | None) -> HasAttributes:
        """The attributes of a product, those that a record brings filling in what is not known."""
        product = self.products.get(product_id)
        if product is None:
            return NO_ATTRIBUTES if own is None else own
        if own is None:
            return product
        categories = own.categories if product.categories is None else product.categories
        return Attributes(
            own.item_group_id if product.item_group_id is None else product.item_group_id,
            cast(list[str] | None, categories),
            own.brand if product.brand is None else product.brand,
            own.advertiser_id if product.advertiser_id is None else product.advertiser_id,
        )


NO_ATTRIBUTES: Final = Attributes()


def scope_of(
    scope: Scope, product_id: str, attributes: HasAttributes, category: str | None = None
) -> ScopeValue:
    """The scope and its value for a product (SPEC 4, "Scope of a product").

    `category` is the one whose policy entry set a purchase's scope. A product that lacks what
    the scope needs falls back to its group, and one without a group is a group of its own.
    """
    if scope == "product":
        return scope, product_id
    if scope == "all":
        return scope, EVERYTHING
    value: str | None = None
    if scope == "category":
        value = category or narrowest(attributes.categories)
    elif scope == "brand":
        value = attributes.brand
    elif scope == "advertiser":
        value = attributes.advertiser_id
    if value is not None:
        return scope, value
    group = attributes.item_group_id
    return "group", product_id if group is None else group


def narrowest(categories: Sequence[str] | None) -> str | None:
    """The last of the categories, which run from broad to narrow; None where there are none."""
    return categories[-1] if categories else None


def categories_of(candidate: Candidate, product: Product | None) -> Sequence[str]:
    """The categories of a candidate, those of the catalog where it has any to say."""
    categories = None if product is None else product.categories
    if categories is None:
        categories = candidate.categories
    return () if categories is None else categories


def has_attributes(candidate: Candidate) -> bool:
    """Whether a request says more of a candidate's product than its id."""
    return (
        candidate.item_group_id is not None
        or candidate.categories is not None
        or candidate.brand is not None
        or candidate.advertiser_id is not None
    )


def group_of(candidate: Candidate, product: Product | None) -> str:
    """The group of a candidate; one without a group is a group of its own."""
    group = None if product is None else product.item_group_id
    if group is None:
        group = candidate.item_group_id
    return candidate.product_id if group is None else group


def brand_of(candidate: Candidate, product: Product | None) -> str | None:
    """The brand of a candidate."""
    brand = None if product is None else product.brand
    return candidate.brand if brand is None else brand


def advertiser_of(candidate: Candidate, product: Product | None) -> str | None:
    """The advertiser of a candidate."""
    advertiser_id = None if product is None else product.advertiser_id
    return candidate.advertiser_id if advertiser_id is None else advertiser_id
