"""The oracle of several ids, held to cases that were worked out by hand from SPEC 9."""

import pytest

from tests.oracle import run
from tests.oracle.identities import (
    is_kiosk,
    kept_statements,
    level_down,
    sessions_on,
)
from tests.oracle.linked import linked_recording
from tests.oracle.policy import merged
from tests.oracle.validation import person_event

DAY = 86_400_000
NOON = 1_700_000_000_000


def line(topic, user_id, ts, **value):
    return {"topic": topic, "key": user_id, "timestamp": ts, "value": value}


def says(action, leaf, ts, hub=None, **fields):
    named = {"event_id": f"{action}-{leaf}-{hub}-{ts}", "action": action, "person_id": hub}
    return line("identities", leaf, ts, **named, **fields)


def order(user_id, ts, order_id="o1", product_id="p1"):
    products = [{"product_id": product_id}]
    named = {"event_id": f"e-{order_id}", "order_id": order_id, "products": products}
    return line("purchases", user_id, ts, **named, event="order_completed")


def with_products(*records, policy=None):
    """The products on the list of each id that has one."""
    outcome = run(list(records), policy)
    assert outcome.dead == []
    return {
        user_id: [entry["value"] for entry in listed["entries"]]
        for user_id, listed in outcome.lists.items()
        if listed and listed["entries"]
    }


def statements(*records):
    return [{**record["value"], "ts": record["timestamp"], "method": METHOD} for record in records]


METHOD = "authenticated"


def test_a_session_ends_with_the_next_of_another_hub_or_a_sign_out_and_only_then():
    said = statements(
        says("signed_in", "u", 10, "ann"),
        says("signed_in", "u", 20, "ann"),
        says("signed_in", "u", 30, "bob"),
        says("signed_out", "u", 40),
        says("signed_out", "u", 50),
    )
    assert [(each["hub"], each["begin"], each["end"]) for each in sessions_on(said)] == [
        ("ann", 10, 30),
        ("bob", 30, 40),
    ]


def test_what_is_void_makes_and_ends_no_session():
    said = statements(
        says("signed_in", "u", 10, "ann"),
        says("signed_in", "u", 20, "bob"),
        says("unlinked", "u", 20, "bob"),
        says("signed_in", "u", 30, "bob"),
    )
    assert [(each["hub"], each["begin"], each["end"]) for each in sessions_on(said)] == [
        ("ann", 10, 30),
        ("bob", 30, None),
    ]


@pytest.mark.parametrize(
    ("said", "ann", "bob"),
    [
        ([says("signed_in", "u", 10, "ann")], "everything", "nothing"),
        ([says("signed_in", "u", 10, "ann"), says("signed_out", "u", 20)], "everything", "nothing"),
        (
            [says("signed_in", "u", 10, "ann"), says("signed_in", "u", 20, "bob")],
            "refusals",
            "everything",
        ),
        (
            [
                says("signed_in", "u", 10, "ann"),
                says("signed_in", "u", 20, "bob"),
                says("signed_out", "u", 30),
            ],
            "refusals",
            "refusals",
        ),
        (
            [says("linked", "u", 10, "ann"), says("signed_in", "u", 20, "bob")],
            "everything",
            "everything",
        ),
    ],
)
def test_what_comes_down_goes_by_who_is_signed_in_and_who_ever_was(said, ann, bob):
    policy = merged(None)
    assert level_down("ann", statements(*said), policy) == ann
    assert level_down("bob", statements(*said), policy) == bob


def test_an_id_with_more_persons_than_the_policy_says_is_a_kiosk():
    said = statements(*(says("signed_in", "u", n, f"a{n}") for n in range(1, 7)))
    assert is_kiosk(said, merged(None))
    assert not is_kiosk(said[1:], merged(None))
    assert not is_kiosk([*said, *statements(says("unlinked", "u", 7, "a1"))], merged(None))


def test_the_newest_200_statements_are_kept_and_all_links_that_stand():
    links = [says("linked", "u", n, f"a{n}") for n in range(300)]
    sign_ins = [says("signed_in", "u", 1_000 + n, "ann") for n in range(201)]
    kept = kept_statements(statements(*links, *sign_ins))
    assert sum(each["action"] == "linked" for each in kept) == 300
    assert min(each["ts"] for each in kept if each["action"] == "signed_in") == 1_001


def test_what_was_bought_on_one_id_is_on_the_lists_of_all():
    assert with_products(
        says("linked", "phone", NOON, "ann"),
        says("signed_in", "laptop", NOON, "ann"),
        order("phone", NOON),
    ) == {"phone": ["p1"], "ann": ["p1"], "laptop": ["p1"]}


def test_what_was_bought_on_a_shared_tablet_is_only_with_who_bought_it():
    records = [
        says("signed_in", "tablet", NOON, "ann"),
        order("tablet", NOON + 1),
        says("signed_in", "tablet", NOON + 2, "bob"),
        order("tablet", NOON + 3, "o2", "p2"),
    ]
    assert with_products(*records) == {"ann": ["p1"], "tablet": ["p2"], "bob": ["p2"]}
    again = says("signed_in", "tablet", NOON + 4, "ann")
    assert with_products(*records, again) == {"ann": ["p1"], "tablet": ["p1"], "bob": ["p2"]}


def test_what_was_before_the_first_session_is_of_it_as_far_as_the_lookback_goes():
    for ago, whose in [(30 * DAY, {"u", "ann"}), (30 * DAY + 1, {"u"})]:
        records = [order("u", NOON - ago), says("signed_in", "u", NOON, "ann")]
        assert with_products(*records).keys() == whose


def test_random_recordings_of_several_ids_share_something():
    """So that the properties that use them say something."""
    via, kiosks, levels = 0, 0, set()
    for seed in range(60):
        records, policy, _ = linked_recording(seed, size=40)
        outcome = run(records, policy)
        for listed in outcome.lists.values():
            via += sum("via" in entry for entry in (listed or {"entries": []})["entries"])
        events = [person_event(each) for each in records if each["topic"] == "identities"]
        for leaf in {event["user_id"] for event in events}:
            said = [event for event in events if event["user_id"] == leaf]
            kiosks += is_kiosk(said, merged(policy))
            levels |= {level_down(f"a{n}", said, merged(policy)) for n in (1, 2, 3)}
    assert via > 60
    assert kiosks > 10
    assert levels == {"everything", "refusals", "nothing"}
