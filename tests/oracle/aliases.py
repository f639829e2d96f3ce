"""Ids that are read as another product (SPEC 2, `aliases`)."""


def product_meant(product_id, catalog):
    """The product that an id is read as: its own record, or else the least that names it."""
    if product_id in catalog:
        return product_id
    naming = [other for other, known in catalog.items() if product_id in known["aliases"]]
    return min(naming, default=product_id)


def as_read(fact, catalog):
    """The fact with the product in place of the alias, in its id as well."""
    read = dict(fact)
    if fact["kind"] in ("line", "first_completion", "refund", "impression"):
        meant = product_meant(fact["id"][-1], catalog)
        read["id"] = (*fact["id"][:-1], meant)
        if "product_id" in fact:
            read["product_id"] = meant
    target = fact.get("target")
    if target is not None and target[0] == "product_id":
        read["target"] = ("product_id", product_meant(target[1], catalog))
    return read


def read_by_catalog(facts, catalog):
    """The facts with products in place of aliases: what is of one product is one fact.

    One event that names a product by several ids adds up; otherwise the newest event counts.
    """
    alike = {}
    for fact in sorted(facts, key=lambda fact: str(fact.get("product_id"))):
        read = as_read(fact, catalog)
        alike.setdefault(read["id"], []).append(read)
    return [as_one(same) for same in alike.values()]


def as_one(same):
    if len(same) == 1:
        return same[0]
    if same[0]["kind"] == "first_completion":
        return min(same, key=lambda fact: (fact["ts"], fact["event_id"]))
    newest = max((fact["ts"], fact["event_id"]) for fact in same)
    of_newest = [fact for fact in same if (fact["ts"], fact["event_id"]) == newest]
    one = dict(of_newest[0])
    if "quantity" in one:
        one["quantity"] = sum(fact["quantity"] for fact in of_newest)
        brought = [fact["attributes"] for fact in of_newest if any_attribute(fact["attributes"])]
        one["attributes"] = brought[0] if brought else {}
    return one


def any_attribute(attributes):
    return any(value is not None for value in attributes.values())
