"""What is explained, in words."""

import pytest

from schemas.records import Event, Request
from streams.commands.explanation_words import WAYS, explanation_in_words, held_in_words
from streams.suppression.catalog import Catalog
from streams.suppression.explanation import explain, held
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from streams.suppression.reasons import EXPLAINED
from tests.builders import (
    MINUTE,
    NOW,
    cancellation,
    candidate,
    dismissal,
    impressions,
    policy,
    preference,
    product,
    purchase,
    refund,
    reinstatement,
    request,
    restoration,
)

WHEN = "2023-11-14 22:13:20 UTC"


def lines(asked: Request | None, *events: Event, policy: Policy | None = None) -> list[str]:
    """What is said of a request, or of all that is held."""
    join = Join(policy or Policy.default(), Catalog())
    for event in events:
        join.apply(event)
    if asked is None:
        words = held_in_words(held(join, "ann", NOW, events))
    else:
        words = explanation_in_words(explain(join, asked, events))
    return [line for _, line in words]


def test_every_way_to_undo_a_claim_has_words() -> None:
    ways = {by for explained in EXPLAINED.values() for by in explained.undone_by}
    assert set(WAYS) == ways | {"own_site"}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            purchase(product(brand="acme")),
            "Order order of {}: 1 x tv (event bought), with brand acme.",
        ),
        (refund("tv"), "Return at {}: 1 x tv of order order (event refunded)."),
        (cancellation(), "Order order cancelled or returned as a whole at {}."),
        (
            dismissal("not_interested", product_id="tv", price=9.5),
            "Rejection of product tv as not_interested at {}, at a price of 9.5 (event dismissed).",
        ),
        (reinstatement(), "Order order reinstated at {}."),
        (dismissal("covered_content"), "Rejection as covered_content at {} (event dismissed)."),
        (
            restoration(reason="block_brand", brand="acme"),
            "Restoration of brand acme as far as it was block_brand at {} (event restored).",
        ),
        (restoration(), "Restoration of everything at {} (event restored)."),
        (*impressions(NOW), "Ad shown at {}: tv (impression i1)."),
        (
            preference(sensitive_topics="granted"),
            "Preference: sensitive_topics granted at {} (event said).",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_evidence_has_words(event: Event, words: str) -> None:
    assert any(line.startswith(words.format(WHEN)) for line in lines(None, event))


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        (candidate(interest_at=1), "interest within the last 21 days"),
        (candidate(basis="inferred"), "targeting on what was given or observed"),
        (candidate(interest_at=NOW - MINUTE), "a channel other than email or push"),
        (
            candidate(categories=["a"]),
            "consent to sensitive_topics, for an ad with 2 sources or more",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_another_request_would_have_to_be_is_told(asked: object, condition: str) -> None:
    strict = policy(sensitive={"categories": ["a"]})
    written = lines(request(asked, channel="email"), policy=strict)
    assert f"Undone by {condition}, or by showing it on the advertiser's own site." in written


def test_of_two_orders_that_make_one_claim_both_have_to_come_back() -> None:
    written = lines(request("tv"), purchase("tv", order_id="a"), purchase("tv", order_id="b"))
    assert "Undone by the return of 1 x tv of order a and 1 x tv of order b." in written


def test_who_is_in_the_holdout_is_said_to_be_shown_it_in_spite_of_the_reason() -> None:
    half = policy(holdout={"percent": 50})
    user_id = next(name for name in "abcdefgh" if half.in_holdout(name))
    written = lines(request("tv", user_id=user_id), purchase("tv", user_id=user_id), policy=half)
    assert written[0].startswith(f"tv is shown to {user_id}, who is in the holdout, in spite of")
    assert written[2].startswith("Reason: purchased.")
    assert not any("may be shown again" in line for line in written)


def test_an_order_that_replaced_another_event_says_so() -> None:
    first = purchase("tv", event_id="first", ts=NOW - 1_000)
    second = purchase("tv", event_id="second", ts=NOW)
    [evidence] = [line for line in lines(request("tv"), first, second) if "Evidence" in line]
    assert evidence.endswith(
        "order order of 2023-11-14 22:13:19 UTC (event first), reported again at 2023-11-14 "
        "22:13:20 UTC: 1 x tv (event second); it counts instead of what was said at 2023-11-14 "
        "22:13:19 UTC (event first)."
    )


def test_an_order_that_was_cancelled_and_reinstated_says_so() -> None:
    events = (
        purchase(product(quantity=2, gift=True)),
        refund("tv"),
        cancellation(ts=NOW + 1_000),
        reinstatement(ts=NOW + 2_000),
    )
    [evidence] = [
        line for line in lines(request("tv", ts=NOW + 2_000), *events) if "Evidence" in line
    ]
    assert evidence.endswith(
        ": 2 x tv as a gift (event bought); 1 returned at 2023-11-14 22:13:20 UTC (event "
        "refunded); cancelled or returned as a whole at 2023-11-14 22:13:21 UTC; reinstated at "
        "2023-11-14 22:13:22 UTC; 1 kept."
    )
