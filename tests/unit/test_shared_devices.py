"""Devices that several people use: a tablet of a family, a terminal in a shop (SPEC 9)."""

import orjson

from streams.suppression.explanation import explain, held
from tests.builders import DAY, HOUR, NOW, dismissal, policy, preference, purchase, request
from tests.identities import Partitions, linked, signed_in, signed_out

APART = {"tablet": 0, "ann's": 1, "bob's": 2, "phone": 3}


def family():
    there = Partitions(partition_of=APART)
    there.tell(signed_in("tablet", "ann's", ts=NOW), linked("phone", "ann's", ts=NOW))
    there.tell(purchase("ring", user_id="tablet", ts=NOW + 1))
    return there


def suppressed(there, user_id, product_id, ts):
    [decision] = there.tell(request(product_id, user_id=user_id, ts=ts))
    return [answer["reason"] for answer in decision["suppressed"]]


def with_the_ring(there, ts):
    """The ids to which the ring must not be shown, each by its list and by its decision."""
    by_list = {user_id for user_id in APART if "ring" in there.reasons(user_id)}
    by_decision = {user_id for user_id in APART if suppressed(there, user_id, "ring", ts)}
    assert by_list == by_decision
    return by_list


def test_what_the_one_bought_there_is_told_to_nobody_once_the_other_has_signed_in():
    there = family()
    assert with_the_ring(there, NOW + 2) == {"tablet", "ann's", "phone"}
    there.tell(signed_in("tablet", "bob's", ts=NOW + HOUR))
    assert with_the_ring(there, NOW + HOUR) == {"ann's", "phone"}
    there.tell(signed_out("tablet", ts=NOW + 2 * HOUR))
    assert with_the_ring(there, NOW + 2 * HOUR) == {"ann's", "phone"}
    there.tell(signed_in("tablet", "ann's", ts=NOW + 3 * HOUR))
    assert with_the_ring(there, NOW + 3 * HOUR) == {"tablet", "ann's", "phone"}


def test_what_the_one_bought_there_is_explained_to_nobody_once_the_other_has_signed_in():
    there = family()
    assert explained(there, "tablet", NOW + 2).count("ring") > 1
    there.tell(signed_in("tablet", "bob's", ts=NOW + HOUR))
    for user_id in ("tablet", "bob's"):
        assert explained(there, user_id, NOW + HOUR) == ""
    there.tell(signed_in("tablet", "ann's", ts=NOW + 3 * HOUR))
    assert explained(there, "tablet", NOW + 3 * HOUR).count("ring") > 1


def explained(there, user_id, ts):
    """All that explanations say of the ring to whom has not named it."""
    join = there.join_of(user_id)
    asked = request("lamp", user_id=user_id, ts=ts)
    said = orjson.dumps([explain(join, asked), held(join, user_id, ts)]).decode()
    return said if "ring" in said else ""


def test_what_the_one_bought_elsewhere_is_there_while_only_that_one_is_signed_in():
    there = family()
    there.tell(purchase("watch", order_id="second", user_id="phone", ts=NOW + 2))
    assert suppressed(there, "tablet", "watch", NOW + 2) == ["purchased"]
    there.tell(signed_in("tablet", "bob's", ts=NOW + HOUR))
    assert suppressed(there, "tablet", "watch", NOW + HOUR) == []
    assert suppressed(there, "bob's", "watch", NOW + HOUR) == []
    there.tell(signed_in("tablet", "ann's", ts=NOW + 2 * HOUR))
    assert suppressed(there, "tablet", "watch", NOW + 2 * HOUR) == ["purchased"]


def test_a_device_of_one_account_keeps_what_it_has_when_that_signs_out():
    there = family()
    there.tell(signed_out("tablet", ts=NOW + HOUR))
    assert with_the_ring(there, NOW + HOUR) == {"tablet", "ann's", "phone"}


def test_an_opt_out_holds_whoever_is_signed_in():
    there = family()
    there.tell(dismissal("opt_out_all", user_id="tablet", ts=NOW + 2))
    for number, hub in enumerate(("bob's", "ann's", "bob's"), start=1):
        there.tell(signed_in("tablet", hub, ts=NOW + number * HOUR))
        assert suppressed(there, "tablet", "any", NOW + number * HOUR) == ["opt_out_all"]
        assert suppressed(there, "phone", "any", NOW + number * HOUR) == ["opt_out_all"]
        assert suppressed(there, "bob's", "any", NOW + number * HOUR) == []
    there.tell(signed_out("tablet", ts=NOW + DAY))
    assert suppressed(there, "tablet", "any", NOW + DAY) == ["opt_out_all"]


def test_an_opt_out_of_the_account_reaches_every_device_that_it_ever_signed_in_on():
    there = family()
    there.tell(signed_in("tablet", "bob's", ts=NOW + HOUR))
    there.tell(dismissal("opt_out_all", user_id="ann's", ts=NOW + DAY))
    assert suppressed(there, "tablet", "any", NOW + DAY) == ["opt_out_all"]
    assert suppressed(there, "bob's", "any", NOW + DAY) == []


def test_a_refusal_that_the_same_person_took_back_elsewhere_is_none_on_the_shared_device():
    there = family()
    there.tell(preference("no", personalised_ads="denied", user_id="ann's", ts=NOW + 2))
    there.tell(signed_in("tablet", "bob's", ts=NOW + HOUR))
    assert suppressed(there, "tablet", "any", NOW + HOUR) == ["no_consent"]
    there.tell(preference("yes", personalised_ads="granted", user_id="phone", ts=NOW + DAY))
    assert suppressed(there, "tablet", "any", NOW + DAY) == []
    assert there.lists()["tablet"] is None


def test_what_was_bought_while_nobody_was_signed_in_stays_the_devices_own():
    there = family()
    there.tell(signed_out("tablet", ts=NOW + HOUR))
    there.tell(purchase("lamp", order_id="second", user_id="tablet", ts=NOW + 2 * HOUR))
    there.tell(signed_in("tablet", "bob's", ts=NOW + 3 * HOUR))
    for user_id, expected in [("tablet", ["purchased"]), ("ann's", []), ("bob's", [])]:
        assert suppressed(there, user_id, "lamp", NOW + DAY) == expected


# --- a terminal in a shop ------------------------------------------------------------------------


def visit(there, number):
    """Somebody signs in, buys, and leaves."""
    ts, name = NOW + number * HOUR, str(number)
    there.tell(signed_in("tablet", name, ts=ts))
    there.tell(purchase(name, event_id=name, order_id=name, user_id="tablet", ts=ts + 1))
    there.tell(signed_out("tablet", ts=ts + 2))


def test_a_device_of_more_accounts_than_a_person_has_shares_nothing():
    there = Partitions(policy(identity={"max_persons": 2}), partition_of=APART)
    for number in (1, 2):
        visit(there, number)
        assert there.reasons(str(number)) == {str(number): "purchased"}
    visit(there, 3)
    assert [there.entries(str(number)) for number in (1, 2, 3)] == [[], [], []]
    there.tell(dismissal("opt_out_all", user_id="1", ts=NOW + DAY))
    assert there.entries("tablet") == []


def test_at_a_kiosk_what_was_bought_in_a_session_counts_while_that_lasts():
    there = Partitions(policy(identity={"max_persons": 1}), partition_of=APART)
    visit(there, 1)
    there.tell(signed_in("tablet", "2", ts=NOW + DAY))
    there.tell(purchase("ring", user_id="tablet", ts=NOW + DAY + 1))
    assert there.reasons("tablet") == {"ring": "purchased"}
    there.tell(signed_out("tablet", ts=NOW + DAY + 2))
    assert there.entries("tablet") == []


def test_a_kiosk_with_a_thousand_accounts_has_a_bounded_state_and_shares_nothing():
    there = Partitions(partition_of=APART)
    there.tell(purchase("lamp", user_id="tablet", ts=NOW - 1))
    sizes = {}
    for number in range(1_000):
        ts = NOW + number * HOUR
        there.tell(signed_in("tablet", f"{number:04}", ts=ts), signed_out("tablet", ts=ts + 1))
        sizes[number] = len(there.joins[0].persons["tablet"].to_bytes())
        if number == 10:
            shared = len(there.sent)
    assert sizes[999] <= sizes[200]
    assert len(there.sent) == shared
    there.settle(store=True)
    others = {user for join in there.joins for user in join.persons} - {"tablet"}
    assert others == set()
    assert there.reasons("tablet") == {"lamp": "purchased"}
