"""Why products are shown to a person or not, and what is held about them, as plain JSON data.

It is told by the code that decides: the verdict is `decide`'s, the claims are the reading's, and
whether one counts is `set_aside`'s to say. `facts` has the shape of evidence, `reasons` that of
the ways to undo a claim.

Everything begins with `user_id`, the time `at`, `newest`, which is the newest event time of the
person's partition, `policy`, its version, and `in_holdout`. A claim has

- `reason`, and in `meaning` what that is; `scope`, `value`, `since`, `until`, `because`, and
  `price` where it carries one: as on `suppressions`;
- `state`: it `stands`, is `lifted`, is `not_begun` or has `ended`; and in `lifted` what lifts it:
  `by` `own_site`, or `by` `price` with the prices `offered`, `dismissed_at` and `at_most`;
- `evidence`, the facts behind it, and `undone_by`, what would undo it while that is of use.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.records import Candidate, Event, Product, Request
from streams.suppression.claims import Claim
from streams.suppression.decision import decide, own_claims, price_of, set_aside
from streams.suppression.evidence import Evidence, attributes_of
from streams.suppression.facts import Account
from streams.suppression.join import Join
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from streams.suppression.reading import Reading
from streams.suppression.reasons import EXPLAINED, ways_to_undo

STANDS = "stands"
STATES = (STANDS, "lifted", "not_begun", "ended")
"""What may have become of a claim; those that count come first."""

Json = dict[str, Any]


def explain(join: Join, request: Request, events: Sequence[Event] = ()) -> Json:
    """Why each candidate of a request is allowed, suppressed or ghosted.

    The join knows of the person what came before the request, which it takes; `events` are the
    person's, where they are at hand. It says

    - `request`: `request_id` (None for an empty one), `site`, `channel`, `own_site`;
    - `preferences`: what the person allows and forbids;
    - `candidates`, of each: `product_id`; `known`, what is known of the product; `verdict`;
      `answer` as on `decisions`, None where nothing speaks against it; `claims` that cover it,
      that of the answer first; `without_effect`, what was undone; and `free_from`, when the last
      claim has ended if nothing else happens, None if that never comes or none counts.
    """
    join.take(request)
    reading = _reading(join, request.user_id)
    account = Account(reading, events)
    told = {name: getattr(request, name) for name in ("site", "channel", "own_site")}
    return {
        **_whom(join, request.user_id, request.ts),
        "request": {"request_id": request.request_id or None, **told},
        "preferences": account.preferences(),
        "candidates": [
            _explained(candidate, request, reading, account, join)
            for candidate in request.candidates
        ],
    }


def held(join: Join, user_id: str, at: int, events: Sequence[Event] = ()) -> Json:
    """All that is held about a person at a time: evidence, claims, and the list.

    It says `evidence`, `claims`, `list` as on `suppressions` (None for a tombstone), and
    `forgotten`, how many facts are no longer kept because there were too many.
    """
    policy, catalog = join.policy, join.catalog
    newest = at if join.newest is None else max(at, join.newest)
    person = join.persons.get(user_id) or Person()
    person.expire(policy, catalog, newest)
    account = Account(person.reading(policy, catalog), events)
    claims = sorted(person.reading(policy, catalog).claims(), key=Claim.rank)
    return {
        **_whom(join, user_id, at),
        "evidence": account.all(),
        "claims": _in_order(
            _claim(claim, claim.inactive(at) or STANDS, account, policy) for claim in claims
        ),
        "list": person.standing_list(user_id, policy, catalog, newest),
        "forgotten": person.forgotten,
    }


def candidate_of(product_id: str, join: Join, user_id: str, events: Sequence[Event]) -> Candidate:
    """A product as a candidate, with the attributes that the person's newest record of it brought.

    `events` are the person's, where they are at hand: evidence knows nothing of requests.
    """
    person = join.persons.get(user_id)
    evidence = Evidence() if person is None else person.evidence
    said = [
        *((line.ts, line.attributes) for key, line in evidence.lines.items()
          if key[1] == product_id),
        *((each.ts, each.attributes) for each in evidence.dismissals.values()
          if each.target == ("product_id", product_id)),
        *((event.ts, attributes_of(candidate)) for event in events if isinstance(event, Request)
          for candidate in event.candidates if candidate.product_id == product_id),
    ]  # fmt: skip
    brought = [(ts, attributes) for ts, attributes in said if attributes is not None]
    if not brought:
        return Candidate(product_id)
    _, newest = max(brought, key=lambda each: each[0])
    group, categories, brand, advertiser_id = newest
    return Candidate(
        product_id,
        item_group_id=group,
        categories=None if categories is None else list(categories),
        brand=brand,
        advertiser_id=advertiser_id,
    )


def _whom(join: Join, user_id: str, at: int) -> Json:
    """What everything begins with."""
    return {
        "user_id": user_id,
        "at": at,
        "newest": join.newest,
        "policy": join.policy.version,
        "in_holdout": join.policy.in_holdout(user_id),
    }


def _reading(join: Join, user_id: str) -> Reading:
    person = join.persons.get(user_id)
    if person is None:
        return Reading(Evidence(), join.policy, join.catalog)
    return person.reading(join.policy, join.catalog)


def _explained(
    candidate: Candidate, request: Request, reading: Reading, account: Account, join: Join
) -> Json:
    policy, catalog = join.policy, join.catalog
    product = catalog.products.get(candidate.product_id)
    verdict, answer = _verdict(decide(_only(candidate, request), reading, policy, catalog))
    claims = own_claims(candidate, product, request, reading, policy)
    claims += reading.claims_on(candidate, product)
    judged = [
        (claim, set_aside(claim, candidate, product, request, policy) or STANDS)
        for claim in sorted(claims, key=Claim.rank)
    ]
    offered = price_of(candidate, product)
    return {
        "product_id": candidate.product_id,
        "known": _known(candidate, product, join),
        "verdict": verdict,
        "answer": answer,
        "claims": _in_order(
            _claim(claim, state, account, policy, offered) for claim, state in judged
        ),
        "without_effect": account.without_effect(reading.covering(candidate, product)),
        "free_from": _free_from(
            [claim for claim, state in judged if state in (STANDS, "not_begun")], request.ts
        ),
    }


def _only(candidate: Candidate, request: Request) -> Request:
    """The request with one of its candidates: each is decided by itself."""
    return Request(
        request_id=request.request_id,
        user_id=request.user_id,
        ts=request.ts,
        channel=request.channel,
        own_site=request.own_site,
        candidates=[candidate],
    )


def _verdict(decision: Json) -> tuple[str, Json | None]:
    for verdict in ("suppressed", "ghosted"):
        if decision[verdict]:
            return verdict, decision[verdict][0]
    return "allowed", None


def _known(candidate: Candidate, product: Product | None, join: Join) -> Json:
    """What is known of a product, the catalog winning attribute by attribute (SPEC 2)."""
    attributes = join.catalog.attributes(candidate.product_id, candidate)
    known = {
        **attributes._asdict(),
        "price": price_of(candidate, product),
        "sensitive": True if product is not None and product.sensitive else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _claim(
    claim: Claim, state: str, account: Account, policy: Policy, offered: float | None = None
) -> Json:
    """A claim, its state by `set_aside`, and the price at which the candidate is offered."""
    behind = account.behind(claim)
    lifted: Json | None = None
    if state == "own_site":
        lifted = {"by": state}
    elif state == "price" and claim.price is not None:
        at_most = policy.lifting_price(claim.price)
        prices = {"offered": offered, "dismissed_at": claim.price, "at_most": at_most}
        lifted = {"by": state, **prices}
    told: Json = {"reason": claim.reason, "meaning": EXPLAINED[claim.reason].meaning}
    told |= {name: getattr(claim, name) for name in ("scope", "value", "since", "until", "because")}
    if claim.price is not None:
        told["price"] = claim.price
    is_to_come = state in (STANDS, "not_begun")
    return {
        **told,
        "state": "lifted" if lifted else state,
        "lifted": lifted,
        "evidence": behind,
        "undone_by": ways_to_undo(claim, behind, policy) if is_to_come else [],
    }


def _in_order(claims: Iterable[Json]) -> list[Json]:
    return sorted(claims, key=lambda claim: STATES.index(claim["state"]))


def _free_from(claims: Sequence[Claim], at: int) -> int | None:
    """When no claim that may yet count does; None if that never comes, or if none counts."""
    free: int | None = None
    while active := [claim for claim in claims if claim.inactive(at) is None]:
        ends = [claim.until for claim in active if claim.until is not None]
        if len(ends) < len(active):
            return None
        free = at = max(ends)
    return free
