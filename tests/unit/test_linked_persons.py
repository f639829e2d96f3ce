"""How long and how many facts stay beside those of other ids, and how they are explained."""

from typing import Any

import pytest

from schemas.records import Event, Identity
from streams.commands.explanation_words import held_in_words
from streams.suppression.catalog import Catalog
from streams.suppression.explanation import candidate_of, explain, held
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from streams.suppression.surplus import MOST_FACTS, ROOM
from tests.builders import (
    DAY,
    NOW,
    dismissal,
    policy,
    preference,
    product,
    purchase,
    refund,
    request,
    restoration,
)


def stated(
    action: Any, leaf: str = "phone", hub: str = "account", ts: int = NOW, **fields: Any
) -> Identity:
    event_id = f"{action} {leaf} {ts}"
    return Identity(event_id=event_id, user_id=leaf, ts=ts, action=action, person_id=hub, **fields)


def told(*events: Event, policy: Policy | None = None) -> Join:
    """A partition with everybody, where each share takes effect at once."""
    known = Join(policy or Policy.default(), Catalog())
    tell(known, *events)
    return known


def tell(known: Join, *events: Event) -> None:
    for event in events:
        known.apply(event)
        while shares := known.take_shares():
            for share in shares:
                known.apply(share)


LINKED = stated("linked"), stated("linked", "laptop")


def reasons(known: Join, user_id: str, ts: int) -> list[str]:
    decision = known.apply(request("tv", user_id=user_id, ts=ts))
    assert decision is not None
    return [answer.reason for answer in decision.suppressed]


def reviewed(known: Join, user_id: str) -> Any:
    """The list of an id, of which all that is over has gone."""
    known.review(user_id)
    return {user: listed for user, _, listed in known.prepare()}[user_id]


# --- how long ------------------------------------------------------------------------------------


def test_what_another_id_took_back_stands_again_once_the_link_is_gone() -> None:
    known = told(*LINKED, dismissal("block_brand", brand="acme", user_id="phone"))
    tell(known, restoration(ts=NOW + 1, user_id="laptop"))
    tell(known, request(ts=NOW + 90 * DAY, user_id="phone"))
    assert reviewed(known, "phone") is None
    tell(known, stated("unlinked", "laptop", ts=NOW + 90 * DAY))
    assert [entry.value for entry in reviewed(known, "phone").entries] == ["acme"]


def test_what_took_something_back_stays_as_long_as_that_does() -> None:
    known = told(*LINKED, dismissal("block_brand", brand="acme", user_id="phone"))
    tell(known, restoration(ts=NOW + 1, user_id="laptop"))
    for user_id in ("phone", "laptop", "account"):
        tell(known, request(ts=NOW + 90 * DAY, user_id=user_id))
        assert reviewed(known, user_id) is None


def test_what_is_over_goes_from_whom_it_was_shared_with_as_well() -> None:
    known = told(*LINKED, dismissal("removed_from_cart", product_id="tv", user_id="phone"))
    for user_id in ("phone", "laptop", "account"):
        tell(known, request(ts=NOW + 44 * DAY + 1, user_id=user_id))
        reviewed(known, user_id)
    links = [known.persons[user_id].links for user_id in ("phone", "laptop", "account")]
    assert [each and each.from_hubs for each in links] == [{}, {}, {}]
    assert not known.persons["phone"].evidence


def test_a_list_is_as_old_as_the_newest_evidence_that_counts() -> None:
    known = told(purchase("tv", ts=NOW, user_id="phone"), *LINKED)
    tell(known, dismissal("block_brand", brand="acme", ts=NOW + 5, user_id="account"))
    assert reviewed(known, "phone").ts == NOW + 5
    assert reviewed(known, "account").ts == NOW + 5
    tell(known, stated("unlinked", ts=NOW + 9))
    assert reviewed(known, "phone").ts == NOW


# --- how many ------------------------------------------------------------------------------------


def test_the_bound_is_held_over_all_that_is_known_from_wherever_it_came() -> None:
    half = MOST_FACTS // 2
    known = told(*LINKED)
    for number, leaf in enumerate(("phone", "laptop")):
        bought = [product(f"{leaf} {n:05}") for n in range(half + number)]
        tell(known, purchase(*bought, order_id=leaf, event_id=leaf, ts=NOW + number, user_id=leaf))
    account = known.persons["account"]
    assert account.forgotten == 1 + ROOM
    assert account.links is not None
    sizes = [len(account.links.leaves[leaf].facts.lines) for leaf in ("phone", "laptop")]
    assert sum(sizes) == MOST_FACTS - ROOM
    assert reviewed(known, "account").forgotten == 1 + ROOM


# --- why -----------------------------------------------------------------------------------------


def test_an_explanation_says_what_only_another_id_has_said_and_not_which() -> None:
    known = told(*LINKED, purchase("tv", user_id="phone"))
    for user_id, via in (("phone", None), ("laptop", "person"), ("account", "person")):
        [candidate] = explain(known, request("tv", user_id=user_id))["candidates"]
        [claim] = candidate["claims"]
        assert claim.get("via") == via
        assert [fact.get("via") for fact in claim["evidence"]] == [via]
        assert candidate["answer"]["because"] == ("bought",)
    assert "phone" not in repr(explain(known, request("tv", user_id="laptop")))


def test_what_is_held_about_an_id_is_all_that_counts_for_it() -> None:
    known = told(*LINKED, purchase("tv", user_id="phone"))
    tell(known, refund("tv", ts=NOW + 1, user_id="laptop"))
    tell(known, preference(personalised_ads="denied", ts=NOW + 2, user_id="account"))
    account = held(known, "laptop", NOW + 3)
    facts = {fact["kind"]: fact.get("via") for fact in account["evidence"]}
    assert facts == {"order_line": "person", "refund": None, "preference": "person"}
    assert [(claim["reason"], claim["via"]) for claim in account["claims"]] == [
        ("no_consent", "person")
    ]
    assert account["list"]["entries"][0]["via"] == "person"


def test_what_another_id_has_said_is_told_in_words() -> None:
    known = told(*LINKED, purchase("tv", user_id="phone"))
    text = "\n".join(line for _, line in held_in_words(held(known, "laptop", NOW)))
    assert "reported of another id of the person" in text
    assert "Only another id of the same person has said so." in text


def test_who_asks_for_the_account_is_told_which_of_its_ids_has_said_what() -> None:
    known = told(*LINKED, purchase("tv", user_id="phone"))
    account = held(known, "account", NOW)
    [fact] = account["evidence"]
    assert (fact["via"], fact["ids"]) == ("person", ["phone"])
    assert account["links"] == {
        "persons": 0,
        "is_kiosk": False,
        "ways": [],
        "ids": ["laptop", "phone"],
        "waiting": [],
        "not_counting": 0,
    }
    text = "\n".join(line for _, line in held_in_words(account))
    assert "reported of phone. " in text
    assert "What was reported of these ids counts for it: laptop, phone." in text
    assert "That ends for an id that is unlinked." in text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([("linked", "account")], "everything counts here, because they are linked, until they"),
        ([("signed_in", "account")], "everything counts here, because nobody else has ever"),
        (
            [("signed_in", "ben"), ("signed_in", "account")],
            "everything counts here, because of the sign-in, until a sign-out or somebody else",
        ),
        (
            [("signed_in", "account"), ("signed_in", "ben")],
            "only refusals count here, because of a sign-in that is over or hardly trusted, until",
        ),
    ],
)
def test_a_leaf_is_told_why_what_is_shared_counts_and_what_ends_that_and_not_of_whom(
    said: list[tuple[str, str]], expected: str
) -> None:
    known = told(*(stated(each, hub=hub, ts=NOW + n) for n, (each, hub) in enumerate(said)))
    tell(known, dismissal("opt_out_all", user_id="account"))
    text = "\n".join(line for _, line in held_in_words(held(known, "phone", NOW + 9)))
    assert expected in text
    assert "account" not in text
    assert "ben" not in text


def test_of_an_id_that_there_is_no_room_for_it_is_said_what_would_change_that() -> None:
    known = told(*LINKED, policy=policy(identity={"max_ids": 1}))
    tell(known, purchase("tv", user_id="laptop"))
    laptop, account = (held(known, user_id, NOW) for user_id in ("laptop", "account"))
    assert laptop["links"]["ways"] == [{"by": "no_room", "level": "nothing"}]
    assert account["links"]["waiting"] == ["laptop"]
    for explained, expected in (
        (laptop, "nothing counts here, because there are identity.max_ids newer ids, until there"),
        (account, "There is no room for these, which share nothing: laptop."),
    ):
        text = "\n".join(line for _, line in held_in_words(explained))
        assert expected in text


def test_what_does_not_count_now_is_told_by_its_number_alone() -> None:
    known = told(stated("signed_in"), purchase("ring", user_id="phone"))
    tell(known, stated("signed_in", hub="another", ts=NOW + 1))
    phone = held(known, "phone", NOW + 2)
    assert (phone["evidence"], phone["claims"], phone["list"]) == ([], [], None)
    assert (phone["links"]["persons"], phone["links"]["not_counting"]) == (2, 1)
    text = "\n".join(line for _, line in held_in_words(phone))
    assert "It is an id of 2 persons." in text
    assert "so that it does not count now: 1 fact." in text
    assert "account" not in text


def test_of_what_does_not_count_it_is_not_said_that_somebody_else_was_there() -> None:
    known = told(stated("signed_in", method="observed"), purchase("ring", user_id="phone"))
    text = "\n".join(line for _, line in held_in_words(held(known, "phone", NOW + 2)))
    assert "in a session that is over or hardly trusted, so that it does not count now: 1" in text
    assert "somebody else was" not in text


def test_who_has_no_links_is_told_of_none() -> None:
    assert "links" not in held(told(purchase("tv", user_id="phone")), "phone", NOW)


def test_what_is_known_of_a_product_may_be_so_from_another_id() -> None:
    known = told(*LINKED, purchase(product("tv", brand="acme"), user_id="phone"))
    assert candidate_of("tv", known, "laptop", ()).brand == "acme"


def test_an_event_that_contradicts_one_of_another_id_is_not_counted() -> None:
    known = told(*LINKED, purchase(product("tv", quantity=1), user_id="phone"))
    tell(known, purchase(product("tv", quantity=2), user_id="laptop"))
    assert not known.contradictions


@pytest.mark.parametrize("leaf", ["phone", "account"])
def test_the_holdout_goes_by_the_id(leaf: str) -> None:
    strict = policy(holdout={"percent": 50})
    known = told(*LINKED, purchase("tv", user_id="laptop"), policy=strict)
    decision = known.apply(request("tv", user_id=leaf))
    assert decision is not None
    assert bool(decision.ghosted) == strict.in_holdout(leaf)
