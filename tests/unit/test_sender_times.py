"""Times as senders write them, measured by the record's own."""

import pytest

from schemas.adapters.times import MICROSECONDS, MILLISECONDS, SECONDS, Unit, moment_of
from tests.builders import DAY, NOW

YEAR = 365 * DAY


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (NOW, MILLISECONDS),
        (str(NOW), MILLISECONDS),
        (NOW // 1000, SECONDS),
        (NOW / 1000, SECONDS),
        (NOW * 1000, MICROSECONDS),
        ("2023-11-14T22:13:20Z", SECONDS),
        ("2023-11-14 22:13:20 UTC", MILLISECONDS),
        ("2023-11-14T23:13:20+01:00", MICROSECONDS),
        ("2023-11-14T22:13:20", MILLISECONDS),
    ],
)
def test_a_time_in_the_unit_of_its_field_or_in_iso_is_as_written(value: object, unit: Unit) -> None:
    assert moment_of(value, unit, NOW) == (NOW, True)


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (NOW, SECONDS),
        (NOW // 1000, MILLISECONDS),
        (NOW // 1000, MICROSECONDS),
        (NOW * 1000, SECONDS),
        (NOW * 1_000_000, MILLISECONDS),
        (str(NOW), SECONDS),
        ("1970-01-20T16:13:20Z", MILLISECONDS),
    ],
)
def test_a_time_in_another_unit_is_known_by_its_digits(value: object, unit: Unit) -> None:
    assert moment_of(value, unit, NOW) == (NOW, False)


@pytest.mark.parametrize(
    "value",
    [
        NOW + DAY + 1,
        NOW - 11 * YEAR,
        0,
        -NOW,
        1e300,
        "2033-01-01T00:00:00Z",
        "1999-12-31",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "yesterday",
        "",
        True,
        None,
        {},
        [NOW],
    ],
)
def test_what_is_implausible_or_no_time_is_not_read(value: object) -> None:
    assert moment_of(value, MILLISECONDS, NOW) is None


@pytest.mark.parametrize("ms", [NOW + DAY, NOW - 3653 * DAY])
def test_a_day_ahead_and_ten_years_back_are_just_plausible(ms: int) -> None:
    assert moment_of(ms, MILLISECONDS, NOW) == (ms, True)
