"""Why products are shown to a person or not, and what is held about them, as plain JSON data.

The code that decides explains itself: the verdict is `decide`'s, the claims are the index's, and
whether one counts is for `set_aside` to say. `account` has the shape of evidence, `reasons` that of
the ways to undo a claim.

Everything begins with `user_id`, the time `at`, `newest`, which is the newest event time of the
person's partition, `policy`, its version, and `in_holdout`. A claim has

- `reason`, and in `meaning` what that is; `scope`, `value`, `since`, `until`, `because`, and
  `price` and `currency` where it carries them: as on `suppressions`;
- `state`: it `stands`, is `lifted`, is `not_begun` or has `ended`; and in `lifted` what lifts it:
  `by` `own_site`, or `by` `price` with the prices;
- `not_lifted`, why the candidate's price does not lift a claim that another might: `by`
  `not_priced` (nothing to compare with), `currency`, `too_high`, `too_low`, or `percents` where the
  policy lets none lift it; with the prices. Prices are what it is `offered` at, in
  `offered_currency`, the claim's in `dismissed_at` and `currency`, and `at_least` and `at_most`
  what lifts it; each None where it is not known;
- `via`, the word `person`, where only other ids of the same person have said so (SPEC 9);
- `evidence`, the facts behind it, and `undone_by`, what would undo it while that is of use.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import UNSET, to_builtins

from schemas.outputs import Decision
from schemas.records import Candidate, Event, Product, Request
from streams.suppression.account import Account, attributes_as_json
from streams.suppression.aliases import read_evidence
from streams.suppression.claim_index import ClaimIndex
from streams.suppression.claims import Claim, inactive, rank
from streams.suppression.decision import (
    decide,
    offer_obstacle,
    offer_of,
    own_claims,
    set_aside,
)
from streams.suppression.evidence import Evidence
from streams.suppression.facts import Target, attributes_of
from streams.suppression.identities.origins import Origins
from streams.suppression.join import Join
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from streams.suppression.reasons import EXPLAINED, ways_to_undo

STANDS = "stands"
STATES = (STANDS, "lifted", "not_begun", "ended")
"""What may have become of a claim; those that count come first."""

LIFTS = ("own_site", "price")

Json = dict[str, Any]


def explain(join: Join, request: Request, events: Sequence[Event] = ()) -> Json:
    """Why each candidate of a request is allowed, suppressed or ghosted.

    The join knows of the person what came before the request, which is applied to it; `events`
    are the person's, where they are at hand. It says

    - `request`: `request_id` (None for an empty one), `site`, `channel`, `own_site`;
    - `preferences`: what the person allows and forbids;
    - `candidates`, of each: `product_id`, and in `alias_of` that of the product where the former
      is an alias (SPEC 2); `known`, what is known of the product; `verdict`;
      `answer` as on `decisions`, None where nothing speaks against it; `claims` that cover it,
      that of the answer first; `without_effect`, what was undone; and `free_from`, when the last
      claim has ended if nothing else happens, None if that never comes or none counts.
    """
    join.apply(request)
    person = join.persons.get(request.user_id) or Person()
    index = person.index(join.policy, join.catalog)
    origins = _origins(person, index)
    account = Account(index, person.counting(join.policy), events, origins)
    asked = {name: getattr(request, name) for name in ("site", "channel", "own_site")}
    return {
        **_whom(join, request.user_id, request.ts),
        "request": {"request_id": request.request_id or None, **asked},
        "preferences": account.preferences(),
        "candidates": [
            _explained(candidate, request, index, account, join) for candidate in request.candidates
        ],
    }


def held(join: Join, user_id: str, at: int, events: Sequence[Event] = ()) -> Json:
    """All that is held about a person at a time: evidence, claims, and the list.

    It says `evidence`, `claims`, `list` as on `suppressions` (None for a tombstone),
    `forgotten`, how many facts are no longer kept because there were too many, and of an id with
    links to others `links`: how many `persons` it is one of, whether it `is_kiosk`, by what `ways`
    how much of these persons counts here, the `ids` that share with it, those that are `waiting`
    for room to do so, and how many of its own facts are `not_counting` now (SPEC 9).
    """
    policy, catalog = join.policy, join.catalog
    newest = at if join.newest is None else max(at, join.newest)
    person = join.persons.get(user_id) or Person()
    person.expire(policy, catalog, newest)
    index = person.index(policy, catalog)
    origins = _origins(person, index)
    account = Account(index, person.counting(policy), events, origins)
    current = person.current_list(user_id, policy, catalog, newest)
    return {
        **_whom(join, user_id, at),
        "evidence": account.all(),
        "claims": _in_order(
            _claim(claim, inactive(claim, at) or STANDS, account, policy)
            for claim in sorted(index.claims(), key=rank)
        ),
        "list": None if current is None else to_builtins(current),
        "forgotten": person.forgotten,
        **({} if origins is None else {"links": origins.links}),
    }


def candidate_of(product_id: str, join: Join, user_id: str, events: Sequence[Event]) -> Candidate:
    """A product as a candidate, with the attributes that the person's newest record of it brought.

    `events` are the person's, where they are at hand: evidence knows nothing of requests.
    """
    person = join.persons.get(user_id)
    counted = Evidence() if person is None else person.counting(join.policy)
    evidence = read_evidence(counted, join.catalog)
    meant = join.catalog.product_id_of(product_id)
    target = Target("product_id", meant)
    known = [
        *((line.ts, line.attributes) for line in evidence.lines if line.product_id == meant),
        *((each.ts, each.attributes) for each in evidence.dismissals if each.target == target),
        *((event.ts, attributes_of(candidate)) for event in events if isinstance(event, Request)
          for candidate in event.candidates
          if join.catalog.product_id_of(candidate.product_id) == meant),
    ]  # fmt: skip
    brought = [(ts, attributes) for ts, attributes in known if attributes is not None]
    if not brought:
        return Candidate(product_id)
    _, newest = max(brought, key=lambda each: each[0])
    return Candidate(
        product_id,
        item_group_id=newest.item_group_id,
        categories=newest.categories,
        brand=newest.brand,
        advertiser_id=newest.advertiser_id,
    )


def _origins(person: Person, index: ClaimIndex) -> Origins | None:
    links = person.links
    if links is None:
        return None
    return Origins(person.evidence, links, index.policy, index.catalog)


def _whom(join: Join, user_id: str, at: int) -> Json:
    """What everything begins with."""
    return {
        "user_id": user_id,
        "at": at,
        "newest": join.newest,
        "policy": join.policy.version,
        "in_holdout": join.policy.in_holdout(user_id),
    }


def _explained(
    candidate: Candidate, request: Request, index: ClaimIndex, account: Account, join: Join
) -> Json:
    policy, catalog = join.policy, join.catalog
    verdict, answer = _verdict(decide(_only(candidate, request), index, policy, catalog))
    named, candidate = candidate.product_id, catalog.as_product(candidate)
    product = catalog.products.get(candidate.product_id)
    claims = own_claims(candidate, product, request, index, policy)
    covering = index.evidence_covering(candidate, product)
    for counted in covering:
        claims += counted.claims
    judged = [
        (claim, set_aside(claim, candidate, product, request, policy) or STANDS)
        for claim in sorted(claims, key=rank)
    ]
    return {
        "product_id": named,
        **({} if named == candidate.product_id else {"alias_of": candidate.product_id}),
        "known": _known(candidate, product, join),
        "verdict": verdict,
        "answer": answer,
        "claims": _in_order(
            {
                **_claim(claim, state, account, policy),
                **_pricing(claim, state, candidate, product, policy),
            }
            for claim, state in judged
        ),
        "without_effect": account.without_effect(covering),
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


def _verdict(decision: Decision) -> tuple[str, Json | None]:
    for verdict, answers in (("suppressed", decision.suppressed), ("ghosted", decision.ghosted)):
        if answers:
            return verdict, to_builtins(answers[0])
    return "allowed", None


def _known(candidate: Candidate, product: Product | None, join: Join) -> Json:
    """What is known of a product, the catalog winning attribute by attribute (SPEC 2)."""
    attributes = join.catalog.attributes(candidate.product_id, candidate)
    price, currency = offer_of(candidate, product)
    known = {
        **attributes_as_json(attributes),
        "price": price,
        "currency": None if price is None else currency,
        "sensitive": True if product is not None and product.sensitive else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _claim(claim: Claim, state: str, account: Account, policy: Policy) -> Json:
    """A claim and its state by `set_aside`."""
    behind = account.behind(claim)
    fields: Json = to_builtins(claim)
    is_to_come = state in (STANDS, "not_begun")
    return {
        "reason": fields.pop("reason"),
        "meaning": EXPLAINED[claim.reason].meaning,
        **fields,
        **account.origin_of(claim),
        "state": "lifted" if state in LIFTS else state,
        "lifted": {"by": state} if state == "own_site" else None,
        "not_lifted": None,
        "evidence": behind,
        "undone_by": ways_to_undo(claim, behind, policy) if is_to_come else [],
    }


def _pricing(
    claim: Claim, state: str, candidate: Candidate, product: Product | None, policy: Policy
) -> Json:
    """What the price at which a candidate is offered makes of a claim that a price may lift."""
    rule = policy.dismissals.get(claim.reason)
    offered, currency = offer_of(candidate, product)
    is_liftable = rule is not None and rule.price_drop
    if not is_liftable or offered is None or state not in (STANDS, "price"):
        return {}
    before = None if claim.price is UNSET else claim.price
    lifting = None if before is None else policy.lifting_prices(before)
    why = offer_obstacle(claim, candidate, product, policy)
    prices = {
        "offered": offered,
        "offered_currency": currency,
        "dismissed_at": before,
        "currency": None if claim.currency is UNSET else claim.currency,
        "at_least": None if lifting is None else lifting[0],
        "at_most": None if lifting is None else lifting[1],
    }
    if state == "price":
        return {"lifted": {"by": "price", **prices}}
    is_hopeless = lifting is None and before is not None
    return {"not_lifted": {"by": "percents" if is_hopeless else why, **prices}}


def _in_order(claims: Iterable[Json]) -> list[Json]:
    return sorted(claims, key=lambda claim: STATES.index(claim["state"]))


def _free_from(claims: Sequence[Claim], at: int) -> int | None:
    """When no claim that may yet count does; None if that never comes, or if none counts."""
    free: int | None = None
    while active := [claim for claim in claims if inactive(claim, at) is None]:
        ends = [claim.until for claim in active if claim.until is not None]
        if len(ends) < len(active):
            return None
        free = at = max(ends)
    return free
