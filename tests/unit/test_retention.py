"""How long evidence stays, so that a person's state is bounded (SPEC 3)."""

from typing import Any

import pytest

from schemas.records import Event
from streams.suppression.catalog import Catalog
from streams.suppression.evidence import Evidence
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from tests.builders import (
    DAY,
    HOUR,
    NOW,
    cancellation,
    dismissal,
    impression,
    impressions,
    person_with,
    policy,
    preference,
    product,
    purchase,
    refund,
    reinstatement,
    restoration,
    stored,
)

RETENTION = 30 * DAY
SHORT = policy(
    purchase={"window_days": 10, "category": {"coffee": {"replenish_days": 10, "open_days": 5}}}
)


def left(*events: Event, at: int, policy: Policy | None = None) -> Evidence:
    """What is left of a person when the partition's newest event time is this."""
    person = Person(person_with(*events))
    person.expire(policy or Policy.default(), Catalog(), at)
    return person.evidence


def expiry(*events: Event, policy: Policy | None = None) -> int | None:
    """When everything that happened has gone; None where something stays for good."""
    person = Person(person_with(*events))
    at: int | None = person.evidence.newest
    while at is not None and person.evidence:
        person.expire(policy or Policy.default(), Catalog(), at)
        at = person.due if person.evidence else at
    return at


def coffee(event_id: str, ts: int = NOW, **fields: Any) -> Event:
    beans = product("beans", categories=["coffee"], **fields)
    return purchase(beans, event_id=event_id, order_id=event_id, ts=ts)


# --- evidence that makes claims ------------------------------------------------------------------


def test_evidence_stays_until_its_claims_ended_longer_ago_than_the_retention() -> None:
    ends = NOW + 180 * DAY
    assert left(purchase(ts=NOW), at=ends + RETENTION).lines
    assert not left(purchase(ts=NOW), at=ends + RETENTION + 1)


@pytest.mark.parametrize(
    ("event", "ends"),
    [
        (purchase(), NOW + 180 * DAY),
        (dismissal("not_interested", product_id="tv"), NOW + 90 * DAY),
        (dismissal("covered_content"), NOW),
        (impression(), NOW + 7 * DAY),
        (refund(), NOW),
        (refund("tv"), NOW),
        (cancellation(), NOW),
        (reinstatement(), NOW),
        (restoration(), NOW),
    ],
)
def test_each_kind_of_evidence_goes_in_its_time(event: Event, ends: int) -> None:
    assert expiry(event) == ends + RETENTION + 1


@pytest.mark.parametrize(
    "event",
    [
        preference(personalised_ads="denied"),
        preference(sensitive_topics="granted"),
        dismissal("block_brand", brand="acme"),
    ],
)
def test_what_only_the_person_can_undo_stays_for_good(event: Event) -> None:
    assert left(event, at=NOW + 100_000 * DAY)
    assert expiry(event) is None


def test_a_replenished_line_stays_until_it_no_longer_lapses() -> None:
    assert expiry(coffee("e1"), policy=SHORT) == NOW + 25 * DAY + RETENTION + 1


def test_a_line_stays_while_it_holds_back_the_lapse_of_an_earlier_one() -> None:
    much = coffee("much", ts=NOW, quantity=10)  # lapsed from day 105 to day 205
    little = coffee("little", ts=NOW + DAY)  # its own claims end with day 26
    long_after = NOW + 26 * DAY + RETENTION + DAY
    assert len(left(much, little, at=long_after, policy=SHORT).lines) == 2
    assert not left(little, at=long_after, policy=SHORT)


def test_a_restored_dismissal_goes_with_its_restoration() -> None:
    events = dismissal("block_brand", ts=NOW, brand="acme"), restoration(ts=NOW + DAY)
    assert expiry(*events) == NOW + DAY + RETENTION + 1


def test_only_the_newest_impressions_of_a_product_are_kept() -> None:
    shown = impressions(*[NOW + n for n in range(10)])
    kept = left(*shown, at=NOW + 9).impressions
    assert sorted(shown.ts for shown in kept) == [NOW + n for n in range(3, 10)]


def test_the_newest_impressions_are_kept_for_each_value_of_the_frequency_scope() -> None:
    one_each = policy(frequency={"max": 1})
    shown = [*impressions(NOW, NOW + 1), *impressions(NOW, NOW + 1, product_id="radio")]
    kept = left(*shown, at=NOW, policy=one_each).impressions
    assert {fact.identity_of(fact) for fact in kept} == {("i2", "tv"), ("i2", "radio")}


# --- evidence that acts on other evidence --------------------------------------------------------


@pytest.mark.parametrize(
    "undone", [refund("tv"), refund(), cancellation()], ids=["part", "whole", "cancelled"]
)
def test_what_takes_a_line_away_stays_as_long_as_the_line_would_have(undone: Event) -> None:
    # Else a repeat of the purchase, or of nothing at all, would bring the line back.
    evidence = left(purchase(ts=NOW), undone, at=NOW + 180 * DAY + RETENTION)
    assert evidence.lines
    assert evidence.refunds or evidence.voided
    assert expiry(purchase(ts=NOW), undone) == NOW + 180 * DAY + RETENTION + 1


def test_what_brings_a_line_back_stays_as_long_as_the_line() -> None:
    events = purchase(ts=NOW), cancellation(ts=NOW + 1), reinstatement(ts=NOW + 2)
    evidence = left(*events, at=NOW + 180 * DAY + RETENTION)
    assert evidence.lines
    assert evidence.voided
    assert evidence.reinstated
    assert expiry(*events) == NOW + 180 * DAY + RETENTION + 1


def test_a_line_that_is_reported_again_goes_no_later_for_that() -> None:
    reported_again = purchase(event_id="again", ts=NOW + 20 * DAY)
    assert expiry(purchase(ts=NOW), reported_again) == NOW + 180 * DAY + RETENTION + 1


def test_a_line_that_is_reported_again_with_less_goes_by_when_it_was_bought() -> None:
    person = Person()
    for day, quantity in ((0, 10), (20, 10), (40, 1)):
        event = coffee("e1", ts=NOW + day * DAY, quantity=quantity)
        person.join(event, SHORT, Catalog())
        if quantity > 1:
            person.expire(SHORT, Catalog(), event.ts)
    assert person.due is not None
    assert person.due <= NOW + 25 * DAY + RETENTION + 1


def test_a_replenished_line_that_came_back_stays_as_long_as_all_of_it_would_have_lasted() -> None:
    returned = refund("beans", order_id="e1")
    assert expiry(coffee("e1", ts=NOW), returned, policy=SHORT) == NOW + 25 * DAY + RETENTION + 1


def test_a_refund_stays_for_the_retention_though_its_line_is_gone() -> None:
    late = refund("tv", ts=NOW + 200 * DAY)
    evidence = left(purchase(ts=NOW), late, at=NOW + 211 * DAY)
    assert (len(evidence.lines), len(evidence.refunds)) == (0, 1)


def test_a_restoration_stays_for_the_retention_though_it_acts_on_nothing() -> None:
    assert left(restoration(ts=NOW), at=NOW + RETENTION)
    assert not left(restoration(ts=NOW), at=NOW + RETENTION + 1)


# --- when to look --------------------------------------------------------------------------------


def expire(person: Person, at: int) -> int | None:
    """Let time go on; returns when more of what is left will go."""
    person.expire(Policy.default(), Catalog(), at)
    return person.due


def test_a_person_is_due_when_more_of_what_is_left_will_go() -> None:
    person = Person(person_with(impression(ts=NOW), purchase(ts=NOW)))
    first = expire(person, NOW)
    assert first == NOW + 7 * DAY + RETENTION + 1
    assert expire(person, first) == NOW + 180 * DAY + RETENTION + 1
    assert not person.evidence.impressions


def test_before_that_time_nothing_goes() -> None:
    person = Person(person_with(impression(ts=NOW), purchase(ts=NOW)))
    first = expire(person, NOW)
    assert first is not None
    before = stored(person.evidence)
    assert expire(person, first - 1) == first
    assert stored(person.evidence) == before


def test_a_policy_may_keep_evidence_for_no_longer_than_it_claims() -> None:
    none = policy(retention={"days": 0})
    assert expiry(impression(ts=NOW), policy=none) == NOW + 7 * DAY + 1


def test_pruning_does_not_move_the_time_of_the_newest_evidence() -> None:
    evidence = left(
        dismissal("block_brand", ts=NOW, brand="acme"),
        impression(ts=NOW + HOUR),
        at=NOW + 365 * DAY,
    )
    assert not evidence.impressions
    assert evidence.newest == NOW + HOUR
