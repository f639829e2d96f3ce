"""Records of real shops, plugins and phones, which the project does not ship, come out as wanted.

Examples of our own show the same of each format: `schemas/examples/formats`.
"""

from typing import Any

import orjson
import pytest

from schemas.adapters.formats import formats_of
from streams.recording.backtest import Backtest
from streams.recording.catalog_check import CatalogCheck, recorded_catalog
from streams.suppression.policy import Policy
from tests.builders import recorded
from tests.recorded_data import find_case_file

pytestmark = pytest.mark.data

WANTED: dict[str, dict[str, set[str]]] = {
    "e01-unpaid-order-is-a-purchase": {"r1": {"tv-55"}, "r2": set()},
    "e03-thousands-separator": {"r1": {"sofa-1"}},
    "e05-negative-quantity-refund": {"r1": set()},
    "e07-comma-separated-ids": {"r1": {"123", "456"}},
    "e08-parent-bought-variant-shown": {"r1": {"GTBD-MP-1_315", "GTBD-MP-2_316"}},
    "e11-from-the-future": {"r1": {"tv-55"}},
    "e13-seconds-in-a-milliseconds-field": {"r1": set()},
    "e14-shopify-through-rudderstack": {"r1": {"7234590834801"}, "r2": set()},
    "e18-same-sku-twice": {"r1": {"1143"}, "r2": set()},
    "e20-consent-in-the-stream": {"r1": {"tv-55"}},
    "e21-whole-refund-without-items": {"r1": set()},
    "e24-thank-you-page-revisited": {"r1": set(), "r2": set()},
}
"""The products that must be suppressed, by case and request."""


@pytest.fixture(scope="module")
def cases() -> dict[str, dict[str, Any]]:
    path = find_case_file("senders.jsonl")
    if path is None:
        pytest.skip("needs cases/senders.jsonl beside the recorded data; name that in UNHAUNT_DATA")
    return {case["id"]: case for case in map(orjson.loads, path.read_bytes().splitlines())}


@pytest.mark.parametrize("name", WANTED)
def test_a_case_comes_out_as_its_users_need_it(name: str, cases: dict[str, dict[str, Any]]) -> None:
    case = cases[name]
    run = Backtest(Policy.default(), formats=formats_of(case["formats"]))
    decided = {
        decision.request_id: {answer.product_id for answer in decision.suppressed}
        for decision in run.run(recorded(case["records"]))
    }
    assert {request: decided[request] for request in WANTED[name]} == WANTED[name]


def test_what_the_first_of_two_bought_on_their_browser_follows_the_first_alone(
    cases: dict[str, dict[str, Any]],
) -> None:
    case = cases["e23-two-people-one-browser"]
    run = Backtest(Policy.default(), formats=formats_of(f"{case['formats']}:signed_in"))
    [decision] = run.run(recorded(case["records"]))
    assert decision.allowed == ["ring-1"]
    assert {each.user_id for each in run.lists() if each.entries} == {"ben"}


def test_ids_with_a_prefix_are_told_and_the_alias_that_is_proposed_stops_the_ad(
    cases: dict[str, dict[str, Any]],
) -> None:
    case = cases["e09-prefixed-ids"]
    records = recorded(case["records"])
    check = CatalogCheck(recorded_catalog(records))
    check.read(records, formats_of(case["formats"]))
    [bought, _] = check.product_ids.figures()
    assert (bought["unknown"], bought["most_frequent"][0]["id"]) == (1, "wc_post_id_1953")
    proposed = check.recorded.with_aliases(check.proposals())
    run = Backtest(Policy.default(), formats=formats_of(case["formats"]))
    [decision] = run.run([*records, *proposed])
    assert [answer.product_id for answer in decision.suppressed] == ["1953"]


def test_times_in_seconds_are_dead_letters(cases: dict[str, dict[str, Any]]) -> None:
    run = Backtest(Policy.default())
    list(run.run(recorded(cases["e13-seconds-in-a-milliseconds-field"]["records"])))
    assert run.counts.dead == {"past_timestamp": 2}
