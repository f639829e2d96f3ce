"""Messages are sentences: counts agree with their nouns, no mark stands twice, no Python."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.wording import counted, sentence
from tests.command_line import run

ROOT = Path(__file__).parents[2]

COUNTED = {
    "ads", "bytes", "candidates", "cases", "events", "files", "ids", "lists", "partitions",
    "persons", "products", "records", "requests", "topics",
}  # fmt: skip

FOR_PEOPLE = ("commands", "dead_letters", "demo", "kafka", "recording")
"""The rooms whose messages count what the people at the command line have."""


def parts_of_messages(folder: Path) -> Iterator[tuple[str, ast.FormattedValue, str]]:
    """Where it is, what is put into an f-string, and the text behind it."""
    for path in sorted(folder.rglob("*.py")):
        for found in ast.walk(ast.parse(path.read_text())):
            if not isinstance(found, ast.JoinedStr):
                continue
            for part, after in zip(found.values, [*found.values[1:], None], strict=True):
                if isinstance(part, ast.FormattedValue):
                    text = after.value if isinstance(after, ast.Constant) else ""
                    where = f"{path.relative_to(ROOT)}:{part.lineno}"
                    yield where, part, str(text)


def test_a_count_agrees_with_its_noun() -> None:
    assert counted(0, "record") == "0 records"
    assert counted(1, "record") == "1 record"
    assert counted(2_000, "record") == "2,000 records"


@pytest.mark.parametrize("room", FOR_PEOPLE)
def test_no_message_has_a_plural_behind_a_number_that_may_be_one(room: str) -> None:
    for where, part, after in parts_of_messages(ROOT / "streams" / room):
        is_constant = isinstance(part.value, ast.Name) and part.value.id.isupper()
        noun = after.split()[0].strip(".,:;") if after[:1] == " " and after.split() else ""
        assert is_constant or noun not in COUNTED, f"{where}: write it with `counted`"


@pytest.mark.parametrize("package", ["schemas", "streams"])
def test_no_message_shows_a_value_as_python_writes_it(package: str) -> None:
    found = [
        where for where, part, _ in parts_of_messages(ROOT / package) if part.conversion == ord("r")
    ]
    of_a_repr, of_a_fault = "streams/settings/section.py", "streams/policy_file.py"
    assert {where.partition(":")[0] for where in found} <= {of_a_repr, of_a_fault}


@pytest.mark.parametrize(
    ("message", "ended"),
    [
        ("Did you mean it?.", "Did you mean it?"),
        ("Did you mean it?", "Did you mean it?"),
        ("Not there.", "Not there."),
        ("Not there", "Not there."),
    ],
)
def test_a_sentence_has_one_mark_at_its_end(message: str, ended: str) -> None:
    assert sentence(message) == ended


def test_a_misspelt_command_is_asked_about_with_one_mark() -> None:
    message = run("backtis").stderr
    assert "Did you mean 'backtest'? `unhaunt --help` explains." in message


def test_one_record_is_one_record(tmp_path: Path) -> None:
    made = tmp_path / "made.jsonl"
    assert "records" in run("simulate", "--persons", "1", "-o", made).stdout
    kept = made.read_bytes().splitlines(keepends=True)
    asked = next(line for line in kept if b'"impression-requests"' in line)
    made.write_bytes(asked)
    for name in ("now.toml", "next.toml"):
        (tmp_path / name).write_text(f'version = "{name}"')
    policies = ["--policy", tmp_path / "now.toml", "--policy", tmp_path / "next.toml"]
    assert "1 request in " in run("backtest", made, *policies).stderr
