"""Shares that cross each other on their way between two partitions (SPEC 9)."""

from tests.builders import NOW, policy, purchase
from tests.identities import Partitions, linked, signed_in, unlinked

ACCOUNT, PHONE, LAPTOP = 0, 1, 2
APART = {"account": ACCOUNT, "phone": PHONE, "laptop": LAPTOP}


def test_two_checkpoints_lie_between_what_happens_on_one_device_and_the_list_of_another():
    there = Partitions(partition_of=APART)
    there.tell(linked("phone", "account"), linked("laptop", "account"))
    there.settle(store=True)
    bought(there, "phone")
    there.checkpoint(PHONE)
    there.deliver(ACCOUNT)
    there.checkpoint(ACCOUNT)
    there.deliver(LAPTOP)
    there.checkpoint(LAPTOP)
    [entry] = there.published["laptop"]["entries"]
    assert entry["value"] == "phone"


def bought(there, device):
    there.apply(purchase(device, event_id=device, order_id=device, user_id=device))


def with_room_for_one():
    """The phone is linked, then the laptop, and the phone does not know yet that it had to go."""
    there = Partitions(policy(identity={"max_ids": 1, "max_persons": 2}), partition_of=APART)
    there.tell(linked("phone", "account", ts=NOW))
    bought(there, "phone")
    bought(there, "laptop")
    there.apply(linked("laptop", "account", ts=NOW + 1))
    there.checkpoint(LAPTOP)
    there.checkpoint(PHONE)
    there.deliver(ACCOUNT)
    there.checkpoint(ACCOUNT)
    return there


def test_what_was_stated_while_a_hub_refused_is_known_to_it_in_the_end():
    there = with_room_for_one()
    there.apply(signed_in("phone", "account", ts=NOW + 2))
    there.checkpoint(PHONE)
    there.settle(store=True)
    assert there.reasons("account") == {"phone": "purchased"}
    assert there.reasons("laptop") == {"laptop": "purchased"}


def test_an_id_without_room_that_is_linked_anew_has_room_by_that():
    there = with_room_for_one()
    there.apply(unlinked("phone", "account", ts=NOW + 2))
    there.apply(linked("phone", "account", ts=NOW + 3))
    there.settle(store=True)
    assert there.reasons("account") == {"phone": "purchased"}


def test_an_id_that_hears_between_two_links_that_there_is_no_room_shares_by_the_second_one():
    there = with_room_for_one()
    there.apply(unlinked("phone", "account", ts=NOW + 2))
    there.deliver(PHONE)
    there.apply(linked("phone", "account", ts=NOW + 3))
    there.settle(store=True)
    assert there.reasons("account") == {"phone": "purchased"}


def test_an_id_that_hears_that_there_is_no_room_after_it_said_that_it_is_over_waits_again():
    there = Partitions(policy(identity={"max_ids": 1, "max_persons": 1}), partition_of=APART)
    bought(there, "phone")
    there.apply(linked("phone", "account", ts=NOW))
    there.settle(store=True)
    there.apply(linked("laptop", "account", ts=NOW + 1))
    there.checkpoint(LAPTOP)
    there.deliver(ACCOUNT)
    there.apply(linked("phone", "somebody", ts=NOW + 2))  # with too many hubs it is a kiosk
    there.checkpoint(PHONE)
    there.checkpoint(ACCOUNT)
    there.apply(unlinked("phone", "somebody", ts=NOW + 3))
    there.deliver(PHONE)
    there.settle(store=True)
    there.apply(unlinked("laptop", "account", ts=NOW + 4))
    there.settle(store=True)
    assert there.reasons("account") == {"phone": "purchased"}


def test_what_comes_while_a_policy_forbids_it_is_asked_for_when_the_old_one_is_back():
    there = Partitions(partition_of=APART)
    there.apply(linked("phone", "account"))
    there.settle(store=True)
    bought(there, "account")
    there.checkpoint(ACCOUNT)
    there.use(policy(identity={"blocked": ["account"]}), PHONE, review=False)
    there.deliver(PHONE)
    there.checkpoint(PHONE)
    there.use(there.policy, PHONE, review=False)
    there.settle(store=True)
    there.use(there.policy, PHONE)
    there.settle(store=True)
    assert there.reasons("phone") == {"account": "purchased"}


def test_an_id_that_had_to_go_and_is_back_at_once_shares_all_that_it_has():
    there = with_room_for_one()
    there.settle(store=True)
    there.apply(linked("phone", "account", ts=NOW + 2))
    there.checkpoint(PHONE)
    there.deliver(ACCOUNT)
    there.apply(unlinked("phone", "account", ts=NOW + 3))
    there.checkpoint(PHONE)
    there.deliver(ACCOUNT)
    there.settle(store=True)
    assert there.reasons("account") == {"laptop": "purchased"}


def test_an_id_that_becomes_a_kiosk_while_a_hub_takes_it_in_again_leaves_the_room_to_another():
    there = with_room_for_one()
    there.settle(store=True)
    there.apply(signed_in("phone", "account", ts=NOW + 2))
    there.checkpoint(PHONE)
    there.deliver(ACCOUNT)
    for number in range(6):
        there.apply(signed_in("phone", f"somebody {number}", ts=NOW + 3 + number))
    there.settle(store=True)
    assert there.reasons("account") == {"laptop": "purchased"}
    assert there.reasons("phone") == {"phone": "purchased"}


def test_what_an_id_kept_back_while_it_believed_that_a_hub_has_no_room_is_shared_once_it_has():
    there = with_room_for_one()
    there.apply(unlinked("laptop", "account", ts=NOW + 2))
    there.checkpoint(LAPTOP)
    there.apply(linked("phone", "somebody", ts=NOW + 2))
    there.apply(linked("phone", "somebody else", ts=NOW + 2))  # with too many hubs it is a kiosk
    there.checkpoint(PHONE)
    there.apply(unlinked("phone", "somebody", ts=NOW + 3))
    there.checkpoint(PHONE)
    there.deliver(ACCOUNT)
    there.checkpoint(ACCOUNT)
    there.deliver(PHONE, at_most=1)  # that there was no room, before all of this
    there.apply(purchase("ring", event_id="ring", order_id="ring", user_id="phone"))
    there.checkpoint(PHONE)
    there.settle(store=True)
    assert there.reasons("account") == {"phone": "purchased", "ring": "purchased"}


def test_what_a_hub_sent_before_it_heard_that_the_link_is_gone_is_ignored():
    there = Partitions(partition_of=APART)
    there.tell(linked("phone", "account"))
    there.apply(unlinked("phone", "account", ts=NOW + 1))
    bought(there, "account")
    there.checkpoint(ACCOUNT)
    there.deliver(PHONE)
    assert there.entries("phone") == []
    there.settle(store=True)
    assert there.entries("phone") == []


def test_what_a_leaf_sent_before_it_was_unlinked_and_linked_again_is_there_once():
    there = Partitions(partition_of=APART)
    there.apply(linked("phone", "account"))
    bought(there, "phone")
    there.checkpoint(PHONE)
    there.apply(unlinked("phone", "account", ts=NOW + 1))
    there.checkpoint(PHONE)
    there.apply(linked("phone", "account", ts=NOW + 2))
    there.settle(store=True)
    assert there.reasons("account") == {"phone": "purchased"}
    there.apply(unlinked("phone", "account", ts=NOW + 3))
    there.settle(store=True)
    assert there.entries("account") == []
