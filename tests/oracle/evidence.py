"""Evidence as a set of facts (SPEC 3): what an event says, how facts join, when one is gone."""

import orjson

from tests.oracle.aliases import as_read, read_by_catalog
from tests.oracle.claims import (
    bought,
    dismissal_until,
    ends,
    line_end,
    makes_claims,
    net_quantity,
    purchase_terms,
)
from tests.oracle.policy import days


def facts_of(event):
    """The facts that an event reports. Facts with equal `id` are said to be the same one."""
    makers = {
        "purchases": purchase_facts,
        "dismissals": dismissal_facts,
        "impressions": impression_facts,
        "preferences": preference_facts,
    }
    return makers[event["topic"]](event)


def purchase_facts(event):
    about = {"event_id": event["event_id"], "order_id": event["order_id"], "ts": event["ts"]}
    whole = None
    if event["event"] == "order_reinstated":
        whole = "reinstated"
    elif event["event"] == "order_cancelled" or event["products"] is None:
        whole = "whole_refund"
    if whole is not None:
        return [{"kind": whole, "id": (whole, event["event_id"], event["order_id"]), **about}]

    kind = "line" if event["event"] == "order_completed" else "refund"
    facts = {}
    for product in event["products"]:
        product_id = product["product_id"]
        if product_id in facts:
            facts[product_id]["quantity"] += product["quantity"]
            facts[product_id]["gift"] |= product["gift"]
            continue
        facts[product_id] = {
            "kind": kind,
            "id": (kind, event["order_id"] if kind == "line" else event["event_id"], product_id),
            "product_id": product_id,
            "quantity": product["quantity"],
            "gift": product["gift"],
            "attributes": product["attributes"],
            **about,
        }
    if kind == "refund":
        return list(facts.values())
    return list(facts.values()) + [
        {"kind": "first_completion", "id": ("first_completion", *line["id"][1:]), **about}
        for line in facts.values()
    ]


def dismissal_facts(event):
    return [
        {
            "kind": event["action"],
            "id": ("dismissal", event["event_id"]),
            "event_id": event["event_id"],
            "ts": event["ts"],
            "reason": event["reason"],
            "target": event["target"],
            "attributes": event["attributes"],
            "price": event["price"],
            "currency": event["currency"],
        }
    ]


def impression_facts(event):
    return [
        {
            "kind": "impression",
            "id": ("impression", event["impression_id"], event["product_id"]),
            "event_id": event["impression_id"],
            "product_id": event["product_id"],
            "ts": event["ts"],
        }
    ]


def preference_facts(event):
    return [
        {
            "kind": "preference",
            "id": ("preference", field),
            "field": field,
            "answer": event[field],
            "event_id": event["event_id"],
            "ts": event["ts"],
        }
        for field in ("personalised_ads", "sensitive_topics")
        if event[field] is not None
    ]


def joined(facts):
    """One fact for each id: that of the greatest (ts, event_id), then of the greatest content.

    Of the first events of lines it is the least.
    """
    winners = {}
    for fact in facts:
        other = winners.get(fact["id"])
        if other is None:
            winners[fact["id"]] = fact
            continue
        is_later = order_key(fact) > order_key(other)
        if is_later != (fact["kind"] == "first_completion"):
            winners[fact["id"]] = fact
    return list(winners.values())


def order_key(fact):
    return (fact["ts"], fact["event_id"], orjson.dumps(fact, option=orjson.OPT_SORT_KEYS))


def still_there(facts, newest, policy, catalog):
    """The joined facts that are not gone at `newest`, the partition's newest event time.

    A fact is gone once the claims it makes ended before `newest` minus the retention. A fact that
    makes none stays for the retention, and at least as long as what it acts on.
    """
    stored = joined(facts)
    facts = read_by_catalog(stored, catalog)
    limit = newest - days(policy["retention"]["days"])
    left = []
    for fact in facts:
        if makes_claims(fact):
            end = end_of_claims(fact, facts, policy, catalog)
            if end is None or end >= limit:
                left.append(fact)
    for fact in facts:
        if not makes_claims(fact):
            acts_on_something = any(acts_on(fact, other) for other in left)
            if fact["ts"] >= limit or acts_on_something:
                left.append(fact)
    ids_left = {fact["id"] for fact in left}
    return [fact for fact in stored if as_read(fact, catalog)["id"] in ids_left]


def end_of_claims(fact, facts, policy, catalog):
    """When the last claim of this fact ends; None for never."""
    if fact["kind"] == "preference":
        return None
    if fact["kind"] == "impression":
        return fact["ts"] + days(policy["frequency"]["days"])
    if fact["kind"] == "dismissed":
        ends_at = [other["ts"] for other in facts if ends(other, fact)]
        until = dismissal_until(fact, policy)
        if until is not None:
            ends_at.append(until)
        return min(ends_at) if ends_at else None
    # A line that came back entirely stays as long as it would have, had it been kept; one that
    # keeps an earlier line from lapsing matters as long as that one.
    quantity = net_quantity(fact, facts)
    end = line_end(fact, quantity if quantity > 0 else fact["quantity"], facts, policy, catalog)
    ends_held_back = [
        line_end(other, net_quantity(other, facts), facts, policy, catalog)
        for other in lines_held_back(fact, facts, policy, catalog)
    ]
    return max([end, *ends_held_back])


def lines_held_back(line, facts, policy, catalog):
    """The owned, replenished lines that do not lapse because this one was bought after them."""
    if net_quantity(line, facts) <= 0:
        return []
    scope = purchase_terms(line, policy, catalog)["scope_and_value"]
    held_back = []
    for other in facts:
        if other["kind"] != "line" or net_quantity(other, facts) <= 0:
            continue
        if bought(other, facts) >= bought(line, facts):
            continue
        terms = purchase_terms(other, policy, catalog)
        if terms["replenish_days"] is not None and terms["scope_and_value"] == scope:
            held_back.append(other)
    return held_back


def acts_on(fact, other):
    """Does this fact, which makes no claim, change what the other one claims?"""
    if fact["kind"] == "restored":
        return ends(fact, other)
    if other["kind"] != "line":
        return False
    if fact["kind"] == "first_completion":
        return fact["id"][1:] == other["id"][1:]
    if fact["kind"] not in ("refund", "whole_refund", "reinstated"):
        return False
    if fact["kind"] == "refund" and fact["product_id"] != other["product_id"]:
        return False
    return fact["order_id"] == other["order_id"]
