"""What links between ids add, in a report."""

from typing import Any

from tests.builders import DAY, HOUR, MINUTE, NOW, dismissal, purchase, request
from tests.linked import ids_of, linked, placed, shares_of
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


# --- how long a share takes ----------------------------------------------------------------------


def test_shares_that_are_made_here_take_effect_at_once() -> None:
    found = links(*ONE_PERSON, BOUGHT, asked("r1"))
    assert (found["shares_recorded"], found["median_share_seconds"]) == (0, None)


def test_the_delay_of_a_recorded_share_is_that_from_the_event_to_the_other_id() -> None:
    said = placed(*ONE_PERSON, BOUGHT)
    shares = [{**each, "value": {**each["value"], "ts": NOW + HOUR}} for each in shares_of(said)]
    found = report([*said, *shares])["links"]
    assert found["shares_recorded"] == len(shares)
    assert found["median_share_seconds"] == (HOUR - MINUTE) // 1000


def test_what_an_id_has_with_its_link_is_no_delay() -> None:
    said = placed(linked(PHONE, ACCOUNT), BOUGHT, linked(LAPTOP, ACCOUNT, NOW + DAY))
    found = report([*said, *shares_of(said)])["links"]
    assert found["shares_recorded"] > 0
    assert found["median_share_seconds"] is None
