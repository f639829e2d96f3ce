"""Evidence read through the policy: the claims of SPEC 4."""

from tests.oracle.policy import DAY, DEFAULT_OPEN_DAYS, days, minutes
from tests.oracle.products import known_attributes, scope_of


def claim(scope_and_value, reason, since, until, because, *, price=None, currency=None):
    """`price` is set where a better one may lift the claim; `currency` where it is known of it."""
    scope, value = scope_and_value
    return {
        "scope": scope,
        "value": value,
        "reason": reason,
        "since": since,
        "until": until,
        "because": sorted(set(because)),
        "price": price,
        "currency": currency if price is not None else None,
    }


def person_claims(facts, policy, catalog):
    """Every claim that the (joined) facts of one person make; no two of them are equal."""
    return alike_as_one(
        line_claims(facts, policy, catalog)
        + dismissal_claims(facts, policy, catalog)
        + frequency_claims(facts, policy, catalog)
        + consent_claims(facts, policy)
    )


def alike_as_one(claims):
    """Claims that differ only in the evidence behind them put together."""
    alike = {}
    for each in claims:
        key = (each["scope"], each["value"], each["reason"], each["since"], each["until"])
        alike.setdefault(key, []).append(each)
    result = []
    for same in alike.values():
        prices = [each["price"] for each in same]
        because = [event_id for each in same for event_id in each["because"]]
        currencies = {each["currency"] for each in same} - {None}
        comparable = None not in prices and len(currencies) < 2
        price = min(prices) if comparable else None
        result.append(
            claim(
                (same[0]["scope"], same[0]["value"]),
                same[0]["reason"],
                same[0]["since"],
                same[0]["until"],
                because,
                price=price,
                currency=next(iter(currencies), None),
            )
        )
    return result


def makes_claims(fact):
    """False for facts that only act on others, and for `covered_content`."""
    if fact["kind"] == "dismissed":
        return fact["reason"] != "covered_content"
    return fact["kind"] in ("line", "impression", "preference")


# --- purchases ---------------------------------------------------------------------------------


def first_completion(line, facts):
    """The first event that lists the line: with it, it was bought."""
    for fact in facts:
        if fact["kind"] == "first_completion" and fact["id"][1:] == line["id"][1:]:
            return fact
    raise AssertionError("a line has a first event")


def bought(line, facts):
    return first_completion(line, facts)["ts"]


def is_void(order_id, facts):
    """Whether all of the order came back, and it was not reinstated later."""
    voided = [f["ts"] for f in facts if f["kind"] == "whole_refund" and f["order_id"] == order_id]
    reinstated = [f["ts"] for f in facts if f["kind"] == "reinstated" and f["order_id"] == order_id]
    return bool(voided) and not any(ts > max(voided) for ts in reinstated)


def net_quantity(line, facts):
    """Bought minus refunded; nothing while the whole order came back or is cancelled."""
    if is_void(line["order_id"], facts):
        return 0
    quantity = line["quantity"]
    for fact in facts:
        if (
            fact["kind"] == "refund"
            and fact["order_id"] == line["order_id"]
            and fact["product_id"] == line["product_id"]
        ):
            quantity -= fact["quantity"]
    return quantity


def purchase_terms(line, policy, catalog):
    """What the policy says of this line: where it counts, for how long, whether it runs out."""
    product_id = line["product_id"]
    attributes = known_attributes(product_id, line["attributes"], catalog)
    table = policy["purchase"]
    entry_category = None
    for category in reversed(attributes["categories"]):
        if category in table["category"]:
            entry_category = category
            break
    entry = table["category"].get(entry_category, {})

    if entry.get("scope") == "category":
        scope_and_value = ("category", entry_category)
    else:
        scope = entry.get("scope", table["scope"])
        scope_and_value = scope_of(scope, product_id, attributes)

    replenish_days = catalog.get(product_id, {}).get("replenish_days")
    if replenish_days is None or replenish_days <= 0:
        replenish_days = entry.get("replenish_days")
    if replenish_days is not None and replenish_days <= 0:
        replenish_days = None
    return {
        "scope_and_value": scope_and_value,
        "window": days(entry.get("window_days", table["window_days"])),
        "replenish_days": replenish_days,
        "open": days(entry.get("open_days", DEFAULT_OPEN_DAYS)),
    }


def line_end(line, quantity, facts, policy, catalog):
    """When the last claim of the line ends, were `quantity` of it owned."""
    terms = purchase_terms(line, policy, catalog)
    since = bought(line, facts)
    if terms["replenish_days"] is None:
        return since + terms["window"]
    used_up = int(terms["replenish_days"] * quantity * DAY)
    return since + used_up + terms["open"] + used_up


def line_claims(facts, policy, catalog):
    owned = []
    for fact in facts:
        if fact["kind"] == "line" and net_quantity(fact, facts) > 0:
            owned.append((fact, purchase_terms(fact, policy, catalog)))

    claims = []
    for line, terms in owned:
        start = bought(line, facts)
        scope_and_value = terms["scope_and_value"]
        because = [line["event_id"], first_completion(line, facts)["event_id"]]
        if terms["replenish_days"] is None:
            until = start + terms["window"]
            claims.append(claim(scope_and_value, "purchased", start, until, because))
            continue
        used_up = int(terms["replenish_days"] * net_quantity(line, facts) * DAY)
        until = start + used_up
        claims.append(claim(scope_and_value, "purchased", start, until, because))
        bought_again = any(
            bought(other, facts) > start and other_terms["scope_and_value"] == scope_and_value
            for other, other_terms in owned
        )
        if not bought_again:
            since = until + terms["open"]
            claims.append(claim(scope_and_value, "lapsed", since, since + used_up, because))
    return claims


# --- dismissals --------------------------------------------------------------------------------


def ends(restoration, dismissal):
    """Does this fact end that one? Only a restoration ends anything, and only dismissals."""
    if restoration["kind"] != "restored" or dismissal["kind"] != "dismissed":
        return False
    if dismissal["ts"] > restoration["ts"]:
        return False
    if restoration["reason"] not in (None, dismissal["reason"]):
        return False
    return restoration["target"] is None or restoration["target"] == dismissal["target"]


def dismissal_until(dismissal, policy):
    count = policy["dismissal"][dismissal["reason"]]["days"]
    return None if count == 0 else dismissal["ts"] + days(count)


def dismissal_scope(dismissal, policy, catalog):
    if dismissal["reason"] == "opt_out_all":
        return ("all", "*")
    field, value = dismissal["target"]
    if field == "product_id":
        attributes = known_attributes(value, dismissal["attributes"], catalog)
        return scope_of(policy["dismissal"][dismissal["reason"]]["scope"], value, attributes)
    return ("advertiser" if field == "advertiser_id" else field, value)


def dismissal_claims(facts, policy, catalog):
    claims = []
    for fact in facts:
        if fact["kind"] != "dismissed" or fact["reason"] == "covered_content":
            continue
        if any(ends(other, fact) for other in facts):
            continue
        liftable = policy["dismissal"][fact["reason"]]["price_drop"]
        claims.append(
            claim(
                dismissal_scope(fact, policy, catalog),
                fact["reason"],
                fact["ts"],
                dismissal_until(fact, policy),
                [fact["event_id"]],
                price=fact["price"] if liftable else None,
                currency=fact["currency"],
            )
        )
    return claims


# --- impressions and preferences ---------------------------------------------------------------


def frequency_claims(facts, policy, catalog):
    table = policy["frequency"]
    shown = {}
    for fact in facts:
        if fact["kind"] == "impression":
            attributes = known_attributes(fact["product_id"], {}, catalog)
            where = scope_of(table["scope"], fact["product_id"], attributes)
            shown.setdefault(where, []).append(fact)

    claims = []
    for where, impressions in shown.items():
        impressions.sort(key=lambda fact: (fact["ts"], fact["event_id"]))
        counted = impressions[-table["max"] :]
        if len(counted) < table["max"]:
            continue
        since = counted[-1]["ts"]
        until = counted[0]["ts"] + days(table["days"])
        if until > since:
            because = [fact["event_id"] for fact in counted]
            claims.append(claim(where, "frequency_cap", since, until, because))
    return claims


def newest_preference(facts, field):
    """The fact of what the person said last of this field, or None."""
    for fact in facts:
        if fact["kind"] == "preference" and fact["field"] == field:
            return fact
    return None


def grants(facts):
    fields = ("personalised_ads", "sensitive_topics")
    preferences = [newest_preference(facts, field) for field in fields]
    return sorted(fact["field"] for fact in preferences if fact and fact["answer"] == "granted")


def consent_claims(facts, policy):
    preference = newest_preference(facts, "personalised_ads")
    if preference is None:
        if policy["consent"]["mode"] == "opt_in":
            return [claim(("all", "*"), "no_consent", 0, None, [])]
        return []
    if preference["answer"] == "denied":
        return [claim(("all", "*"), "no_consent", 0, None, [preference["event_id"]])]
    return []


# --- candidates --------------------------------------------------------------------------------


def candidate_claims(candidate, request, facts, policy, catalog):
    """What the request itself holds against the candidate."""
    now = request["ts"]
    product_id = candidate["product_id"]
    categories = known_attributes(product_id, candidate["attributes"], catalog)["categories"]
    itself = ("product", product_id)
    claims = []

    delicate = catalog.get(product_id, {}).get("sensitive", False)
    if any(category in policy["sensitive"]["categories"] for category in categories):
        delicate = True
    enough_sources = len(set(candidate["sources"])) >= policy["sensitive"]["min_sources"]
    welcome = "sensitive_topics" in grants(facts) and enough_sources
    if delicate and not welcome:
        claims.append(claim(itself, "sensitive", now, None, []))

    if candidate["basis"] == "inferred" and not policy["inferred"]["allow"]:
        claims.append(claim(itself, "inferred_interest", now, None, []))

    interest_at = candidate["interest_at"]
    if interest_at is not None:
        followed_until = interest_at + days(policy["follow"]["days"])
        if followed_until <= now:
            claims.append(claim(itself, "followed_too_long", followed_until, None, []))
        quiet_until = interest_at + minutes(policy["quiet"]["minutes"])
        quiet_channel = request["channel"] in policy["quiet"]["channels"]
        if quiet_channel and interest_at <= now < quiet_until:
            claims.append(claim(itself, "too_soon", interest_at, quiet_until, []))
    return claims
