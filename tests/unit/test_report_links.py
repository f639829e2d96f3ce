"""What links between ids add, in a report."""

from typing import Any

from tests.builders import HOUR, MINUTE, NOW, dismissal, purchase, request
from tests.linked import ids_of, linked, placed
from tests.reports import report

ACCOUNT, PHONE, LAPTOP = ids_of(2, "account", "phone", "laptop")
ONE_PERSON = (linked(PHONE, ACCOUNT), linked(LAPTOP, ACCOUNT))
BOUGHT = purchase("tv", user_id=PHONE, ts=NOW + MINUTE)


def links(*events: Any, slices: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = report(placed(*events), slices=slices)["links"]
    return found


def asked(request_id: str, user_id: str = LAPTOP, ts: int = NOW + HOUR) -> Any:
    return request("tv", "mug", request_id=request_id, user_id=user_id, ts=ts)


def test_an_ad_counts_that_only_another_id_spoke_against() -> None:
    found = links(*ONE_PERSON, BOUGHT, asked("r1"), asked("r2"), asked("r3", PHONE))
    assert (found["ads_stopped"], found["ids_spared"]) == (2, 1)
    assert found["reasons"] == [{"reason": "purchased", "stopped": 2}]


def test_the_time_is_that_from_the_event_on_the_other_id_to_the_first_ad_that_it_stops() -> None:
    found = links(*ONE_PERSON, BOUGHT, asked("r1"), asked("r2", ts=NOW + 9 * HOUR))
    assert found["median_seconds"] == (HOUR - MINUTE) // 1000


def test_what_the_id_itself_said_as_well_is_its_own() -> None:
    own = purchase("tv", user_id=LAPTOP, ts=NOW + MINUTE)
    assert links(*ONE_PERSON, BOUGHT, own, asked("r1"))["ads_stopped"] == 0


def test_statements_and_shares_are_counted() -> None:
    found = links(*ONE_PERSON, dismissal("not_interested", product_id="mug", user_id=PHONE))
    assert found["statements"] == 2
    assert found["shares"] >= 4


def test_without_statements_links_add_nothing() -> None:
    found = links(BOUGHT, asked("r1"))
    assert (found["statements"], found["shares"], found["ads_stopped"]) == (0, 0, 0)
