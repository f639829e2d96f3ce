"""What is known of a product, and what a scope means for it (SPEC 4, "Scope of a product")."""

ATTRIBUTES = ["item_group_id", "categories", "brand", "advertiser_id"]


def known_attributes(product_id, reported, catalog):
    """Attribute by attribute the catalog's, or else the one `reported` with the event."""
    in_catalog = catalog.get(product_id, {})
    result = {}
    for name in ATTRIBUTES:
        value = in_catalog.get(name)
        if value is None:
            value = reported.get(name)
        result[name] = value
    result["categories"] = result["categories"] or []
    return result


def scope_of(scope, product_id, attributes):
    """The (scope, value) that a policy's `scope` comes to for this product."""
    group = attributes["item_group_id"]
    fallback = ("group", product_id if group is None else group)
    if scope == "product":
        return ("product", product_id)
    if scope == "category" and attributes["categories"]:
        return ("category", attributes["categories"][-1])
    if scope == "brand" and attributes["brand"] is not None:
        return ("brand", attributes["brand"])
    if scope == "advertiser" and attributes["advertiser_id"] is not None:
        return ("advertiser", attributes["advertiser_id"])
    if scope == "all":
        return ("all", "*")
    return fallback


def covers(claim, product_id, attributes):
    """Does the claim's scope take in this product?"""
    value = claim["value"]
    if claim["scope"] == "all":
        return True
    if claim["scope"] == "product":
        return value == product_id
    if claim["scope"] == "group":
        return ("group", value) == scope_of("group", product_id, attributes)
    if claim["scope"] == "category":
        return value in attributes["categories"]
    if claim["scope"] == "brand":
        return value == attributes["brand"]
    return value == attributes["advertiser_id"]
