"""The decision and the list of SPEC 5."""

import hashlib

from tests.oracle.aliases import product_meant, read_by_catalog
from tests.oracle.claims import candidate_claims, grants, person_claims
from tests.oracle.policy import REASONS_BY_RANK, SCOPES_NARROW_TO_BROAD
from tests.oracle.products import covers, known_attributes

MAXIMUM_ENTRIES = 1_000


def decide(request, facts, policy, catalog):
    """The decision on a request, from all facts of its person."""
    in_holdout = is_in_holdout(request["user_id"], policy)
    facts = read_by_catalog(facts, catalog)
    suppressed, allowed, ghosted = [], [], []
    for candidate in request["candidates"]:
        product_id = candidate["product_id"]
        read = {**candidate, "product_id": product_meant(product_id, catalog)}
        left = claims_left(read, request, facts, policy, catalog)
        if not left:
            allowed.append(product_id)
            continue
        answer = answer_of(product_id, min(left, key=rank))
        if in_holdout and all(each["reason"] in policy["holdout"]["reasons"] for each in left):
            allowed.append(product_id)
            ghosted.append(answer)
        else:
            suppressed.append(answer)
    return {
        "request_id": request["request_id"],
        "user_id": request["user_id"],
        "ts": request["ts"],
        "policy": policy["version"],
        "suppressed": suppressed,
        "allowed": allowed,
        "ghosted": ghosted,
    }


def claims_left(candidate, request, facts, policy, catalog):
    """The active claims that cover the candidate and that nothing lifts."""
    product_id = candidate["product_id"]
    attributes = known_attributes(product_id, candidate["attributes"], catalog)
    offer = candidate
    if candidate["price"] is None:
        offer = catalog.get(product_id, {"price": None, "currency": None})

    claims = person_claims(facts, policy, catalog)
    claims += candidate_claims(candidate, request, facts, policy, catalog)
    left = []
    for each in claims:
        if not is_active(each, request["ts"]) or not covers(each, product_id, attributes):
            continue
        if request["own_site"] and each["reason"] in policy["own_site"]["lifts"]:
            continue
        if is_better_price(offer, each, policy["price_drop"]):
            continue
        left.append(each)
    return left


def is_better_price(offer, claim, table):
    """Is the offer so much cheaper than what was dismissed, and not by mistake?"""
    if offer["price"] is None or claim["price"] is None:
        return False
    if (
        None not in (offer["currency"], claim["currency"])
        and offer["currency"] != claim["currency"]
    ):
        return False
    lowest = claim["price"] * (100 - table["max_percent"])
    highest = claim["price"] * (100 - table["percent"])
    return lowest <= offer["price"] * 100 <= highest


def is_active(claim, now):
    return claim["since"] <= now and (claim["until"] is None or now < claim["until"])


def rank(claim):
    """Least is first: reason, the later end, the narrower scope, its value, the evidence."""
    until = claim["until"]
    return (
        REASONS_BY_RANK.index(claim["reason"]),
        (0, 0) if until is None else (1, -until),
        SCOPES_NARROW_TO_BROAD.index(claim["scope"]),
        claim["value"],
        claim["because"],
        claim["since"],
    )


def answer_of(product_id, claim):
    return {
        "product_id": product_id,
        "reason": claim["reason"],
        "scope": claim["scope"],
        "value": claim["value"],
        "since": claim["since"],
        "until": claim["until"],
        "because": claim["because"],
    }


def is_in_holdout(user_id, policy):
    salted = policy["holdout"]["salt"] + ":" + user_id
    digest = hashlib.blake2b(salted.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % 10_000 < policy["holdout"]["percent"] * 100


def list_of_person(user_id, facts, policy, catalog, *, ts, newest):
    """The list of a person whose newest evidence is of `ts`; None for a tombstone.

    `newest` is the newest event time of the person's partition: with it the claims run out.
    """
    if not facts:
        return None
    facts = read_by_catalog(facts, catalog)
    granted = grants(facts)
    claims = person_claims(facts, policy, catalog)
    if not granted and not any(lasts_beyond(each, newest) for each in claims):
        return None
    listed = [each for each in claims if lasts_beyond(each, ts)]
    listed.sort(key=place_in_list)
    if len(listed) > MAXIMUM_ENTRIES:
        listed = sorted(listed, key=latest_end_first)[:MAXIMUM_ENTRIES]
        listed.sort(key=place_in_list)
    return {
        "user_id": user_id,
        "ts": ts,
        "policy": policy["version"],
        "granted": granted,
        "entries": [entry_of(each) for each in listed],
    }


def lasts_beyond(claim, time):
    return claim["until"] is None or claim["until"] > time


def place_in_list(claim):
    return (
        SCOPES_NARROW_TO_BROAD.index(claim["scope"]),
        claim["value"],
        REASONS_BY_RANK.index(claim["reason"]),
        claim["since"],
        *end_ascending(claim),
    )


def latest_end_first(claim):
    never, until = end_ascending(claim)
    return (-never, -until)


def end_ascending(claim):
    return (1, 0) if claim["until"] is None else (0, claim["until"])


def entry_of(claim):
    entry = {
        "scope": claim["scope"],
        "value": claim["value"],
        "reason": claim["reason"],
        "since": claim["since"],
        "until": claim["until"],
        "because": claim["because"],
    }
    if claim["price"] is not None:
        entry["price"] = claim["price"]
    if claim["currency"] is not None:
        entry["currency"] = claim["currency"]
    return entry
