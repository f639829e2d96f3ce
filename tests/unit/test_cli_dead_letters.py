"""What `unhaunt dead-letters …` makes of its arguments, before it asks a broker."""

import io

import pytest

from streams.commands.dead_letter_views import escaped, iso
from streams.commands.dead_letters import is_wanted, milliseconds
from tests.command_line import run

NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - 90_000),
        ("30m", NOW - 1_800_000),
        ("2h", NOW - 7_200_000),
        ("7d", NOW - 604_800_000),
        ("2023-11-14T22:13:20", NOW),
        ("2023-11-14T22:13:20Z", NOW),
        ("2023-11-14T23:13:20+01:00", NOW),
        ("2023-11-14", NOW - 80_000_000),
    ],
)
def test_a_time_is_how_long_ago_or_an_iso_time_in_utc_unless_it_says_otherwise(
    text: str, expected: int
) -> None:
    assert milliseconds(text, NOW / 1000) == expected


def test_a_time_that_was_shown_can_be_asked_for() -> None:
    assert milliseconds(iso(NOW), 0) == NOW


def test_a_time_that_no_calendar_has_is_shown_as_the_number_that_it_is() -> None:
    assert iso(2**63 - 1) == str(2**63 - 1)


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"plain", "plain"),
        ("grün\n".encode(), "grün\n"),
        (b"\xff", r"b'\xff'"),
        (b"\x1b[2J", r"b'\x1b[2J'"),
        ("\u202e".encode(), r"b'\xe2\x80\xae'"),
        (b"", ""),
        (None, "none"),
    ],
)
def test_what_could_change_how_a_terminal_looks_is_escaped(
    content: bytes | None, shown: str
) -> None:
    assert escaped(content) == shown


class Terminal(io.StringIO):
    """A person at the keyboard."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answer", "wanted"), [("y\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_only_a_yes_lets_letters_be_sent(
    answer: str, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert is_wanted(3) is wanted


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("list", "--error", "broken"), "--error: expected one of future_timestamp,"),
        (("list", "--topic", "decisions"), "--topic: expected one of catalog,"),
        (("list", "--since", "yesterday"), "--since: expected an ISO time"),
        (("list", "--limit", "-1"), "Invalid value for '--limit'"),
        (("show", "17"), "17: expected the place of a dead letter, PARTITION/OFFSET"),
        (("replay", "--error", "broken"), "--error: expected one of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_argument_that_does_not_fit_is_said_to_be_so_in_one_line(
    arguments: tuple[str, ...], message: str
) -> None:
    result = run("dead-letters", *arguments, UNHAUNT_BROKERS="127.0.0.1:1")
    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert len(result.stderr.splitlines()) == 1
