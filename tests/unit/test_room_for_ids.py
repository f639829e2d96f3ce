"""A person has no more ids than there is room for, those with the newest statements (SPEC 9)."""

from msgspec.structs import replace

from schemas.records import Purchase
from streams.suppression.identities.links import MOST_WAITING
from tests.builders import NOW, policy, purchase
from tests.identities import Partitions, linked, signed_in, unlinked

THREE = ("phone", "laptop", "tablet")


def with_room_for(most: int, *leaves: str) -> Partitions:
    """These are linked one after the other to an account, and each has bought what is named so."""
    there = Partitions(policy(identity={"max_ids": most}))
    for number, leaf in enumerate(leaves):
        there.tell(linked(leaf, "account", ts=NOW + number), bought(leaf))
    there.settle(store=True)
    return there


def bought(leaf: str) -> Purchase:
    return purchase(leaf, order_id=leaf, event_id=leaf, user_id=leaf)


def known_to(there: Partitions, user_id: str) -> set[str]:
    """What is on an id's list."""
    return set(there.reasons(user_id))


def test_of_too_many_ids_those_stay_of_which_something_was_stated_last() -> None:
    there = with_room_for(2, *THREE)
    assert known_to(there, "account") == {"laptop", "tablet"}
    assert known_to(there, "phone") == {"phone"}


def test_what_had_to_go_is_back_when_another_one_goes() -> None:
    there = with_room_for(2, *THREE)
    there.tell(unlinked("tablet", "account", ts=NOW + 9))
    assert known_to(there, "phone") == known_to(there, "laptop") == {"phone", "laptop"}
    assert known_to(there, "tablet") == {"tablet"}


def test_what_had_to_go_and_is_unlinked_meanwhile_is_not_back() -> None:
    there = with_room_for(2, *THREE)
    before = len(there.sent)
    there.tell(unlinked("phone", "account", ts=NOW + 8))
    [over] = there.sent[before:]
    assert over.ended
    there.tell(unlinked("tablet", "account", ts=NOW + 9))
    assert known_to(there, "account") == {"laptop"}
    assert known_to(there, "phone") == {"phone"}


def test_what_there_is_no_room_for_shares_nothing_until_more_is_stated_of_it() -> None:
    there = with_room_for(2, *THREE)
    before = len(there.sent)
    there.tell(purchase("tv", order_id="more", event_id="more", user_id="phone"))
    assert there.sent[before:] == []
    there.tell(signed_in("phone", "account", ts=NOW + 9))
    assert known_to(there, "tablet") == {"phone", "tv", "tablet"}
    assert known_to(there, "laptop") == {"laptop"}


def test_a_statement_that_is_corrected_to_an_older_one_leaves_the_room_to_another() -> None:
    there = with_room_for(1, "phone")
    newer = linked("laptop", "account", ts=NOW + 1)
    there.tell(signed_in("laptop", "account", ts=NOW - 1), newer, bought("laptop"))
    assert known_to(there, "account") == {"laptop"}
    there.tell(replace(newer, person_id="another", ts=NOW + 2))
    assert known_to(there, "account") == {"phone"}


def test_by_a_policy_with_more_room_all_are_back() -> None:
    there = with_room_for(2, *THREE)
    there.use(policy(identity={"max_ids": 3}), 0)
    there.settle(store=True)
    assert known_to(there, "account") == known_to(there, "phone") == set(THREE)


def test_of_those_that_wait_the_newest_are_remembered() -> None:
    leaves = [f"device {number:04}" for number in range(MOST_WAITING + 2)]
    there = with_room_for(1, *leaves)
    links = there.join_of("account").persons["account"].links
    assert links is not None
    assert [*links.stored().waiting] == leaves[1:-1]
