"""Times as people write and read them."""

import pytest

from streams.commands.times import milliseconds_of, utc
from streams.errors import UserError

NEW_YEAR = 1_767_225_600_000


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2026-01-01", NEW_YEAR),
        ("2026-01-01T00:00", NEW_YEAR),
        ("2026-01-01T01:00+01:00", NEW_YEAR),
        ("2026-01-01T00:00:00.007Z", NEW_YEAR + 7),
        ("1767225600000", NEW_YEAR),
        ("-1", -1),
        ("0001-01-01", -62_135_596_800_000),
    ],
)
def test_a_time_is_read_as_iso_or_as_epoch_milliseconds(text: str, milliseconds: int) -> None:
    assert milliseconds_of(text, "--at") == milliseconds


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "1" * 19, "2h"])
def test_what_is_no_time_is_a_mistake_that_names_the_option(text: str) -> None:
    with pytest.raises(UserError, match=r"^--at: expected an ISO time"):
        milliseconds_of(text, "--at")


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (NEW_YEAR, "2026-01-01 00:00:00 UTC"),
        (NEW_YEAR + 7, "2026-01-01 00:00:00.007 UTC"),
        (-1, "1969-12-31 23:59:59.999 UTC"),
        (2**63 - 1, "9223372036854775807 ms after 1970"),
    ],
)
def test_a_time_is_shown_with_its_time_zone(milliseconds: int, shown: str) -> None:
    assert utc(milliseconds) == shown
