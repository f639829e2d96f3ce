"""Numbers and times as a report says them."""

import pytest

from streams.recording.report import words

DAY = 86_400


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.5, "50.0 %"),
        (0.99924, "99.9 %"),
        (0.9999, "over 99.9 %"),
        (1, "100.0 %"),
        (0.0001, "under 0.1 %"),
        (0, "0.0 %"),
        (None, "-"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share: float | None, text: str) -> None:
    assert words.percent(share).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "under a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (192, "3 minutes 12 seconds"),
        (3 * 3600 + 5, "3 hours"),
        (3 * 3600 + 300, "3 hours 5 minutes"),
        (23 * 3600 + 300, "23 hours"),
        (40 * DAY, "40 days"),
        (None, "-"),
    ],
)
def test_a_length_of_time_is_told_in_units_that_fit_it(seconds: int | None, text: str) -> None:
    assert words.length(seconds) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0, 60, "under 1 minute"),
        (60, 600, "1 to 10 minutes"),
        (3600, 21_600, "1 to 6 hours"),
        (21_600, DAY, "6 to 24 hours"),
        (DAY, 7 * DAY, "1 to 7 days"),
        (30 * DAY, None, "30 days or more"),
    ],
)
def test_a_range_is_told_in_one_unit(low: int, high: int | None, text: str) -> None:
    assert words.between(low, high) == text


def test_one_is_said_in_the_singular() -> None:
    assert (words.count(1, "ad"), words.count(0, "ad")) == ("1 ad", "0 ads")
    assert words.count(12_345, "ad") == "12,345 ads"


def test_times_are_in_utc() -> None:
    assert words.moment(1_700_000_000_000) == "2023-11-14 22:13"
    assert words.day(1_700_000_000_000) == "2023-11-14"


def test_a_time_that_no_calendar_has_is_told_in_milliseconds() -> None:
    assert words.day(2**63 - 1) == "9,223,372,036,854,775,807 ms"


def test_a_name_is_cut_where_it_is_long_and_replaced_where_there_is_none() -> None:
    assert words.named("n" * 61) == "n" * 59 + "…"
    assert words.named("n" * 60) == "n" * 60
    assert (words.named(None), words.named(" ")) == ("not stated", "blank")


def test_a_name_keeps_its_letters_but_not_what_cannot_be_drawn() -> None:
    assert words.named("Müller 東京 नेपाल 👟") == "Müller 東京 नेपाल 👟"
    assert words.named("a\0b\x1bc\u202ed\uffff") == "a\ufffdb\ufffdc\ufffdd\ufffd"
