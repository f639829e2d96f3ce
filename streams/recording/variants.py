"""A product and its variants, which are one to people; ads that follow them are counted so."""

from streams.suppression.catalog import Catalog


def group_of(named: str, catalog: Catalog) -> str:
    """The group of a product, by any of its ids; one without a group is a group of its own."""
    product_id = catalog.product_id_of(named)
    product = catalog.products.get(product_id)
    group = None if product is None else product.item_group_id
    return product_id if group is None else group
