"""What linked ids share over time: what changed, no more than may be, and back again (SPEC 9)."""

from typing import Any

import msgspec
import pytest

from schemas.records import Event, Identity, Share
from streams.suppression.catalog import Catalog
from streams.suppression.identities.share_records import MOST_BYTES, MOST_FACTS
from streams.suppression.join import Join
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from tests.builders import (
    DAY,
    NOW,
    as_json,
    dismissal,
    impression,
    policy,
    product,
    purchase,
    refund,
    request,
)


def stated(action: Any, leaf: str = "phone", hub: str = "account", ts: int = NOW) -> Identity:
    return Identity(
        event_id=f"{action} {leaf} {ts}", user_id=leaf, ts=ts, action=action, person_id=hub
    )


def join(policy: Policy | None = None) -> Join:
    return Join(policy or Policy.default(), Catalog())


def tell(join: Join, *events: Event) -> list[Share]:
    """Apply events and carry what is shared for them until nothing more is; returns all of it."""
    carried: list[Share] = []
    for event in events:
        join.apply(event)
        while shares := join.take_shares():
            carried += shares
            for share in shares:
                join.apply(share)
    return carried


def said(shares: list[Share]) -> list[dict[str, Any]]:
    """The shares as their JSON reads."""
    return [as_json(share) for share in shares]


def ways(shares: list[Share]) -> list[tuple[str, str]]:
    return [(share.sender, share.user_id) for share in shares]


def linked(*leaves: str, policy: Policy | None = None) -> Join:
    """Leaves of one account."""
    known = join(policy)
    tell(known, *[stated("linked", leaf) for leaf in leaves])
    return known


def values(join: Join, user_id: str) -> set[str]:
    """What is on an id's list."""
    join.review(user_id)
    [listed] = [current for user, _, current in join.prepare() if user == user_id]
    return set() if listed is None else {entry.value for entry in listed.entries}


def stored(join: Join) -> dict[str, bytes]:
    join.take_shares()
    join.prepare()
    return {user_id: person.to_bytes() for user_id, person in join.persons.items() if person}


def read_back(join: Join) -> None:
    """Let everybody be read from where they are stored."""
    join.persons = {user: Person.from_bytes(content) for user, content in stored(join).items()}


# --- only what changed ---------------------------------------------------------------------------


def test_a_new_link_brings_all_of_the_leaf_and_asks_for_all_of_the_hub() -> None:
    known = join()
    tell(known, purchase("tv", user_id="phone"), purchase("lamp", user_id="account"))
    up, down = said(tell(known, stated("linked")))
    assert (up["user_id"], up["whole"], up["asks"], up["level"]) == (
        "account",
        True,
        True,
        "everything",
    )
    assert [line[1] for line in up["put"]["lines"]] == ["tv"]
    assert (down["user_id"], down["whole"]) == ("phone", True)
    assert [line[1] for line in down["put"]["lines"]] == ["lamp"]


def test_from_then_on_only_what_is_new_is_shared() -> None:
    known = linked("phone", "laptop")
    tell(known, purchase("tv", user_id="phone"))
    more = purchase("lamp", order_id="second", event_id="more", user_id="phone")
    up, down = said(tell(known, more))
    assert (up["sender"], up["user_id"], down["sender"], down["user_id"]) == (
        "phone",
        "account",
        "account",
        "laptop",
    )
    for share in (up, down):
        assert "whole" not in share
        assert [line[1] for line in share["put"]["lines"]] == ["lamp"]


def test_what_says_nothing_new_is_not_shared() -> None:
    known = linked("phone", "laptop")
    tell(known, purchase("tv", user_id="phone"))
    assert tell(known, purchase("tv", user_id="phone")) == []
    assert tell(known, request("tv", user_id="phone")) == []


def test_nobody_shares_who_has_no_links() -> None:
    known = join()
    assert tell(known, purchase("tv", user_id="phone")) == []
    assert known.persons["phone"].links is None


def test_what_was_shared_is_known_after_it_was_read_back() -> None:
    known = linked("phone", "laptop")
    tell(known, purchase("tv", user_id="phone"))
    read_back(known)
    for user_id in list(known.persons):
        known.review(user_id)
    assert known.take_shares() == []
    more = purchase("lamp", order_id="second", event_id="more", user_id="phone")
    assert ways(tell(known, more)) == [("phone", "account"), ("account", "laptop")]


def test_a_share_moves_no_clock_and_waits_for_none() -> None:
    sender, receiver = join(), join()
    sender.apply(purchase("tv", user_id="phone"))
    sender.apply(stated("linked", ts=NOW + DAY))
    for share in sender.take_shares():
        receiver.apply(share)
    assert receiver.newest is None
    assert values(receiver, "account") == {"tv"}


# --- many facts ----------------------------------------------------------------------------------


def test_many_facts_go_in_several_records() -> None:
    known = join()
    bought = [product(f"p{number:04}") for number in range(2 * MOST_FACTS + 1)]
    tell(known, purchase(*bought, user_id="phone"))
    shares = [share for share in tell(known, stated("linked")) if share.direction == "up"]
    assert [share.whole for share in shares] == [True, *[False] * (len(shares) - 1)]
    assert [share.asks for share in shares] == [share.whole for share in shares]
    so_many = [len(msgspec.json.decode(share.put)["lines"]) for share in shares]
    assert max(so_many) <= MOST_FACTS
    assert sum(so_many) == len(bought)
    assert known.persons["account"].evidence.size == 0
    assert len(values(known, "account")) == 1_000  # as many as a list holds


def test_large_facts_go_in_several_records_as_well() -> None:
    known = join()
    for number in range(8):
        target = f"{number}" + "x" * (MOST_BYTES // 4)
        said_so = dismissal("block_brand", f"d{number}", brand=target, user_id="phone")
        tell(known, said_so)
    shares = [share for share in tell(known, stated("linked")) if share.direction == "up"]
    assert len(shares) > 1
    assert all(len(bytes(share.put)) <= MOST_BYTES for share in shares)
    assert len(values(known, "account")) == 8


# --- taken back ----------------------------------------------------------------------------------


def test_who_is_unlinked_has_left_no_trace_with_the_hub_or_its_leaves() -> None:
    known = linked("laptop")
    before = {**stored(known)}
    tell(known, purchase("tv", user_id="phone"), stated("linked"))
    assert values(known, "laptop") == {"tv"}
    tell(known, stated("unlinked", ts=NOW + 1))
    after = stored(known)
    del after["phone"]
    assert after == before


def test_a_hub_without_leaves_is_forgotten() -> None:
    known = linked("phone")
    assert "account" in stored(known)
    tell(known, stated("unlinked", ts=NOW + 1))
    assert "account" not in stored(known)


def test_what_an_unknown_leaf_shares_is_ignored() -> None:
    known = linked("phone")
    ups = tell(known, purchase("tv", user_id="phone"))
    elsewhere = join()
    for share in ups:
        elsewhere.apply(share)
    assert elsewhere.persons == {}


def test_what_a_hub_shares_with_an_id_that_is_not_its_leaf_any_more_is_ignored() -> None:
    known = linked("phone", "laptop")
    known.apply(purchase("tv", user_id="account"))
    late = [share for share in known.take_shares() if share.user_id == "phone"]
    tell(known, stated("unlinked", ts=NOW + 1))
    for share in late:
        known.apply(share)
    assert values(known, "phone") == set()


def test_a_line_that_is_a_gift_after_all_is_withdrawn() -> None:
    known = linked("phone")
    tell(known, purchase("ring", user_id="phone"))
    gift = purchase(product("ring", gift=True), event_id="again", ts=NOW + 1, user_id="phone")
    [up] = said(tell(known, gift))
    assert up["withdrawn"] == {"lines": [["order", "ring"]]}
    assert values(known, "account") == set()


def test_what_is_removed_before_it_ended_is_withdrawn_from_everybody() -> None:
    known = linked("phone", "laptop")
    tell(known, purchase("tv", user_id="phone"))
    read_back(known)
    known.persons["phone"].evidence.lines = ()
    known.review("phone")
    tell(known, request(user_id="phone"))
    assert [values(known, user_id) for user_id in ("account", "laptop")] == [set(), set()]


def test_what_merely_ended_is_not_withdrawn() -> None:
    known = linked("phone")
    tell(known, dismissal("removed_from_cart", product_id="tv", user_id="phone"))
    shares = tell(known, impression(ts=NOW + 100 * DAY, user_id="phone"))
    known.review("phone")
    known.prepare()
    assert not known.persons["phone"].evidence.dismissals
    assert shares + tell(known, request(ts=NOW + 100 * DAY, user_id="phone")) == []


# --- levels --------------------------------------------------------------------------------------


def test_who_may_have_less_drops_the_rest_at_once_and_asks_when_it_may_have_more() -> None:
    known = join()
    tell(known, stated("signed_in"), purchase("tv", user_id="account"))
    tell(known, dismissal("opt_out_all", user_id="account"))
    assert values(known, "phone") == {"tv", "*"}
    known.apply(stated("signed_in", hub="another", ts=NOW + 1))
    assert values(known, "phone") == {"*"}
    shares = tell(known, stated("signed_in", ts=NOW + 2))
    assert [share.asks for share in shares if share.user_id == "account"] == [True]
    assert values(known, "phone") == {"tv", "*"}


# --- another policy ------------------------------------------------------------------------------


def test_all_is_shared_anew_by_another_policy() -> None:
    known = join()
    tell(known, stated("signed_in"), purchase("tv", ts=NOW - 2 * DAY, user_id="phone"))
    assert values(known, "account") == {"tv"}
    persons = stored(known)
    known.use(policy(identity={"lookback_days": 1}))
    known.persons = {user: Person.from_bytes(content) for user, content in persons.items()}
    for user_id in list(known.persons):
        known.review(user_id)
    assert [share.whole for share in tell(known)] == []
    shares = known.take_shares()
    assert {share.whole for share in shares} == {True}
    for share in shares:
        known.apply(share)
    assert values(known, "account") == set()


def test_who_is_a_kiosk_by_another_policy_takes_back_what_it_shared() -> None:
    known = join()
    tell(known, stated("linked"), purchase("tv", user_id="phone"))
    persons = stored(known)
    known.use(policy(identity={"max_persons": 0}))
    known.persons = {user: Person.from_bytes(content) for user, content in persons.items()}
    known.review("phone")
    [share] = known.take_shares()
    assert share.ended
    known.apply(share)
    assert not known.persons["account"]


@pytest.mark.parametrize("nobody", ["Account", "Phone"])
def test_a_hub_or_leaf_that_a_policy_blocks_has_no_links_as_long_as_it_is_blocked(
    nobody: str,
) -> None:
    known = linked("phone", "laptop")
    tell(known, purchase("tv", user_id="phone"))
    for blocked, expected in (([nobody], set()), ([], {"tv"})):
        persons = stored(known)
        known.use(policy(identity={"blocked": blocked}))
        known.persons = {user: Person.from_bytes(content) for user, content in persons.items()}
        for user_id in list(known.persons):
            known.review(user_id)
        tell(known, request("tv", user_id="somebody"))
        assert values(known, "account") == values(known, "laptop") == expected
        assert values(known, "phone") == {"tv"}


@pytest.mark.parametrize("nobody", ["account", "phone"])
def test_a_statement_that_was_read_before_the_policy_blocked_its_id_links_nothing(
    nobody: str,
) -> None:
    known = join(policy(identity={"blocked": [nobody]}))
    assert tell(known, stated("linked"), purchase("tv", user_id="phone")) == []


# --- impressions ---------------------------------------------------------------------------------


def test_impressions_that_are_no_longer_counted_are_withdrawn() -> None:
    known = linked("phone", policy=policy(frequency={"max": 2}, identity={"impressions": True}))
    for number in range(3):
        tell(known, impression(f"i{number}", ts=NOW + number, user_id="phone"))
    account = known.persons["account"].links
    assert account is not None
    shown = account.leaves["phone"].facts.impressions
    assert [each.impression_id for each in shown] == ["i1", "i2"]


@pytest.mark.parametrize("hub", ["account", "another"])
def test_of_what_was_shown_in_each_session_enough_is_kept(hub: str) -> None:
    known = join(policy(frequency={"max": 1}))
    tell(known, stated("signed_in", hub="account", ts=NOW))
    tell(known, impression("early", ts=NOW, user_id="phone"))
    tell(known, stated("signed_in", hub="another", ts=NOW + 10))
    tell(known, impression("late", ts=NOW + 10, user_id="phone"))
    tell(known, stated("signed_in", hub=hub, ts=NOW + 20))
    known.review("phone")
    [listed] = [current for user, _, current in known.prepare() if user == "phone"]
    assert listed is not None
    expected = {"account": ("early",), "another": ("late",)}
    assert [entry.because for entry in listed.entries] == [expected[hub]]


# --- a refund -----------------------------------------------------------------------------------


def test_a_refund_of_another_id_is_kept_as_long_as_the_line() -> None:
    known = linked("phone", "laptop")
    tell(known, purchase("tv", user_id="phone"), refund("tv", user_id="laptop"))
    for user_id in ("phone", "laptop", "account"):
        tell(known, request(ts=NOW + 200 * DAY, user_id=user_id))
        assert values(known, user_id) == set()
    laptop = known.persons["laptop"]
    assert laptop.due == NOW + 210 * DAY + 1
    tell(known, request(ts=laptop.due, user_id="laptop"))
    assert not laptop.evidence
    assert laptop.links is not None
    assert laptop.links.from_hubs == {}
