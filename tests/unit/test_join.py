"""The join of one partition: records in, decisions and lists out, independent of when (SPEC 5)."""

from typing import Any

from schemas.records import Event, Product
from streams.suppression.catalog import Catalog
from streams.suppression.join import Join
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from tests.builders import (
    DAY,
    HOUR,
    NOW,
    as_json,
    dismissal,
    impression,
    policy,
    preference,
    product,
    purchase,
    refund,
    request,
)


def join(policy: Policy | None = None) -> Join:
    return Join(policy or Policy.default(), Catalog())


def decisions(joined: Join, *events: Event) -> list[dict[str, Any]]:
    outcomes = [joined.apply(event) for event in events]
    return as_json([decision for decision in outcomes if decision is not None])


def suppressed(joined: Join, asked: Event) -> list[str]:
    [decision] = decisions(joined, asked)
    return [answer["reason"] for answer in decision["suppressed"]]


def prepared(joined: Join) -> dict[str, Any]:
    return {user_id: as_json(current) for user_id, _, current in joined.prepare()}


# --- decisions -----------------------------------------------------------------------------------


def test_evidence_counts_from_the_next_request_on() -> None:
    joined = join()
    assert suppressed(joined, request(ts=NOW)) == []
    joined.apply(purchase(ts=NOW))
    assert suppressed(joined, request(ts=NOW)) == ["purchased"]


def test_evidence_that_arrives_late_counts_from_when_it_arrives() -> None:
    joined = join()
    assert suppressed(joined, request(ts=NOW + DAY)) == []
    joined.apply(purchase(ts=NOW))
    assert suppressed(joined, request(ts=NOW + DAY)) == ["purchased"]


def test_a_request_that_arrives_late_is_decided_at_its_own_time() -> None:
    joined = join()
    joined.apply(purchase(ts=NOW))
    assert suppressed(joined, request(ts=NOW - 1)) == []


def test_the_purchases_of_one_person_are_nothing_to_another() -> None:
    joined = join()
    joined.apply(purchase(user_id="ann"))
    assert suppressed(joined, request(user_id="bob")) == []


def test_a_request_leaves_no_trace_of_the_person() -> None:
    joined = join()
    joined.apply(request())
    assert joined.persons == {}
    assert prepared(joined) == {}


def test_where_people_have_to_opt_in_somebody_unknown_has_not() -> None:
    strict = join(policy(consent={"mode": "opt_in"}))
    assert suppressed(strict, request()) == ["no_consent"]
    strict.apply(preference(personalised_ads="granted"))
    assert suppressed(strict, request()) == []


def test_evidence_that_is_over_has_no_say_even_in_a_late_request() -> None:
    joined = join()
    joined.apply(dismissal("removed_from_cart", ts=NOW, product_id="tv"))
    joined.apply(impression(ts=NOW + 44 * DAY, user_id="bob"))
    assert suppressed(joined, request(ts=NOW + DAY)) == ["removed_from_cart"]
    joined.apply(impression(ts=NOW + 44 * DAY + 1, user_id="bob"))
    assert suppressed(joined, request(ts=NOW + DAY)) == []


def test_evidence_that_is_over_does_not_tell_the_time_of_the_next_list() -> None:
    joined = join()
    joined.apply(dismissal("covered_content", ts=NOW))
    joined.apply(request(ts=NOW + 30 * DAY + 1, user_id="bob"))
    joined.apply(purchase(ts=NOW - DAY))
    assert prepared(joined)["ann"]["ts"] == NOW - DAY


def test_a_refund_that_is_corrected_to_another_order_gives_the_first_one_back() -> None:
    joined = join()
    joined.apply(purchase("tv", order_id="first", ts=NOW))
    joined.apply(refund("tv", event_id="mistyped", order_id="first", ts=NOW + 1))
    assert suppressed(joined, request(ts=NOW + 3)) == []
    joined.apply(refund("tv", event_id="mistyped", order_id="second", ts=NOW + 2))
    assert suppressed(joined, request(ts=NOW + 3)) == ["purchased"]


def test_impressions_are_kept_by_the_groups_of_the_catalog_that_is_known_now() -> None:
    joined = join(policy(frequency={"max": 1}))
    joined.catalog.put("tv", Product(item_group_id="screens"))
    joined.apply(impression("i1", "tv", ts=NOW))
    assert suppressed(joined, request("tv", ts=NOW)) == ["frequency_cap"]
    joined.catalog.put("tv", Product(item_group_id="tvs"))
    joined.catalog.put("phone", Product(item_group_id="screens"))
    joined.apply(impression("i2", "phone", ts=NOW + 1))
    assert suppressed(joined, request("tv", ts=NOW + 1)) == ["frequency_cap"]


def test_a_change_of_the_catalog_counts_from_the_next_request_on() -> None:
    joined = join()
    joined.apply(purchase("tv", ts=NOW))
    assert suppressed(joined, request("big_tv", ts=NOW)) == []
    joined.catalog.put("tv", Product(item_group_id="tvs"))
    joined.catalog.put("big_tv", Product(item_group_id="tvs"))
    assert suppressed(joined, request("big_tv", ts=NOW)) == ["purchased"]


# --- as_of ---------------------------------------------------------------------------------------


def as_of(joined: Join) -> dict[str, int]:
    [decision] = decisions(joined, request(ts=NOW))
    return decision["as_of"]


def test_as_of_is_empty_before_anything_was_seen() -> None:
    assert as_of(join()) == {}


def test_as_of_is_the_newest_time_of_purchases_and_dismissals_of_anybody() -> None:
    joined = join()
    joined.apply(purchase(ts=NOW + 5, user_id="bob"))
    joined.apply(refund(ts=NOW + 3, user_id="bob"))
    joined.apply(dismissal("opt_out_all", ts=NOW + 2, user_id="eve"))
    assert as_of(joined) == {"purchases": NOW + 5, "dismissals": NOW + 2}


def test_the_other_topics_do_not_stand_in_as_of() -> None:
    joined = join()
    joined.apply(impression(ts=NOW + 5))
    joined.apply(preference(ts=NOW + 5, personalised_ads="granted"))
    joined.apply(request(ts=NOW + 5))
    assert as_of(joined) == {}


def test_as_of_of_a_decision_stays_what_it_was() -> None:
    joined = join()
    joined.apply(purchase(ts=NOW))
    first = joined.apply(request())
    joined.apply(purchase(ts=NOW + 1))
    assert first is not None
    assert first.as_of == {"purchases": NOW}


# --- preparing ------------------------------------------------------------------------------------


def test_preparing_yields_each_person_who_changed_once_with_the_list_as_it_is() -> None:
    joined = join()
    joined.apply(purchase("tv", event_id="e1", ts=NOW))
    joined.apply(purchase("radio", event_id="e2", order_id="o2", ts=NOW + 1))
    joined.apply(preference(user_id="bob", personalised_ads="granted"))
    lists = prepared(joined)
    assert [entry["value"] for entry in lists["ann"]["entries"]] == ["radio", "tv"]
    assert lists["bob"]["granted"] == ["personalised_ads"]
    assert prepared(joined) == {}


def test_evidence_without_claims_yields_a_tombstone() -> None:
    joined = join()
    joined.apply(impression())
    assert prepared(joined) == {"ann": None}


def test_a_person_without_evidence_left_is_to_be_forgotten() -> None:
    joined = join()
    joined.apply(impression(ts=NOW))
    joined.apply(request(ts=NOW + 100 * DAY, user_id="bob"))
    [(user_id, person, current)] = joined.prepare()
    assert (user_id, bool(person.evidence), current) == ("ann", False, None)


def test_a_review_yields_a_person_of_whom_nothing_new_was_said() -> None:
    joined = join()
    joined.apply(dismissal("removed_from_cart", ts=NOW, product_id="tv"))
    assert prepared(joined)["ann"] is not None
    joined.apply(request(ts=NOW + 14 * DAY, user_id="bob"))
    joined.review("ann")
    assert prepared(joined) == {"ann": None}


def test_a_review_of_somebody_unknown_yields_nothing() -> None:
    joined = join()
    joined.apply(request())
    joined.review("nobody")
    assert prepared(joined) == {}


def test_a_person_is_due_when_the_list_ends() -> None:
    joined = join()
    joined.apply(dismissal("removed_from_cart", ts=NOW, product_id="tv"))
    prepared(joined)
    assert joined.persons["ann"].due == NOW + 14 * DAY


def test_a_person_whose_list_does_not_end_is_due_when_evidence_has_to_go() -> None:
    joined = join()
    joined.apply(preference(sensitive_topics="granted"))
    joined.apply(dismissal("removed_from_cart", ts=NOW, product_id="tv"))
    prepared(joined)
    assert joined.persons["ann"].due == NOW + 44 * DAY + 1


def test_a_person_is_due_at_what_comes_first() -> None:
    joined = join()
    joined.apply(purchase(ts=NOW))  # the list ends with it, in 180 days
    joined.apply(dismissal("removed_from_cart", ts=NOW, product_id="tv"))  # gone in 44 days
    prepared(joined)
    assert joined.persons["ann"].due == NOW + 44 * DAY + 1


def test_a_person_whom_nothing_will_change_is_never_due() -> None:
    joined = join()
    joined.apply(dismissal("block_brand", brand="acme"))
    prepared(joined)
    assert joined.persons["ann"].due is None


def test_what_is_stored_of_a_person_reads_back_as_the_same_person() -> None:
    joined = join()
    joined.apply(purchase())
    [(_, person, current)] = joined.prepare()
    person.published = "digest"
    read_back = Person.from_bytes(person.to_bytes())
    assert read_back.to_bytes() == person.to_bytes()
    assert read_back.current_list("ann", joined.policy, joined.catalog, NOW) == current


# --- when it is prepared makes no difference ------------------------------------------------------


def run(events: list[Event], rules: Policy, prepare_each: bool) -> tuple[Any, Any, Any]:
    """Decisions, lists and stored persons; prepared after every record or only at the end."""
    joined = join(rules)
    outcomes = []
    for event in events:
        outcomes.append(as_json(joined.apply(event)))
        if prepare_each:
            prepared(joined)
    for user_id in joined.persons:
        joined.review(user_id)
    lists = prepared(joined)
    persons = {
        user_id: person.to_bytes() for user_id, person in joined.persons.items() if person.evidence
    }
    return outcomes, lists, persons


def test_a_life_prepared_step_by_step_comes_to_the_same_as_prepared_in_the_end() -> None:
    life = [
        purchase("tv", ts=NOW),
        *(impression(f"i{n}", ts=NOW + n * HOUR) for n in range(12)),
        refund("tv", ts=NOW + 2 * DAY),
        dismissal("not_interested", ts=NOW + 20 * DAY, product_id="radio"),
        request("tv", "radio", ts=NOW + 21 * DAY),
        purchase("radio", event_id="e2", order_id="o2", ts=NOW + 400 * DAY),
        request("tv", "radio", ts=NOW + 30 * DAY),
        refund(ts=NOW + 390 * DAY, order_id="o2"),
        request("tv", "radio", ts=NOW + 500 * DAY),
    ]
    assert run(life, Policy.default(), True) == run(life, Policy.default(), False)


def test_an_order_that_moves_past_the_one_that_held_it_back_is_looked_at_at_once() -> None:
    # "little" was kept because it held back the lapse of "much"; when the latter's order is
    # completed anew, it has been over for long, whether or not it was prepared in between.
    coffee = policy(purchase={"category": {"coffee": {"replenish_days": 30}}})
    much = product("beans", categories=["coffee"], quantity=10)
    little = product("beans", categories=["coffee"])
    life = [
        purchase(much, event_id="e1", order_id="much", ts=NOW),
        purchase(little, event_id="e2", order_id="little", ts=NOW + 10 * DAY),
        purchase(little, event_id="e3", order_id="much", ts=NOW + 130 * DAY),
        request("beans", ts=NOW + 20 * DAY),
    ]
    assert run(life, coffee, True) == run(life, coffee, False)
