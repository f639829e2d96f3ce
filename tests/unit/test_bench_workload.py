"""The real workload is what the design says that it is."""

import lzma
from collections import Counter
from functools import cache
from random import Random

import orjson
import pytest

from schemas.records import Event, Preference, Request
from streams.recording.files import RecordedRecord
from tests.bench.domain import apply, new_join, read_catalog
from tests.bench.in_process import decoded
from tests.bench.real_workload import PRODUCTS, person_of, real
from tests.recorded_data import recorded_data

EVENTS = 20_000


@cache
def records() -> tuple[RecordedRecord, ...]:
    return tuple(real(EVENTS, 4))


def of_persons() -> list[RecordedRecord]:
    return [record for record in records() if record.topic != "catalog"]


def events() -> list[Event]:
    return list(decoded(of_persons()))


def test_it_has_as_many_events_as_asked_for_and_a_catalog_before_them() -> None:
    assert [record.topic for record in records()[:PRODUCTS]] == ["catalog"] * PRODUCTS
    assert len(of_persons()) == EVENTS


def test_it_is_the_same_every_time() -> None:
    assert list(real(1_000, 4)) == list(real(1_000, 4))


def test_products_have_groups_three_levels_of_categories_brands_and_prices() -> None:
    catalog = read_catalog(record for record in records() if record.topic == "catalog")
    products = catalog.products.values()
    assert len(products) == PRODUCTS
    assert {len(product.categories or ()) for product in products} == {3}
    assert all(p.item_group_id and p.brand and p.price for p in products)
    assert max(Counter(product.item_group_id for product in products).values()) == 4


def test_candidates_say_price_interest_basis_and_sources() -> None:
    candidates = [c for event in events() if isinstance(event, Request) for c in event.candidates]
    assert all(c.price and c.interest_at and c.basis and c.sources for c in candidates)


def test_one_person_in_five_says_a_preference() -> None:
    preferences = Counter(event.user_id for event in events() if isinstance(event, Preference))
    everybody = {event.user_id for event in events()}
    assert set(preferences.values()) == {1}
    assert len(preferences) / len(everybody) == pytest.approx(0.2, abs=0.02)


def test_purchases_dismissals_the_cap_and_preferences_all_suppress() -> None:
    join = new_join(read_catalog(record for record in records() if record.topic == "catalog"))
    decisions = [decision for event in events() if (decision := apply(join, event)) is not None]
    reasons = Counter(answer.reason for each in decisions for answer in each.suppressed)
    assert {"purchased", "not_interested", "no_consent"} <= set(reasons)
    assert any(each.allowed for each in decisions)


@pytest.mark.data
def test_people_come_as_unevenly_as_to_datacratics_auctions() -> None:
    source = recorded_data("datacratic_auctions.jsonl.xz")
    with lzma.open(source) as lines:
        known = [(orjson.loads(line).get("userIds") or {}).get("xchg") for line in lines]
    people = Counter(filter(None, known))
    random = Random(1)
    # So many that as many different ones come as in the data.
    drawn = Counter(person_of(random, 150_000) for _ in range(people.total()))
    for share in (1, 10, 100, 1_000):
        theirs, ours = (
            sum(count for _, count in each.most_common(share)) / each.total()
            for each in (people, drawn)
        )
        assert ours == pytest.approx(theirs, rel=0.15)
    assert len(drawn) == pytest.approx(len(people), rel=0.05)
