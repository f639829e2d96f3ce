"""An ad server's decider: it has a person's published list, the policy and the catalog, no more.

Plain on purpose and independent of the product's own, from which it takes only the policy's
tables: what SPEC 5 promises is that this little is enough.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from schemas.records import Candidate, Product, Request
from streams.suppression.policy import Policy
from tests.oracle.policy import DAY, MINUTE, REASONS_BY_RANK, SCOPES_NARROW_TO_BROAD

Entry = dict[str, Any]
PublishedList = dict[str, Any] | None

SAME = ("scope", "value", "reason", "since", "until")
"""What entries have in common that are one."""

NOBODY_ASKED = {"scope": "all", "value": "*", "reason": "no_consent", "since": 0, "until": None}


def decide_from_list(
    asked: Request, published: PublishedList, policy: Policy, products: Mapping[str, Product]
) -> dict[str, Any]:
    tables = policy.document
    entries, granted = [], []
    if published is not None:
        entries, granted = published["entries"], published["granted"]
    is_asked = "personalised_ads" in granted or any(
        each["reason"] == "no_consent" for each in entries
    )
    if tables["consent"]["mode"] == "opt_in" and not is_asked:
        entries = [*entries, {**NOBODY_ASKED, "because": []}]

    suppressed, allowed, ghosted = [], [], []
    for asked_for in asked.candidates:
        candidate = replace(asked_for, product_id=meant(asked_for.product_id, products))
        product = products.get(candidate.product_id, Product())
        held = [
            *(each for each in entries if covers(each, candidate, product)),
            *own_entries(candidate, product, asked, granted, tables),
        ]
        left = [
            each
            for each in held
            if each["since"] <= asked.ts
            and (each["until"] is None or asked.ts < each["until"])
            and not (asked.own_site and each["reason"] in tables["own_site"]["lifts"])
            and not lifted_by_price(each, candidate, product, tables)
        ]
        if not left:
            allowed.append(asked_for.product_id)
            continue
        first = min(left, key=rank)
        answer = {"product_id": asked_for.product_id, **first}
        answer.pop("price", None)
        answer.pop("currency", None)
        kept = any(each["reason"] not in tables["holdout"]["reasons"] for each in left)
        if policy.in_holdout(asked.user_id) and not kept:
            allowed.append(asked_for.product_id)
            ghosted.append(answer)
        else:
            suppressed.append(answer)
    return {
        "request_id": asked.request_id,
        "user_id": asked.user_id,
        "ts": asked.ts,
        "policy": tables["version"],
        "suppressed": suppressed,
        "allowed": allowed,
        "ghosted": ghosted,
    }


def union(lists: Iterable[PublishedList]) -> PublishedList:
    """What the lists of several ids of one person hold together (SPEC 9)."""
    known = [each for each in lists if each is not None]
    said = [entry for each in known for entry in each["entries"]]
    entries = []
    for entry in said:
        same = [each for each in said if all(each[name] == entry[name] for name in SAME)]
        currencies = {each["currency"] for each in same if "currency" in each}
        one = {name: entry[name] for name in SAME}
        one["because"] = sorted(set().union(*(each["because"] for each in same)))
        if all("price" in each for each in same) and len(currencies) < 2:
            one["price"] = min(each["price"] for each in same)
            one |= dict(zip(["currency"], currencies, strict=False))
        if one not in entries:
            entries.append(one)
    granted = {preference for each in known for preference in each["granted"]}
    return {"entries": entries, "granted": sorted(granted)} if known else None


def meant(product_id: str, products: Mapping[str, Product]) -> str:
    """The product that an id names: the least that has it for an alias, unless it is one itself."""
    if product_id in products:
        return product_id
    naming = [other for other, product in products.items() if product_id in (product.aliases or [])]
    return min(naming, default=product_id)


def known(name: str, candidate: Candidate, product: Product) -> Any:
    """An attribute or price of the candidate: for attributes the catalog wins."""
    value = getattr(product, name)
    return getattr(candidate, name) if value is None else value


def covers(entry: Entry, candidate: Candidate, product: Product) -> bool:
    group = known("item_group_id", candidate, product)
    covered = {
        "product": [candidate.product_id],
        "group": [candidate.product_id if group is None else group],
        "category": known("categories", candidate, product) or [],
        "brand": [known("brand", candidate, product)],
        "advertiser": [known("advertiser_id", candidate, product)],
        "all": ["*"],
    }
    return entry["value"] in covered[entry["scope"]]


def lifted_by_price(
    entry: Entry, candidate: Candidate, product: Product, tables: Mapping[str, Any]
) -> bool:
    offer = product if candidate.price is None else candidate
    if offer.price is None or "price" not in entry:
        return False
    if None not in (both := {offer.currency, entry.get("currency")}) and len(both) == 2:
        return False
    drop, before = tables["price_drop"], entry["price"]
    least, most = before * (100 - drop["max_percent"]), before * (100 - drop["percent"])
    return least <= offer.price * 100 <= most


def own_entries(
    candidate: Candidate,
    product: Product,
    asked: Request,
    granted: list[str],
    tables: Mapping[str, Any],
) -> list[Entry]:
    """What the request itself holds against a candidate."""
    held = []

    def hold(reason: str, since: int, until: int | None = None) -> None:
        scope = {"scope": "product", "value": candidate.product_id}
        held.append({**scope, "reason": reason, "since": since, "until": until, "because": []})

    categories = known("categories", candidate, product) or []
    sources = len(set(candidate.sources or []))
    welcome = "sensitive_topics" in granted and sources >= tables["sensitive"]["min_sources"]
    if not welcome and (
        product.sensitive or set(categories) & set(tables["sensitive"]["categories"])
    ):
        hold("sensitive", asked.ts)
    if candidate.basis == "inferred" and not tables["inferred"]["allow"]:
        hold("inferred_interest", asked.ts)
    if candidate.interest_at is not None:
        hold("followed_too_long", candidate.interest_at + int(tables["follow"]["days"] * DAY))
        if asked.channel in tables["quiet"]["channels"]:
            quiet = int(tables["quiet"]["minutes"] * MINUTE)
            hold("too_soon", candidate.interest_at, candidate.interest_at + quiet)
    return held


def rank(entry: Entry) -> Any:
    until = entry["until"]
    return (
        REASONS_BY_RANK.index(entry["reason"]),
        until is not None,
        -(until or 0),
        SCOPES_NARROW_TO_BROAD.index(entry["scope"]),
        entry["value"],
        entry["because"],
        entry["since"],  # the order of lists: only lists of several ids have such entries
    )
