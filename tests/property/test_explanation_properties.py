"""What is explained is what was decided, and what is said to undo it does (SPEC 4 and 5)."""

import math
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.records import Event, Request
from streams.recording.backtest import Backtest
from streams.recording.one_person import OnePerson
from streams.suppression.catalog import Catalog
from streams.suppression.explanation import explain, held
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from tests.builders import (
    DAY,
    NOW,
    as_json,
    candidate,
    groups_of,
    policy,
    preference,
    product,
    purchase,
    recorded,
    refund,
    request,
    restoration,
)
from tests.property.lives import attributes, currencies, lives, prices, product_ids
from tests.property.test_claim_index_properties import CATALOG, policies
from tests.property.test_decision_properties import often, recording, seeds

Json = dict[str, Any]


# --- what is explained is what was decided -------------------------------------------------------


def decided(explanation: Json) -> Json:
    """The verdicts of an explanation, in the shape of a decision."""
    candidates = explanation["candidates"]
    return {
        "suppressed": [each["answer"] for each in candidates if each["verdict"] == "suppressed"],
        "allowed": [each["product_id"] for each in candidates if each["verdict"] != "suppressed"],
        "ghosted": [each["answer"] for each in candidates if each["verdict"] == "ghosted"],
    }


@often
@given(seeds)
def test_the_explanation_of_every_request_agrees_with_its_decision(seed: int) -> None:
    lines, policy = recording(seed)
    catalog, groups = groups_of(lines)
    for events in groups.values():
        join = Join(policy, catalog)
        for event in events:
            decision = as_json(join.apply(event))
            if isinstance(event, Request):
                explanation = as_json(explain(join, event))
                verdicts = decided(explanation)
                assert verdicts == {name: decision[name] for name in verdicts}
                for each in explanation["candidates"]:
                    agrees_with_its_claims(each, event)


def agrees_with_its_claims(explained: Json, asked: Request) -> None:
    in_force = [claim for claim in explained["claims"] if claim["state"] == "stands"]
    answer = explained["answer"]
    assert bool(in_force) == (answer is not None)
    if answer is not None:
        first = explained["claims"][0]
        assert {name: first[name] for name in answer if name != "product_id"} == {
            name: value for name, value in answer.items() if name != "product_id"
        }
    for claim in explained["claims"]:
        is_active = claim["since"] <= asked.ts and (
            claim["until"] is None or asked.ts < claim["until"]
        )
        assert is_active == (claim["state"] in ("stands", "lifted"))
        assert (claim["state"] == "lifted") == (claim["lifted"] is not None)


@often
@given(seeds)
def test_the_evidence_of_every_claim_has_the_ids_that_the_claim_names(seed: int) -> None:
    lines, policy = recording(seed)
    catalog, groups = groups_of(lines)
    for events in groups.values():
        join = Join(policy, catalog)
        for event in events:
            join.apply(event)
        for user_id, person in join.persons.items():
            holdings = as_json(held(join, user_id, join.newest or 0))
            assert len(holdings["claims"]) == len(person.index(policy, catalog).claims())
            for claim in holdings["claims"]:
                ids = set().union(*map(ids_of, claim["evidence"]))
                assert sorted(ids) == claim["because"]


def ids_of(fact: dict[str, Any]) -> set[str]:
    """The events that a fact rests on."""
    if fact["kind"] == "impression":
        return {fact["impression_id"]}
    return {each["event_id"] for each in (fact, fact.get("first")) if each is not None}


@often
@given(seeds)
def test_each_fact_is_held_for_as_long_as_it_says(seed: int) -> None:
    lines, policy = recording(seed)
    catalog, groups = groups_of(lines)
    for events in groups.values():
        join = Join(policy, catalog)
        for event in events:
            join.apply(event)
        assert join.newest is not None
        for user_id in join.persons:
            holdings = as_json(held(join, user_id, join.newest))
            ends = sorted(filter(None, (fact["kept_until"] for fact in holdings["evidence"])))
            if not ends:
                continue
            later = as_json(held(join, user_id, ends[0]))
            assert len(later["evidence"]) == len(holdings["evidence"])
            later = as_json(held(join, user_id, ends[0] + 1))
            gone = ends.count(ends[0])
            assert len(later["evidence"]) == len(holdings["evidence"]) - gone


# --- over a recording ----------------------------------------------------------------------------


@often
@given(seeds, st.data())
def test_a_recorded_request_is_explained_as_the_backtest_decided_it(
    seed: int, data: st.DataObject
) -> None:
    lines, policy = recording(seed)
    decisions = as_json(list(Backtest(policy).run(recorded(lines))))
    assume(decisions)
    chosen = data.draw(st.sampled_from(decisions))
    user_id, request_id = chosen["user_id"], chosen["request_id"]
    [*_, last] = [
        each for each in decisions if (each["user_id"], each["request_id"]) == (user_id, request_id)
    ]
    known = OnePerson(recorded(lines), user_id, policy).before(request_id)
    assert known.request is not None
    explanation = as_json(explain(known.join, known.request, known.events))
    verdicts = decided(explanation)
    assert verdicts == {name: last[name] for name in verdicts}


@often
@given(seeds, st.data())
def test_what_is_held_at_a_time_is_what_was_taken_before_the_clock_passed_it(
    seed: int, data: st.DataObject
) -> None:
    lines, policy = recording(seed)
    catalog, groups = groups_of(lines)
    assume(groups)
    events = groups[data.draw(st.sampled_from(sorted(groups)))]
    user_id = data.draw(st.sampled_from(sorted({event.user_id for event in events})))
    time = data.draw(st.sampled_from(events)).ts
    join = Join(policy, catalog)
    for event in events:
        if event.ts > time:  # upon each event the newest event time is the clock in its place
            break
        join.apply(event)
    known = OnePerson(recorded(lines), user_id, policy).at(time)
    assert as_json(held(known.join, user_id, time)) == as_json(held(join, user_id, time))


# --- what would undo it --------------------------------------------------------------------------

LATER = NOW + 5 * DAY
candidates = st.builds(
    candidate,
    product_ids,
    price=prices,
    currency=currencies,
    interest_at=st.sampled_from([None, LATER - 30 * DAY, LATER - 1_000]),
    basis=st.sampled_from([None, "observed", "inferred"]),
    **attributes,
)
requests = st.builds(
    request, candidates, ts=st.just(LATER), channel=st.sampled_from(["display", "email"])
)
cautious = policies | st.just(
    policy(sensitive={"categories": ["a"]}, dismissal={"inappropriate": {"price_drop": True}})
)


def explained(life: list[Event], asked: Request, policy: Policy, catalog: Catalog) -> Json:
    join = Join(policy, catalog)
    for event in life:
        join.apply(event)
    [candidate] = as_json(explain(join, asked, life))["candidates"]
    return candidate


def identity(claim: Json) -> tuple[Any, ...]:
    return tuple(claim[name] for name in ("reason", "scope", "value", "since", "until"))


def tried(way: Json, claim: Json, life: list[Event], asked: Request) -> tuple[list[Event], Request]:
    """What happens and what is asked when a way to undo a claim is taken."""
    [wanted] = asked.candidates
    new = msgspec.structs.replace
    match way["by"]:
        case "return":
            returns = [
                refund(
                    product(line["product_id"], quantity=line["quantity"]),
                    event_id=f"returned {number}",
                    order_id=line["order_id"],
                    ts=LATER,
                )
                for number, line in enumerate(way["lines"])
            ]
            return [*life, *returns], asked
        case "purchase":
            [*_, line] = claim["evidence"]
            again = product(line["product_id"], **line["attributes"])
            return [*life, purchase(again, event_id="again", order_id="again", ts=LATER)], asked
        case "restoration":
            restored = [
                restoration(f"restored {number}", LATER, **(target or {}))
                for number, target in enumerate(way["targets"])
            ]
            return [*life, *restored], asked
        case "price":
            priced = new(wanted, price=way["at_most"], currency=way.get("currency"))
            return life, new(asked, candidates=[priced])
        case "consent":
            granted = preference("zz", ts=LATER, **{way["preference"]: "granted"})
            sources = [str(number) for number in range(way.get("sources", 0))]
            return [*life, granted], new(asked, candidates=[new(wanted, sources=sources)])
        case "interest":
            recent = LATER - way["milliseconds"] + 1
            return life, new(asked, candidates=[new(wanted, interest_at=recent)])
        case "basis":
            return life, new(asked, candidates=[new(wanted, basis=way["one_of"][0])])
        case "channel":
            return life, new(asked, channel="display")
        case "own_site":
            return life, new(asked, own_site=True)
        case "time":
            return life, new(asked, ts=way["at"])
    raise AssertionError(way)


@given(lives, requests, cautious)
def test_each_way_to_undo_a_claim_undoes_it(
    life: list[Event], asked: Request, policy: Policy
) -> None:
    for claim in explained(life, asked, policy, CATALOG)["claims"]:
        for way in claim["undone_by"]:
            then = explained(*tried(way, claim, life, asked), policy, CATALOG)
            remaining = [identity(each) for each in then["claims"] if each["state"] == "stands"]
            assert identity(claim) not in remaining


@given(lives, requests, cautious)
def test_it_is_free_when_nothing_that_stands_or_is_to_come_is_active(
    life: list[Event], asked: Request, policy: Policy
) -> None:
    explanation = explained(life, asked, policy, CATALOG)
    free_from = explanation["free_from"]
    claims = [claim for claim in explanation["claims"] if claim["state"] in ("stands", "not_begun")]
    if free_from is None:
        is_endless = any(claim["until"] is None for claim in claims)
        assert is_endless or not any(claim["state"] == "stands" for claim in claims)
        return
    for claim in claims:
        assert free_from < claim["since"] or claim["until"] <= free_from


@given(
    st.floats(-1e300, 1e300) | st.integers(-(2**63), 2**64 - 1),
    st.floats(0, 100) | st.integers(0, 100),
    st.floats(0, 100) | st.integers(0, 100),
)
def test_the_lifting_prices_are_the_lowest_and_the_highest_that_lift(
    before: float, percent: float, most: float
) -> None:
    judging = policy(price_drop={"percent": percent, "max_percent": most})
    lifting = judging.lifting_prices(before)
    if lifting is None:
        assert judging.price_obstacle(before * (100 - percent) / 100, before) is not None
        return
    lowest, highest = lifting
    assert judging.price_obstacle(lowest, before) is None
    assert judging.price_obstacle(highest, before) is None
    assert judging.price_obstacle(math.nextafter(lowest, -math.inf), before) == "too_low"
    assert judging.price_obstacle(math.nextafter(highest, math.inf), before) == "too_high"
