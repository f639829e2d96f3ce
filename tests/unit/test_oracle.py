"""The oracle itself, held to cases that were worked out by hand from the contract."""

import base64
import tomllib
from random import Random

import orjson
import pytest

from tests.oracle import run
from tests.oracle.generate import random_recording
from tests.oracle.invalid import invalid_record, too_large_record
from tests.oracle.toml_text import to_toml

DAY = 86_400_000
NOON = 1_700_000_000_000


def line(topic, ts, value, **others):
    return {"topic": topic, "key": "u1", "timestamp": ts, "value": value, **others}


def order(ts, event_id, *products, order_id="o1"):
    """Products are ids, or (id, quantity)."""
    pairs = [product if isinstance(product, tuple) else (product, 1) for product in products]
    listed = [{"product_id": product_id, "quantity": quantity} for product_id, quantity in pairs]
    value = {"event": "order_completed", "order_id": order_id, "products": listed}
    return line("purchases", ts, {"event_id": event_id, **value})


def refund(ts, event_id, products=None, order_id="o1"):
    value = {"event_id": event_id, "event": "order_refunded", "order_id": order_id}
    if products is not None:
        value["products"] = products
    return line("purchases", ts, value)


def dismissal(ts, event_id, reason, **fields):
    return line("dismissals", ts, {"event_id": event_id, "reason": reason, **fields})


def restoration(ts, event_id, **fields):
    return line("dismissals", ts, {"event_id": event_id, "action": "restored", **fields})


def impression(ts, impression_id, product_id="p1"):
    value = {"impression_id": impression_id, "product_id": product_id}
    return line("impressions", ts, value)


def request(ts, product_id="p1", channel="display", own_site=False, **candidate):
    value = {
        "request_id": "r",
        "channel": channel,
        "own_site": own_site,
        "candidates": [{"product_id": product_id, **candidate}],
    }
    return line("impression-requests", ts, value)


def product(product_id, **attributes):
    return {"topic": "catalog", "key": product_id, "timestamp": 0, "value": attributes}


def answers(*records, policy=None):
    """For each request (of one candidate) its suppression, or None."""
    outcome = run(list(records), policy)
    assert outcome.dead == []
    return [(one["suppressed"] or [None])[0] for one in outcome.decisions]


def reasons(*records, policy=None):
    return [answer and answer["reason"] for answer in answers(*records, policy=policy)]


def test_a_purchase_stops_the_variants_of_its_product_for_180_days():
    assert answers(
        product("p1", item_group_id="g1"),
        product("p2", item_group_id="g1"),
        order(NOON, "e1", "p1"),
        request(NOON + 180 * DAY - 1, "p2"),
        request(NOON + 180 * DAY, "p2"),
    ) == [
        {
            "product_id": "p2",
            "reason": "purchased",
            "scope": "group",
            "value": "g1",
            "since": NOON,
            "until": NOON + 15_552_000_000,
            "because": ["e1"],
        },
        None,
    ]


def test_a_refund_that_arrives_before_its_purchase_still_takes_the_line_away():
    back = [{"product_id": "p1", "quantity": 2}]
    assert reasons(
        refund(NOON, "e0", back), order(NOON + 1, "e1", ("p1", 2)), request(NOON + 2)
    ) == [None]


def test_a_partial_refund_leaves_the_rest_of_the_line_owned():
    back = [{"product_id": "p1"}]
    assert reasons(
        order(NOON, "e1", "p1", "p1"), refund(NOON + 1, "e2", back), request(NOON + 2)
    ) == ["purchased"]


def test_a_whole_refund_is_for_good():
    assert reasons(refund(NOON, "e0"), order(NOON + 1, "e1", ("p1", 9)), request(NOON + 2)) == [
        None
    ]


def test_a_replenished_product_runs_out_reopens_and_then_counts_as_lapsed():
    records = [product("p1", replenish_days=10), order(NOON, "e1", ("p1", 2))]
    days = [0, 20, 34, 54]  # used up after 20, open for 14, lapsed for another 20
    edges = [request(NOON + day * DAY + edge) for day in days for edge in (-1, 0)]
    assert reasons(*records, *edges) == [
        None,
        "purchased",
        "purchased",
        None,
        None,
        "lapsed",
        "lapsed",
        None,
    ]


def test_a_later_purchase_of_the_same_scope_keeps_a_line_from_lapsing():
    assert reasons(
        product("p1", replenish_days=10, item_group_id="g"),
        product("p2", item_group_id="g"),
        order(NOON, "e1", "p1"),
        order(NOON + 1, "e2", "p2", order_id="o2"),
        request(NOON + 25 * DAY),
        policy={"purchase": {"window_days": 1}},
    ) == [None]


def test_the_narrowest_category_with_a_policy_entry_sets_scope_and_window():
    policy = {
        "purchase": {
            "window_days": 1,
            "category": {"tv": {"scope": "category"}, "tv.big": {"window_days": 0.5}},
        }
    }
    records = [
        product("p1", categories=["tv", "tv.small"]),
        product("p2", categories=["tv", "tv.big"]),
        product("p3", categories=["tv"]),
        order(NOON, "e1", "p1"),
        order(NOON, "e2", "p2", order_id="o2"),
    ]
    entries = run(records, policy).lists["u1"]["entries"]
    assert [(one["scope"], one["value"], one["until"] - NOON) for one in entries] == [
        ("group", "p2", DAY // 2),
        ("category", "tv", DAY),
    ]
    assert reasons(*records, request(NOON, "p3"), policy=policy) == ["purchased"]


def test_a_restoration_ends_only_dismissals_of_its_target_up_to_its_time():
    assert reasons(
        dismissal(NOON, "d1", "block_brand", brand="b1"),
        dismissal(NOON, "d2", "block_category", category="c1"),
        restoration(NOON, "d3", brand="b1"),
        request(NOON, brand="b1"),
        request(NOON, categories=["c1", "c2"]),
        dismissal(NOON + 1, "d4", "block_brand", brand="b1"),
        request(NOON + 1, brand="b1"),
    ) == [None, "block_category", "block_brand"]


def test_a_better_price_lifts_not_interested_from_exactly_ten_percent_on():
    assert reasons(
        dismissal(NOON, "d1", "not_interested", product_id="p1", price=100),
        request(NOON, price=90),
        request(NOON, price=90.01),
        request(NOON),
    ) == [None, "not_interested", "not_interested"]


def test_equal_claims_are_one_and_liftable_only_where_each_has_a_price():
    first = dismissal(NOON, "d2", "not_interested", product_id="p1", price=100)
    second = dismissal(NOON, "d1", "not_interested", product_id="p1", price=80)
    unpriced = dismissal(NOON, "d3", "not_interested", product_id="p1")

    entry = run([first, second]).lists["u1"]["entries"][0]
    assert (entry["because"], entry["price"]) == (["d1", "d2"], 80)
    entry = run([first, second, unpriced]).lists["u1"]["entries"][0]
    assert entry["because"] == ["d1", "d2", "d3"]
    assert "price" not in entry
    assert reasons(first, second, request(NOON, price=90), request(NOON, price=72)) == [
        "not_interested",
        None,
    ]


def test_a_frequency_cap_counts_the_newest_impressions_once_each():
    shown = [impression(NOON + number, f"i{number % 3}") for number in range(6)]  # i0 i1 i2 twice
    policy = {"frequency": {"max": 3, "days": 1}}
    (answer,) = answers(*shown, request(NOON + 6), policy=policy)
    assert answer["since"] == NOON + 5
    assert answer["until"] == NOON + 3 + DAY
    assert answer["because"] == ["i0", "i1", "i2"]
    assert reasons(*shown, request(NOON + 6), policy={"frequency": {"max": 4}}) == [None]


def test_in_opt_in_mode_nobody_sees_ads_who_has_not_granted_them():
    granted = line("preferences", NOON + 1, {"event_id": "c1", "personalised_ads": "granted"})
    assert reasons(
        request(NOON), granted, request(NOON + 1), policy={"consent": {"mode": "opt_in"}}
    ) == ["no_consent", None]


def test_what_the_request_itself_says_against_a_candidate():
    assert reasons(
        product("p9", sensitive=True),
        request(NOON, "p9", sources=["crm", "crm"]),
        request(NOON, interest_at=NOON - 21 * DAY),
        request(NOON, basis="inferred"),
        request(NOON, channel="push", interest_at=NOON),
        request(NOON, channel="push", interest_at=NOON - 3_600_000),
        request(NOON, "p9", own_site=True),
    ) == ["sensitive", "followed_too_long", "inferred_interest", "too_soon", None, None]


def test_sensitive_topics_need_the_grant_and_enough_different_sources():
    assert reasons(
        product("p9", sensitive=True),
        line("preferences", NOON, {"event_id": "c1", "sensitive_topics": "granted"}),
        request(NOON, "p9", sources=["crm", "crm"]),
        request(NOON, "p9", sources=["crm", "web"]),
    ) == ["sensitive", None]


def test_a_person_in_the_holdout_is_shown_the_product_and_it_is_listed_as_ghosted():
    # BLAKE2b-64 of "b:u1" is bf8756625c32f835 (as b2sum says), which modulo 10,000 is 2,293.
    records = [order(NOON, "e1", "p1"), request(NOON)]
    (decision,) = run(records, {"holdout": {"percent": 23, "salt": "b"}}).decisions
    assert decision["suppressed"] == []
    assert decision["allowed"] == ["p1"]
    assert decision["ghosted"][0]["reason"] == "purchased"
    (decision,) = run(records, {"holdout": {"percent": 22, "salt": "b"}}).decisions
    assert decision["suppressed"][0]["reason"] == "purchased"


def test_records_are_merged_by_the_clock_of_their_partition_then_by_topic():
    late = order(NOON, "e2", "p2", order_id="o2")  # behind e1 in its partition, so at its clock
    assert reasons(
        request(NOON + 4, "p1"),
        request(NOON + 5, "p1"),
        request(NOON + 5, "p2"),
        order(NOON + 5, "e1", "p1"),
        late,
    ) == [None, "purchased", "purchased"]


def test_a_list_shows_what_outlasts_the_newest_evidence_in_order():
    outcome = run(
        [
            order(NOON, "e1", "p1"),
            dismissal(NOON + 1, "d1", "block_brand", brand="b1"),
            dismissal(NOON + 1, "d2", "removed_from_cart", product_id="p2", price=5),
            dismissal(NOON + 15 * DAY, "d3", "removed_from_cart", product_id="p3"),
        ]
    )
    shown = outcome.lists["u1"]
    assert shown["ts"] == NOON + 15 * DAY
    assert [(entry["scope"], entry["value"], entry["until"]) for entry in shown["entries"]] == [
        ("product", "p3", NOON + 29 * DAY),
        ("group", "p1", NOON + 180 * DAY),
        ("brand", "b1", None),
    ]


def test_a_list_is_a_tombstone_once_its_last_claim_ended_by_the_partitions_time():
    records = [dismissal(NOON, "d1", "removed_from_cart", product_id="p1")]
    someone_else = {**request(NOON + 14 * DAY), "key": "u2"}
    assert run([*records, {**someone_else, "timestamp": NOON + 14 * DAY - 1}]).lists["u1"]
    assert run([*records, someone_else]).lists == {"u1": None}


def test_evidence_is_gone_when_its_claims_ended_before_the_retention():
    seen = dismissal(NOON, "d1", "removed_from_cart", product_id="p1")
    late = line(
        "impression-requests",
        NOON + 99 * DAY,
        {"request_id": "r", "ts": NOON, "candidates": [{"product_id": "p1"}]},
    )
    assert reasons(seen, request(NOON + 44 * DAY), late) == [None, "removed_from_cart"]
    assert reasons(seen, request(NOON + 44 * DAY + 1), late) == [None, None]


@pytest.mark.parametrize("seed", range(20))
def test_each_invalid_record_of_the_generator_is_refused_with_its_code(seed):
    random = Random(seed)
    made = [invalid_record(random, "u1", 0, NOON) for _ in range(50)]
    made.append((too_large_record(random, "u1", 0, NOON), "too_large"))
    refused = run([record for record, _ in made]).dead
    assert refused == [(index, code) for index, (_, code) in enumerate(made)]


def test_a_value_of_exactly_one_mebibyte_is_not_too_large():
    head = b'{"event_id":"c1","x":"'
    raw = head + b"x" * (1_048_576 - len(head) - 2) + b'"}'
    record = {"topic": "preferences", "key": "u1", "timestamp": NOON}
    record["value_base64"] = base64.b64encode(raw).decode()
    assert run([record]).dead == []
    record["value_base64"] = base64.b64encode(raw + b" ").decode()
    assert run([record]).dead == [(0, "too_large")]


@pytest.mark.parametrize("seed", range(30))
def test_a_random_recording_is_repeatable_and_can_be_written_out(seed):
    records, policy = random_recording(seed)
    assert (records, policy) == random_recording(seed)
    assert orjson.loads(orjson.dumps(records)) == records
    if policy is not None:
        assert tomllib.loads(to_toml(policy)) == policy
