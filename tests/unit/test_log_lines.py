"""The log in lines: for people, or as JSON, one event one line."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streams.log_lines import JsonLines, TextLines
from tests.command_line import json_lines, run_process

REPOSITORY = Path(__file__).parents[2]


def record(message: str = "said", *fillings: object, error: Exception | None = None) -> Any:
    made = logging.LogRecord("streams.worker", logging.WARNING, "", 1, message, fillings, None)
    made.created = 1_700_000_000.25
    if error is not None:
        made.exc_info = (type(error), error, error.__traceback__)
    return made


def raised(message: str) -> Exception:
    """An error with a traceback."""
    try:
        raise ValueError(message)
    except ValueError as error:
        return error


def as_json(record: logging.LogRecord, speaker: str = "") -> dict[str, Any]:
    line = JsonLines(speaker).format(record)
    assert "\n" not in line
    return dict(json.loads(line))


def test_a_line_of_json_says_when_how_severe_who_and_what() -> None:
    assert as_json(record("%d partitions", 4)) == {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "warning",
        "logger": "streams.worker",
        "message": "4 partitions",
    }


def test_a_line_of_one_of_several_workers_says_whose_it_is() -> None:
    assert as_json(record(), "shop-1")["worker"] == "shop-1"
    assert "[shop-1] " in TextLines("shop-1").format(record())


def test_a_traceback_is_in_the_line_that_it_belongs_to() -> None:
    fields = as_json(record(error=raised("first\nsecond")))
    assert fields["exception"].startswith("Traceback")
    assert fields["exception"].endswith("ValueError: first\nsecond")


@pytest.mark.parametrize("message", ["two\nlines", "\u2028", "\udc80", '"quoted"', "größer"])
def test_whatever_is_said_is_one_line_of_json(message: str) -> None:
    assert as_json(record(message))["message"] == message


def test_a_message_for_people_cannot_look_like_two() -> None:
    assert TextLines("").format(record("policy %s", "one\nERROR forged")).count("\n") == 0


def test_a_traceback_for_people_stays_readable() -> None:
    text = TextLines("").format(record(error=raised("wrong")))
    assert text.splitlines()[1] == "Traceback (most recent call last):"


def log_of(program: str) -> list[dict[str, Any]]:
    """The lines of JSON that a program writes."""
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, check=False
    ).stderr
    return json_lines(output)


@pytest.mark.parametrize(
    "crash",
    [
        "raise ValueError('not caught')",
        "t = threading.Thread(target=int, args=('not caught',)); t.start(); t.join()",
        "warnings.warn('not caught')",
    ],
)
def test_what_nobody_has_caught_is_json_as_well(crash: str) -> None:
    begin = "import threading, warnings; from streams import logs; logs.set_up('info', 'json')"
    [line] = log_of(f"{begin}; {crash}")
    assert "not caught" in line["message"] + line.get("exception", "")


def test_what_goes_over_the_wire_is_said_at_no_level_since_secrets_and_records_are_in_it() -> None:
    begin = "import logging; from streams import logs; logs.set_up('debug', 'json')"
    statement = "logging.getLogger('aiokafka.{0}').debug('said by {0}')"
    program = "; ".join([begin, statement.format("client"), statement.format("conn")])
    assert [line["message"] for line in log_of(program)] == ["said by client"]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_worker_tells_a_mistake_in_the_form_of_its_log(processes: int) -> None:
    result = run_process(
        "worker", "--processes", processes, UNHAUNT_POLICY="absent.toml", UNHAUNT_LOG_FORMAT="json"
    )
    assert result.returncode == 2
    [line] = json_lines(result.stderr)
    assert line["message"] == "absent.toml: cannot be read: No such file or directory"
    assert line["level"] == "error"
