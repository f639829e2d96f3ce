"""What the catalog says of products, and what follows for the scopes that they belong to."""

from collections.abc import Container, Sequence

from schemas.records import Candidate, Product
from streams.suppression.evidence import Attributes, HasAttributes
from streams.suppression.words import EVERYTHING


class Catalog:
    """The products that are known; `generation` grows with every change.

    Attribute by attribute the catalog wins over what a record brings (SPEC 2).
    """

    __slots__ = ("generation", "products")

    def __init__(self) -> None:
        self.products: dict[str, Product] = {}
        self.generation = 0

    def put(self, product_id: str, product: Product | None) -> None:
        """Take a catalog record; None removes the product."""
        if product is None:
            if self.products.pop(product_id, None) is None:
                return
        elif self.products.get(product_id) == product:
            return
        else:
            self.products[product_id] = product
        self.generation += 1

    def attributes(self, product_id: str, own: HasAttributes | None) -> Attributes:
        """The attributes of a product, those that a record brings filling in what is not known."""
        product = self.products.get(product_id)
        if product is None:
            if own is None:
                return NO_ATTRIBUTES
            return Attributes(own.item_group_id, own.categories, own.brand, own.advertiser_id)
        if own is None:
            return Attributes(
                product.item_group_id, product.categories, product.brand, product.advertiser_id
            )
        return Attributes(
            own.item_group_id if product.item_group_id is None else product.item_group_id,
            own.categories if product.categories is None else product.categories,
            own.brand if product.brand is None else product.brand,
            own.advertiser_id if product.advertiser_id is None else product.advertiser_id,
        )


NO_ATTRIBUTES = Attributes()


def scope_of(
    scope: str, product_id: str, attributes: Attributes, category: str | None = None
) -> tuple[str, str]:
    """The scope and its value for a product (SPEC 4, "Scope of a product").

    `category` is the one whose policy entry set a purchase's scope. A product that lacks what
    the scope needs falls back to its group, and one without a group is a group of its own.
    """
    if scope == "product":
        return scope, product_id
    if scope == "all":
        return scope, EVERYTHING
    value = None
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


def scope_values(
    candidate: Candidate, product: Product | None, scopes: Container[str]
) -> list[tuple[str, str]]:
    """The scope values of a candidate that a claim of one of these scopes may have.

    `product` is what the catalog knows of it, which wins attribute by attribute (SPEC 2).
    """
    product_id = candidate.product_id
    covered = [("all", EVERYTHING), ("product", product_id)]
    if "group" in scopes:
        group = None if product is None else product.item_group_id
        if group is None:
            group = candidate.item_group_id
        covered.append(("group", product_id if group is None else group))
    if "category" in scopes:
        covered += [("category", name) for name in set(categories_of(candidate, product))]
    if "brand" in scopes:
        brand = None if product is None else product.brand
        if brand is None:
            brand = candidate.brand
        if brand is not None:
            covered.append(("brand", brand))
    if "advertiser" in scopes:
        advertiser = None if product is None else product.advertiser_id
        if advertiser is None:
            advertiser = candidate.advertiser_id
        if advertiser is not None:
            covered.append(("advertiser", advertiser))
    return covered
