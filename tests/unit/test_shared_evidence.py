"""One person with several ids: what is shared between them, and what is not (SPEC 9)."""

import pytest

from schemas.records import Product
from tests.builders import (
    DAY,
    HOUR,
    NOW,
    cancellation,
    catalog,
    dismissal,
    impression,
    policy,
    preference,
    product,
    purchase,
    refund,
    reinstatement,
    request,
    restoration,
)
from tests.identities import Partitions, linked, signed_in, signed_out, unlinked

APART = {"phone": 0, "laptop": 1, "account": 2, "tablet": 3, "old account": 1}


def partitions(**tables):
    return Partitions(policy(**tables), partition_of=APART)


def suppressed(there, user_id, product_id="tv", ts=NOW):
    """Why a product must not follow an id."""
    [decision] = there.tell(request(product_id, user_id=user_id, ts=ts))
    return [answer["reason"] for answer in decision["suppressed"]]


# --- from device to device -----------------------------------------------------------------------


def test_what_was_bought_on_the_phone_does_not_follow_to_the_laptop():
    there = partitions()
    there.tell(signed_in("phone", "account"), signed_in("laptop", "account"))
    there.tell(purchase("tv", user_id="phone"))
    assert suppressed(there, "laptop") == ["purchased"]
    assert suppressed(there, "account") == ["purchased"]


def test_who_was_never_signed_in_hears_nothing():
    there = partitions()
    there.tell(signed_in("phone", "account"), purchase("tv", user_id="phone"))
    assert suppressed(there, "laptop") == []


def test_what_was_bought_before_the_laptop_was_signed_in_follows_it_no_more_from_then_on():
    there = partitions()
    there.tell(signed_in("phone", "account"), purchase("tv", user_id="phone"))
    there.tell(signed_in("laptop", "account", ts=NOW + HOUR))
    assert suppressed(there, "laptop") == ["purchased"]


def test_a_refund_on_the_laptop_lifts_what_was_bought_on_the_phone():
    there = partitions()
    there.tell(signed_in("phone", "account"), signed_in("laptop", "account"))
    there.tell(purchase("tv", user_id="phone"), refund("tv", user_id="laptop", ts=NOW + 1))
    assert [suppressed(there, user) for user in ("phone", "laptop", "account")] == [[], [], []]


@pytest.mark.parametrize("take_back", [refund, cancellation])
def test_a_whole_refund_is_shared_whenever_it_happened_and_so_is_its_end(take_back):
    there = partitions()
    there.tell(signed_in("phone", "account"), purchase("tv", user_id="phone"))
    there.tell(signed_in("laptop", "account"), signed_out("laptop", ts=NOW + 1))
    there.tell(take_back(user_id="laptop", ts=NOW + DAY))
    assert suppressed(there, "phone") == []
    there.tell(reinstatement(user_id="laptop", ts=NOW + 2 * DAY))
    assert suppressed(there, "phone") == ["purchased"]


def test_one_of_two_that_was_sent_back_before_a_sign_in_is_taken_off_once():
    there = partitions()
    there.tell(signed_in("laptop", "account"))
    there.tell(purchase(product("tv", quantity=2), user_id="phone"))
    there.tell(refund(product("tv", quantity=1), user_id="phone", ts=NOW + 1))
    there.tell(signed_in("phone", "account", ts=NOW + 2))
    assert [suppressed(there, user) for user in ("laptop", "account")] == [["purchased"]] * 2


def test_an_order_that_is_reported_on_two_ids_is_one_order():
    there = partitions()
    there.tell(linked("phone", "account"))
    there.tell(purchase("tv", event_id="seen by the app", user_id="phone", ts=NOW + 1))
    there.tell(purchase("tv", event_id="seen by the shop", user_id="account", ts=NOW))
    [entry] = there.entries("phone")
    assert entry["because"] == ["seen by the app", "seen by the shop"]
    assert entry["since"] == NOW


def test_a_restoration_on_the_account_ends_what_was_dismissed_on_the_phone():
    there = partitions()
    there.tell(linked("phone", "account"))
    there.tell(dismissal("not_interested", product_id="tv", user_id="phone"))
    assert suppressed(there, "account") == ["not_interested"]
    there.tell(restoration(user_id="account", ts=NOW + 1))
    assert suppressed(there, "phone", ts=NOW + 1) == []


def test_a_product_that_another_id_named_by_an_alias_is_the_product():
    known = catalog(tv={"item_group_id": "tvs", "aliases": ["sku-1"]})
    there = Partitions(catalog=known, partition_of=APART)
    there.tell(linked("phone", "account"), linked("laptop", "account"))
    there.tell(purchase("sku-1", user_id="phone"))
    assert suppressed(there, "laptop", "tv") == ["purchased"]
    there.tell(refund("tv", user_id="account", ts=NOW + 1))
    assert suppressed(there, "laptop", "tv") == []


def test_an_alias_that_becomes_known_counts_for_what_others_have_shared_before():
    known = catalog(tv={"item_group_id": "tvs"})
    there = Partitions(catalog=known, partition_of=APART)
    there.tell(linked("phone", "account"), linked("laptop", "account"))
    there.tell(purchase("sku-1", user_id="phone"))
    assert suppressed(there, "laptop", "tv") == []
    known.put("tv", Product(item_group_id="tvs", aliases=["sku-1"]))
    assert suppressed(there, "laptop", "tv") == ["purchased"]


def test_a_gift_is_shared_with_nobody():
    there = partitions()
    there.tell(linked("phone", "account"), linked("laptop", "account"))
    there.tell(purchase(product("tv", gift=True), user_id="phone"))
    assert suppressed(there, "phone") == ["purchased"]
    assert suppressed(there, "account") == suppressed(there, "laptop") == []


def test_impressions_are_counted_over_all_ids_only_where_the_policy_says_so():
    for is_shared, expected in [(True, ["frequency_cap"]), (False, [])]:
        there = partitions(frequency={"max": 2}, identity={"impressions": is_shared})
        there.tell(linked("phone", "account"), linked("laptop", "account"))
        there.tell(impression("i1", user_id="phone"), impression("i2", user_id="laptop"))
        assert suppressed(there, "phone") == expected


def test_a_preference_that_was_said_later_holds_on_all_ids():
    there = partitions()
    there.tell(linked("phone", "account"), linked("laptop", "account"))
    there.tell(preference("no", personalised_ads="denied", user_id="phone"))
    assert suppressed(there, "laptop") == ["no_consent"]
    there.tell(preference("yes", personalised_ads="granted", user_id="laptop", ts=NOW + 1))
    assert suppressed(there, "phone", ts=NOW + 1) == []
    assert there.lists()["account"]["granted"] == ["personalised_ads"]


# --- lists ---------------------------------------------------------------------------------------


def test_an_entry_says_where_it_rests_on_another_id_alone():
    there = partitions()
    there.tell(linked("phone", "account"), purchase("tv", user_id="phone"))
    [own], [of_another] = there.entries("phone"), there.entries("account")
    assert "via" not in own
    assert of_another == {**own, "via": "person"}


def test_an_entry_that_rests_on_this_id_as_well_is_its_own():
    there = partitions()
    there.tell(linked("phone", "account"))
    for user_id in ("phone", "account"):
        there.tell(purchase("tv", event_id=f"by {user_id}", order_id=user_id, user_id=user_id))
    assert ["via" in entry for entry in there.entries("phone")] == [False]


def test_an_entry_whose_first_event_was_of_this_id_is_its_own():
    there = partitions()
    there.tell(linked("phone", "account"))
    for number, user_id in enumerate(("account", "account", "phone")):
        there.tell(purchase("tv", event_id=f"e{number}", user_id=user_id, ts=NOW + number))
    [entry] = there.entries("account")
    assert entry["because"] == ["e0", "e2"]
    assert "via" not in entry


def test_a_list_is_as_old_as_the_newest_that_counts_for_it():
    there = partitions()
    there.tell(linked("phone", "account"), purchase("tv", user_id="account", ts=NOW))
    there.tell(purchase("radio", order_id="second", user_id="phone", ts=NOW + HOUR))
    assert there.lists()["account"]["ts"] == NOW + HOUR
    there.tell(unlinked("phone", "account", ts=NOW + DAY))
    assert there.lists()["account"]["ts"] == NOW


def test_a_statement_alone_puts_nothing_on_a_list():
    there = partitions()
    there.tell(signed_in("phone", "account"))
    assert set(there.lists().values()) <= {None}


# --- whose it is ---------------------------------------------------------------------------------


def test_what_happened_before_the_first_sign_in_is_of_who_signed_in_as_far_as_the_policy_says():
    for ago, expected in [(30 * DAY, ["purchased"]), (30 * DAY + 1, [])]:
        there = partitions()
        there.tell(purchase("tv", user_id="phone", ts=NOW - ago), signed_in("phone", "account"))
        assert suppressed(there, "account") == expected
        assert suppressed(there, "phone") == ["purchased"]


def test_what_happened_between_two_sessions_of_one_account_is_the_accounts():
    there = partitions()
    there.tell(signed_in("phone", "account"), signed_out("phone", ts=NOW + HOUR))
    there.tell(purchase("tv", user_id="phone", ts=NOW + 2 * HOUR))
    assert suppressed(there, "account", ts=NOW + DAY) == []
    there.tell(signed_in("phone", "account", ts=NOW + 3 * HOUR))
    assert suppressed(there, "account", ts=NOW + DAY) == ["purchased"]


def test_what_happened_between_the_sessions_of_two_accounts_is_of_neither():
    there = partitions()
    there.tell(signed_in("phone", "account"), signed_out("phone", ts=NOW + HOUR))
    there.tell(purchase("tv", user_id="phone", ts=NOW + 2 * HOUR))
    there.tell(signed_in("phone", "old account", ts=NOW + 3 * HOUR))
    assert suppressed(there, "account", ts=NOW + DAY) == []
    assert suppressed(there, "old account", ts=NOW + DAY) == []
    assert suppressed(there, "phone", ts=NOW + DAY) == ["purchased"]


def test_a_sign_in_that_arrives_late_counts_for_what_was_before_it_as_well():
    there = partitions()
    there.tell(purchase("tv", user_id="phone", ts=NOW + HOUR))
    there.tell(signed_out("phone", ts=NOW + 2 * HOUR))
    assert suppressed(there, "account", ts=NOW + DAY) == []
    there.tell(signed_in("phone", "account", ts=NOW))
    assert suppressed(there, "account", ts=NOW + DAY) == ["purchased"]


def test_a_late_sign_in_of_somebody_else_takes_back_what_was_shared():
    there = partitions()
    there.tell(signed_in("phone", "account"), purchase("tv", user_id="phone", ts=NOW + HOUR))
    assert suppressed(there, "account", ts=NOW + DAY) == ["purchased"]
    there.tell(signed_in("phone", "old account", ts=NOW + 1))
    assert suppressed(there, "account", ts=NOW + DAY) == []
    assert suppressed(there, "old account", ts=NOW + DAY) == ["purchased"]


def test_a_link_holds_for_all_that_the_device_ever_did():
    there = partitions()
    there.tell(purchase("tv", user_id="phone", ts=NOW - 100 * DAY))
    there.tell(signed_in("phone", "old account"), linked("phone", "account", ts=NOW - 200 * DAY))
    assert suppressed(there, "account") == ["purchased"]
    assert suppressed(there, "old account") == []


def test_an_account_that_was_merged_into_another_shares_with_it_only_its_own():
    there = partitions()
    there.tell(linked("phone", "old account"), linked("old account", "account"))
    there.tell(purchase("tv", user_id="phone"))
    there.tell(purchase("radio", order_id="second", user_id="old account"))
    assert suppressed(there, "old account", "tv") == ["purchased"]
    assert there.reasons("account") == {"radio": "purchased"}


def test_what_an_account_has_of_the_one_that_it_was_merged_into_goes_to_no_device():
    there = partitions()
    there.tell(linked("phone", "old account"), linked("old account", "account"))
    there.tell(purchase("tv", user_id="account"))
    assert suppressed(there, "old account") == ["purchased"]
    assert suppressed(there, "phone") == []


def test_of_one_person_the_ids_with_the_newest_statements_stay():
    there = partitions(identity={"max_ids": 2})
    for number, device in enumerate(("phone", "laptop", "tablet")):
        there.tell(linked(device, "account", ts=NOW + number))
        there.tell(purchase(device, order_id=device, event_id=device, user_id=device))
    assert there.reasons("account").keys() == {"laptop", "tablet"}
    assert there.reasons("phone").keys() == {"phone"}
    there.tell(signed_in("phone", "account", ts=NOW + 3))
    assert there.reasons("account").keys() == {"phone", "tablet"}
    assert there.reasons("phone").keys() == {"phone", "tablet"}
    assert there.reasons("laptop").keys() == {"laptop"}
    there.tell(unlinked("tablet", "account", ts=NOW + 4))
    assert there.reasons("account").keys() == {"phone", "laptop"}
    assert there.reasons("laptop").keys() == {"phone", "laptop"}


# --- taken back ----------------------------------------------------------------------------------


def test_a_link_that_is_taken_back_never_was():
    there = partitions()
    there.tell(linked("phone", "account"), linked("laptop", "account"))
    there.tell(purchase("tv", user_id="phone"))
    there.tell(unlinked("phone", "account", ts=NOW + DAY))
    assert suppressed(there, "account") == suppressed(there, "laptop") == []
    assert suppressed(there, "phone") == ["purchased"]


def test_a_link_that_is_said_again_after_it_was_taken_back_holds():
    there = partitions()
    there.tell(linked("phone", "account"), purchase("tv", user_id="phone"))
    there.tell(unlinked("phone", "account", ts=NOW + 1), linked("phone", "account", ts=NOW + 2))
    assert suppressed(there, "account") == ["purchased"]


def test_a_session_that_is_void_does_not_end_that_of_another():
    there = partitions()
    there.tell(signed_in("phone", "account"), signed_in("phone", "old account", ts=NOW + 1))
    there.tell(unlinked("phone", "old account", ts=NOW + 1))
    there.tell(purchase("tv", user_id="phone", ts=NOW + 2))
    assert suppressed(there, "account", ts=NOW + 2) == ["purchased"]


def test_an_opt_out_that_the_account_took_back_is_there_again_without_the_link():
    there = partitions()
    there.tell(dismissal("opt_out_all", user_id="phone"), linked("phone", "account"))
    there.tell(restoration(user_id="account", ts=NOW + 1))
    assert suppressed(there, "phone", ts=NOW + 1) == []
    later = NOW + 200 * DAY
    there.tell(*(request(user_id=user_id, ts=later) for user_id in ("phone", "account")))
    there.settle(store=True)
    there.tell(unlinked("phone", "account", ts=later))
    assert suppressed(there, "phone", ts=later) == ["opt_out_all"]


def test_an_opt_out_that_one_device_took_back_for_another_is_there_again_without_it():
    there = partitions()
    there.tell(dismissal("opt_out_all", user_id="phone"))
    there.tell(linked("phone", "account"), linked("laptop", "account"))
    there.tell(restoration(user_id="laptop", ts=NOW + 1))
    assert suppressed(there, "account", ts=NOW + 1) == []
    later = NOW + 200 * DAY
    there.tell(*(request(user_id=user_id, ts=later) for user_id in APART))
    there.settle(store=True)
    there.tell(unlinked("laptop", "account", ts=later))
    for user_id in ("account", "phone"):
        assert suppressed(there, user_id, ts=later) == ["opt_out_all"]


def test_what_is_over_is_on_no_list_of_any_id_and_in_no_state():
    there = partitions()
    there.tell(linked("phone", "account"), linked("laptop", "account"))
    there.tell(purchase("tv", user_id="phone"))
    later = NOW + 300 * DAY
    there.tell(*(request(user_id=user_id, ts=later) for user_id in APART))
    there.settle(store=True)
    assert set(there.lists().values()) <= {None}
    stored = b"".join(person.to_bytes() for join in there.joins for person in join.persons.values())
    assert b"tv" not in stored
