"""The join of one partition: records in, decisions and lists out, independent of when (SPEC 5)."""

from typing import Any

import orjson

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
    taken = [joined.take(event) for event in events]
    return as_json([decision for decision in taken if decision is not None])


def suppressed(joined: Join, asked: Event) -> list[str]:
    [decision] = decisions(joined, asked)
    return [answer["reason"] for answer in decision["suppressed"]]


def settled(joined: Join) -> dict[str, Any]:
    return {user_id: as_json(standing) for user_id, _, standing in joined.settle()}


# --- decisions -----------------------------------------------------------------------------------


def test_evidence_counts_from_the_next_request_on() -> None:
    joined = join()
    assert suppressed(joined, request(ts=NOW)) == []
    joined.take(purchase(ts=NOW))
    assert suppressed(joined, request(ts=NOW)) == ["purchased"]


def test_evidence_that_arrives_late_counts_from_when_it_arrives() -> None:
    joined = join()
    assert suppressed(joined, request(ts=NOW + DAY)) == []
    joined.take(purchase(ts=NOW))
    assert suppressed(joined, request(ts=NOW + DAY)) == ["purchased"]


def test_a_request_that_arrives_late_is_decided_at_its_own_time() -> None:
    joined = join()
    joined.take(purchase(ts=NOW))
    assert suppressed(joined, request(ts=NOW - 1)) == []


def test_the_purchases_of_one_person_are_nothing_to_another() -> None:
    joined = join()
    joined.take(purchase(user_id="ann"))
    assert suppressed(joined, request(user_id="bob")) == []


def test_a_request_leaves_no_trace_of_the_person() -> None:
    joined = join()
    joined.take(request())
    assert joined.persons == {}
    assert settled(joined) == {}


def test_where_people_have_to_opt_in_somebody_unknown_has_not() -> None:
    strict = join(policy(consent={"mode": "opt_in"}))
    assert suppressed(strict, request()) == ["no_consent"]
    strict.take(preference(personalised_ads="granted"))
    assert suppressed(strict, request()) == []


def test_evidence_that_is_over_has_no_say_even_in_a_late_request() -> None:
    joined = join()
    joined.take(dismissal("removed_from_cart", ts=NOW, product_id="tv"))
    joined.take(impression(ts=NOW + 44 * DAY, user_id="bob"))
    assert suppressed(joined, request(ts=NOW + DAY)) == ["removed_from_cart"]
    joined.take(impression(ts=NOW + 44 * DAY + 1, user_id="bob"))
    assert suppressed(joined, request(ts=NOW + DAY)) == []


def test_evidence_that_is_over_does_not_tell_the_time_of_the_next_list() -> None:
    joined = join()
    joined.take(dismissal("covered_content", ts=NOW))
    joined.take(request(ts=NOW + 30 * DAY + 1, user_id="bob"))
    joined.take(purchase(ts=NOW - DAY))
    assert settled(joined)["ann"]["ts"] == NOW - DAY


def test_a_refund_that_is_corrected_to_another_order_gives_the_first_one_back() -> None:
    joined = join()
    joined.take(purchase("tv", order_id="first", ts=NOW))
    joined.take(refund("tv", event_id="mistyped", order_id="first", ts=NOW + 1))
    assert suppressed(joined, request(ts=NOW + 3)) == []
    joined.take(refund("tv", event_id="mistyped", order_id="second", ts=NOW + 2))
    assert suppressed(joined, request(ts=NOW + 3)) == ["purchased"]


def test_impressions_are_kept_by_the_groups_of_the_catalog_that_is_known_now() -> None:
    joined = join(policy(frequency={"max": 1}))
    joined.catalog.put("tv", Product(item_group_id="screens"))
    joined.take(impression("i1", "tv", ts=NOW))
    assert suppressed(joined, request("tv", ts=NOW)) == ["frequency_cap"]
    joined.catalog.put("tv", Product(item_group_id="tvs"))
    joined.catalog.put("phone", Product(item_group_id="screens"))
    joined.take(impression("i2", "phone", ts=NOW + 1))
    assert suppressed(joined, request("tv", ts=NOW + 1)) == ["frequency_cap"]


def test_a_change_of_the_catalog_counts_from_the_next_request_on() -> None:
    joined = join()
    joined.take(purchase("tv", ts=NOW))
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
    joined.take(purchase(ts=NOW + 5, user_id="bob"))
    joined.take(refund(ts=NOW + 3, user_id="bob"))
    joined.take(dismissal("opt_out_all", ts=NOW + 2, user_id="eve"))
    assert as_of(joined) == {"purchases": NOW + 5, "dismissals": NOW + 2}


def test_the_other_topics_do_not_stand_in_as_of() -> None:
    joined = join()
    joined.take(impression(ts=NOW + 5))
    joined.take(preference(ts=NOW + 5, personalised_ads="granted"))
    joined.take(request(ts=NOW + 5))
    assert as_of(joined) == {}


def test_as_of_of_a_decision_stays_what_it_was() -> None:
    joined = join()
    joined.take(purchase(ts=NOW))
    first = joined.take(request())
    joined.take(purchase(ts=NOW + 1))
    assert first is not None
    assert first["as_of"] == {"purchases": NOW}


# --- settling ------------------------------------------------------------------------------------


def test_settling_yields_each_person_who_changed_once_with_the_list_that_stands() -> None:
    joined = join()
    joined.take(purchase("tv", event_id="e1", ts=NOW))
    joined.take(purchase("radio", event_id="e2", order_id="o2", ts=NOW + 1))
    joined.take(preference(user_id="bob", personalised_ads="granted"))
    lists = settled(joined)
    assert [entry["value"] for entry in lists["ann"]["entries"]] == ["radio", "tv"]
    assert lists["bob"]["granted"] == ["personalised_ads"]
    assert settled(joined) == {}


def test_evidence_without_claims_yields_a_tombstone() -> None:
    joined = join()
    joined.take(impression())
    assert settled(joined) == {"ann": None}


def test_a_person_without_evidence_left_is_to_be_forgotten() -> None:
    joined = join()
    joined.take(impression(ts=NOW))
    joined.take(request(ts=NOW + 100 * DAY, user_id="bob"))
    [(user_id, person, standing)] = joined.settle()
    assert (user_id, bool(person.evidence), standing) == ("ann", False, None)


def test_a_review_yields_a_person_of_whom_nothing_new_was_said() -> None:
    joined = join()
    joined.take(dismissal("removed_from_cart", ts=NOW, product_id="tv"))
    assert settled(joined)["ann"] is not None
    joined.take(request(ts=NOW + 14 * DAY, user_id="bob"))
    joined.review("ann")
    assert settled(joined) == {"ann": None}


def test_a_review_of_somebody_unknown_yields_nothing() -> None:
    joined = join()
    joined.take(request())
    joined.review("nobody")
    assert settled(joined) == {}


def test_a_person_is_due_when_the_list_ends() -> None:
    joined = join()
    joined.take(dismissal("removed_from_cart", ts=NOW, product_id="tv"))
    settled(joined)
    assert joined.persons["ann"].due == NOW + 14 * DAY


def test_a_person_whose_list_does_not_end_is_due_when_evidence_has_to_go() -> None:
    joined = join()
    joined.take(preference(sensitive_topics="granted"))
    joined.take(dismissal("removed_from_cart", ts=NOW, product_id="tv"))
    settled(joined)
    assert joined.persons["ann"].due == NOW + 44 * DAY + 1


def test_a_person_is_due_at_what_comes_first() -> None:
    joined = join()
    joined.take(purchase(ts=NOW))  # the list ends with it, in 180 days
    joined.take(dismissal("removed_from_cart", ts=NOW, product_id="tv"))  # gone in 44 days
    settled(joined)
    assert joined.persons["ann"].due == NOW + 44 * DAY + 1


def test_a_person_whom_nothing_will_change_is_never_due() -> None:
    joined = join()
    joined.take(dismissal("block_brand", brand="acme"))
    settled(joined)
    assert joined.persons["ann"].due is None


def test_what_is_stored_of_a_person_reads_back_as_the_same_person() -> None:
    joined = join()
    joined.take(purchase())
    [(_, person, standing)] = joined.settle()
    person.published = "digest"
    read_back = Person.from_data(orjson.loads(orjson.dumps(person.to_data())))
    assert read_back.to_data() == person.to_data()
    assert read_back.standing_list("ann", joined.policy, joined.catalog, NOW) == standing


# --- when it is settled makes no difference ------------------------------------------------------


def run(events: list[Event], rules: Policy, settle_each: bool) -> tuple[Any, Any, Any]:
    """Decisions, lists and stored persons; settled after every record or only at the end."""
    joined = join(rules)
    taken = []
    for event in events:
        taken.append(as_json(joined.take(event)))
        if settle_each:
            settled(joined)
    for user_id in joined.persons:
        joined.review(user_id)
    lists = settled(joined)
    persons = {
        user_id: person.to_data() for user_id, person in joined.persons.items() if person.evidence
    }
    return taken, lists, as_json(persons)


def test_a_life_settled_step_by_step_comes_to_the_same_as_settled_in_the_end() -> None:
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
    # completed anew, it has been over for long, whether or not somebody settled in between.
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
