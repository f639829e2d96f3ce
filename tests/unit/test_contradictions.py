"""Events that have the id of an earlier one and other content are counted."""

from collections import Counter, deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from schemas.records import Event
from streams.agents.intake import FetchedRecord
from streams.agents.supplier import SuppressTasks
from streams.settings import Settings
from streams.suppression.catalog import Catalog
from streams.suppression.contradictions import FEW
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from tests.builders import (
    DAY,
    NOW,
    backtest,
    cancellation,
    dismissal,
    impression,
    line,
    policy,
    preference,
    product,
    purchase,
    refund,
    restoration,
)
from tests.engine.in_memory import InMemoryEngine


def counted(*events: Event, by: Policy | None = None) -> Counter[str]:
    joined = Join(by or Policy.default(), Catalog())
    for event in events:
        joined.apply(event)
    return joined.contradictions


TWO_CONTENTS = {
    "another reason": (
        dismissal("not_interested", product_id="tv"),
        dismissal("already_bought", product_id="tv"),
    ),
    "another product": (
        dismissal("not_interested", product_id="tv"),
        dismissal("not_interested", product_id="mug"),
    ),
    "another currency": (
        dismissal("not_interested", product_id="tv", price=9, currency="EUR"),
        dismissal("not_interested", product_id="tv", price=9, currency="SEK"),
    ),
    "dismissed and restored": (
        dismissal("not_interested", "d1", product_id="tv"),
        restoration("d1", product_id="tv"),
    ),
    "another reason to restore": (
        restoration(reason="not_interested"),
        restoration(reason="already_bought"),
    ),
    "another quantity": (purchase(), purchase(product(quantity=2))),
    "other attributes": (purchase(), purchase(product(brand="acme"))),
    "a gift": (purchase(), purchase(product(gift=True))),
    "a product more": (purchase("tv"), purchase("tv", "mug")),
    "a product less": (purchase("tv", "mug"), purchase("tv")),
    "another order": (purchase(order_id="o1"), purchase(order_id="o2")),
    "bought and sent back": (purchase(event_id="e1"), refund("tv", event_id="e1")),
    "bought and cancelled": (purchase(event_id="e1"), cancellation(event_id="e1")),
    "more sent back": (refund("tv"), refund(product(quantity=2))),
    "something else sent back": (refund("tv"), refund("mug")),
    "all sent back": (refund("tv"), refund()),
    "another answer": (
        preference(personalised_ads="denied"),
        preference(personalised_ads="granted"),
    ),
    "another question": (
        preference(personalised_ads="denied"),
        preference(sensitive_topics="granted"),
    ),
    "a question more": (
        preference(personalised_ads="denied"),
        preference(personalised_ads="denied", sensitive_topics="granted"),
    ),
}


WITHOUT_ID = ("bought and cancelled", "all sent back")
"""Of the second of these evidence does not hold the id."""


@pytest.mark.parametrize(("first", "second"), TWO_CONTENTS.values(), ids=list(TWO_CONTENTS))
def test_one_id_with_two_contents_is_counted(first: Event, second: Event) -> None:
    assert counted(first, second).total() == 1


@pytest.mark.parametrize("name", [name for name in TWO_CONTENTS if name not in WITHOUT_ID])
def test_it_is_counted_whichever_comes_first(name: str) -> None:
    first, second = TWO_CONTENTS[name]
    assert counted(second, first).total() == 1


def test_contradictions_are_counted_by_topic() -> None:
    pairs = ("another quantity", "another reason", "another product", "another answer")
    events = [event for name in pairs for event in TWO_CONTENTS[name]]
    assert counted(*events) == Counter(purchases=1, dismissals=2, preferences=1)


ONE_CONTENT = {
    "an order": purchase("tv", product("mug", quantity=2, brand="acme")),
    "a product that is listed twice": purchase("tv", "tv"),
    "a refund": refund("tv", "mug"),
    "a whole refund": refund(),
    "a dismissal": dismissal("not_interested", product_id="tv", price=9.5, currency="EUR"),
    "a restoration": restoration(brand="acme"),
    "a preference": preference(personalised_ads="granted", sensitive_topics="denied"),
    "an impression": impression(),
}


@pytest.mark.parametrize("event", ONE_CONTENT.values(), ids=list(ONE_CONTENT))
def test_a_plain_duplicate_is_not_counted(event: Event) -> None:
    assert not counted(event, event)


@pytest.mark.parametrize("event", ONE_CONTENT.values(), ids=list(ONE_CONTENT))
def test_an_event_that_is_sent_again_at_another_time_is_not_counted(event: Event) -> None:
    again = type(event)(**{name: getattr(event, name) for name in event.__struct_fields__})
    again.ts = NOW + DAY
    assert not counted(event, again, event)


def test_an_order_of_which_another_event_has_replaced_a_line_is_not_counted_again() -> None:
    order = purchase("tv", "mug", event_id="e1")
    update = purchase(product("tv", quantity=2), event_id="e2", ts=NOW + 1)
    assert not counted(order, update, order)


def test_a_preference_of_which_another_event_has_replaced_a_part_is_not_counted_again() -> None:
    both = preference("c1", personalised_ads="denied", sensitive_topics="granted")
    one = preference("c2", ts=NOW + 1, sensitive_topics="denied")
    assert not counted(both, one, both)


def test_an_order_of_which_a_line_is_over_is_not_counted_again() -> None:
    short = policy(purchase={"category": {"a": {"window_days": 1}}}, retention={"days": 1})
    order = purchase("tv", product("mug", categories=["a"]), event_id="e1")
    later = dismissal("not_interested", ts=NOW + 10 * DAY, product_id="radio")
    joined = Join(short, Catalog())
    for event in (order, later, order):
        joined.apply(event)
        joined.prepare()
    assert not joined.contradictions


def test_ids_of_other_people_and_topics_are_none_of_an_event() -> None:
    assert not counted(
        purchase("tv", event_id="e1"),
        purchase("mug", event_id="e1", user_id="bob"),
        dismissal("not_interested", "e1", product_id="tv"),
        preference("e1", personalised_ads="granted"),
    )


@pytest.mark.parametrize("order_id", ["o0", "o20"])
def test_among_many_lines_an_order_is_still_compared_with_what_was_said_of_it(
    order_id: str,
) -> None:
    orders = [purchase(event_id=f"e{number}", order_id=f"o{number}") for number in range(FEW + 9)]
    again = purchase("mug", event_id=order_id.replace("o", "e"), order_id=order_id)
    assert counted(*orders, again) == Counter(purchases=1)
    assert not counted(*orders, *orders)


def test_a_backtest_counts_them_under_its_first_policy() -> None:
    lines = [line(event) for event in TWO_CONTENTS["another quantity"]]
    assert backtest(lines)[2].contradictions == Counter(purchases=1)


def test_a_worker_counts_what_contradicts_what_was_stored_before_it_started(
    tmp_path: Path,
) -> None:
    first, second = TWO_CONTENTS["another reason"]
    assert not counted_by_worker(tmp_path, 0, first, first)
    assert counted_by_worker(tmp_path, 2, first, second) == Counter(dismissals=1)


def counted_by_worker(folder: Path, offset: int, *events: Event) -> Counter[str]:
    """What a worker with this state has counted after these dismissals."""
    reader: Any = SimpleNamespace(
        catalog=Catalog(), invalid=deque(), position=0, fetch=lambda: None, update=lambda: None
    )
    settings = Settings()
    tasks = SuppressTasks(settings, Policy.default(), {}, reader)
    with InMemoryEngine(tasks, folder, settings) as engine:
        for number, event in enumerate(events, start=offset):
            value = orjson.dumps(line(event)["value"])
            record = FetchedRecord("dismissals", number, event.ts, b"ann", value, ())
            engine.feed("dismissals", record)
        engine.run()
    return tasks.counts.contradictions
