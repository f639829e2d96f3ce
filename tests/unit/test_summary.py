"""What a run came to, counted by answers and, apart from them, by the recorded events."""

import pickle
from typing import Any

from schemas.outputs import Decision, SuppressedCandidate
from schemas.records import Dismissal, OrderProduct, Product, Purchase
from streams.commands.summaries import followed_lines
from streams.recording.summary import Summary
from streams.suppression.catalog import Catalog


def order(product: str, ts: int, user: str = "u1", event: Any = "order_completed") -> Purchase:
    return Purchase(
        event_id=f"e{ts}",
        user_id=user,
        ts=ts,
        event=event,
        order_id=f"o{ts}",
        products=[OrderProduct(product_id=product)],
    )


def removal(product: str, ts: int, reason: Any = "removed_from_cart") -> Dismissal:
    return Dismissal(event_id=f"d{ts}", user_id="u1", ts=ts, reason=reason, product_id=product)


def decision(
    ts: int,
    allowed: tuple[str, ...] = (),
    suppressed: tuple[tuple[str, str], ...] = (),
    ghosted: tuple[tuple[str, str], ...] = (),
) -> Decision:
    def answers(pairs: tuple[tuple[str, Any], ...]) -> list[SuppressedCandidate]:
        return [
            SuppressedCandidate(product, reason, "group", product, 0, None, ())
            for product, reason in pairs
        ]

    shown = [*allowed, *(product for product, _ in ghosted)]
    return Decision("r1", "u1", ts, "default", answers(suppressed), shown, answers(ghosted))


def test_candidates_are_those_allowed_and_those_suppressed() -> None:
    summary = Summary()
    summary.add(decision(5, ("p1", "p2"), (("p3", "purchased"),), (("p4", "lapsed"),)))
    assert (summary.requests, summary.candidates, summary.allowed) == (1, 4, 3)
    assert summary.suppressed == {"purchased": 1}
    assert summary.ghosted == {"lapsed": 1}


def test_answers_that_come_from_an_order_or_a_removal_count_whether_suppressed_or_ghosted() -> None:
    summary = Summary()
    summary.add(
        decision(
            5,
            suppressed=(("p1", "purchased"), ("p2", "already_bought"), ("p3", "sensitive")),
            ghosted=(("p4", "lapsed"), ("p5", "removed_from_cart")),
        )
    )
    assert summary.after_purchase == 3
    assert summary.after_removal == 1


def test_an_ad_for_an_ordered_product_followed_from_the_time_of_the_order_on() -> None:
    summary = Summary()
    summary.scan(order("p1", 10))
    for ts in (9, 10, 11):
        summary.add(decision(ts, ("p1",)))
    assert (summary.ordered.wanted, summary.ordered.let_through) == (2, 2)


def test_the_earliest_order_counts_in_whatever_order_events_are_observed() -> None:
    summary = Summary()
    for ts in (20, 10, 30):
        summary.scan(order("p1", ts))
    summary.add(decision(15, ("p1",)))
    assert summary.ordered.wanted == 1


def test_a_followed_ad_is_stopped_whatever_the_reason() -> None:
    summary = Summary()
    summary.scan(order("p1", 10))
    summary.add(decision(20, suppressed=(("p1", "opt_out_all"),)))
    assert (summary.ordered.stopped, summary.ordered.let_through) == (1, 0)
    assert summary.ordered.stopped_percent == 100


def test_a_followed_ad_that_the_holdout_lets_through_is_wanted_once() -> None:
    summary = Summary()
    summary.scan(order("p1", 10))
    summary.add(decision(20, ghosted=(("p1", "purchased"),)))
    assert (summary.ordered.wanted, summary.ordered.ghosted) == (1, 1)
    assert summary.ordered.let_through == 0


def test_an_ad_for_a_variant_of_what_was_ordered_or_removed_followed_as_well() -> None:
    catalog = Catalog()
    for product_id, group in (("black", "tv"), ("white", "tv"), ("mug", "mug"), ("cup", None)):
        catalog.put(product_id, Product(item_group_id=group))
    summary = Summary()
    summary.scan(order("black", 10))
    summary.scan(removal("mug", 10))
    answers = decision(20, ("cup", "mug"), (("white", "purchased"),))
    summary.add(answers, catalog)
    assert (summary.ordered.wanted, summary.ordered.stopped) == (1, 1)
    assert (summary.removed.wanted, summary.removed.let_through) == (1, 1)


def test_what_was_stopped_held_out_and_let_through_adds_up_to_all() -> None:
    summary = Summary()
    for product in ("p1", "p2", "p3"):
        summary.scan(order(product, 10))
    summary.add(decision(20, ("p1",), (("p2", "purchased"),), (("p3", "purchased"),)))
    [ordered, *_] = followed_lines(summary)
    assert ordered.endswith(
        ": 3, of these 1 stopped (33.33 %), 1 let through for the holdout, "
        "1 let through by the policy."
    )


def test_ads_after_a_removal_are_counted_apart_and_only_once_together_with_orders() -> None:
    summary = Summary()
    summary.scan(order("p1", 10))
    summary.scan(removal("p1", 11))
    summary.scan(removal("p2", 12))
    summary.add(decision(20, ("p2",), (("p1", "purchased"),)))
    assert (summary.ordered.wanted, summary.removed.wanted) == (1, 2)
    assert summary.ordered_or_removed.wanted == 2
    assert summary.removed.stopped_percent == 50


def test_other_people_returns_and_other_dismissals_make_no_ad_a_followed_one() -> None:
    summary = Summary()
    summary.scan(order("p1", 10, user="u2"))
    summary.scan(order("p1", 10, event="order_refunded"))
    summary.scan(removal("p1", 10, reason="not_interested"))
    summary.add(decision(20, ("p1",)))
    assert summary.ordered_or_removed.wanted == 0
    assert summary.ordered_or_removed.stopped_percent == 0


def test_what_was_counted_reaches_another_process_and_adds_up_there() -> None:
    summary, other = Summary(), Summary()
    for each in (summary, other):
        each.scan(order("p1", 10))
        each.add(decision(20, ("p2",), (("p1", "purchased"),)))
    summary.merge(pickle.loads(pickle.dumps(other)))
    assert (summary.requests, summary.allowed, summary.suppressed) == (2, 2, {"purchased": 2})
    assert (summary.ordered.wanted, summary.ordered.stopped) == (2, 2)


def test_what_is_remembered_of_persons_stays_in_its_process() -> None:
    summary = Summary()
    summary.scan(order("p1", 10, user="somebody"))
    assert b"somebody" not in pickle.dumps(summary)
