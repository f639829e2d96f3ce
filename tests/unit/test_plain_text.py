"""Whatever stands in ids, topics and versions, it cannot change how a terminal looks."""

import ast
import io
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.commands import files
from streams.commands.terminal import standard_output, table
from streams.log_lines import TextLines
from streams.plain_text import printable, printable_lines
from tests.command_line import run, write_recording

HOSTILE = "\x1b[2J\x9b31m\x07\r\u202eeil"
STREAMS = Path(files.__file__).parents[1]

MUG = {"product_id": f"mug{HOSTILE}", "brand": HOSTILE, "categories": [f"home{HOSTILE}"]}
PERSON = f"ann{HOSTILE}"
ORDER = {
    "event_id": f"e1{HOSTILE}",
    "event": "order_completed",
    "order_id": f"o1{HOSTILE}",
    "products": [MUG],
}
REQUEST = {"request_id": f"r1{HOSTILE}", "candidates": [MUG, {"product_id": HOSTILE}]}
POLICY = f"""version = "{HOSTILE.encode("unicode_escape").decode().replace("x", "u00")}"
[purchase]
window_days = 1
"""


def is_harmless(text: str) -> bool:
    return all(character.isprintable() or character == "\n" for character in text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / f"folder{HOSTILE}"
    folder.mkdir()
    write_recording(
        folder / "recording.jsonl",
        ("purchases", PERSON, ORDER),
        ("impression-requests", PERSON, REQUEST),
        (f"clicks{HOSTILE}", PERSON, {}),
        ("purchases", PERSON, {"event": HOSTILE}),
    )
    (folder / "strict.toml").write_text(POLICY)
    (folder / "wrong.toml").write_text(f'"{POLICY.split(chr(34))[1]}" = 1')
    (folder / "default.toml").write_text('version = "default"')
    (folder / "key").write_text("k" * 64)
    (folder / "broken.jsonl").write_text("{" + HOSTILE)
    return folder


COMMANDS: dict[str, tuple[str, ...]] = {
    "a backtest": ("backtest", "recording.jsonl", "--policy", "strict.toml"),
    "a comparison": (
        *("backtest", "recording.jsonl", "--policy", "default.toml", "--policy", "strict.toml"),
    ),
    "an explanation": ("explain", "recording.jsonl", "--user", PERSON, "--policy", "strict.toml"),
    "an explanation of nobody": ("explain", "recording.jsonl", "--user", HOSTILE),
    "a case": ("verify", ".", "--policy", "strict.toml"),
    "an anonymised recording": (
        "anonymise",
        "recording.jsonl",
        "-o",
        "made.jsonl",
        "--key-file",
        "key",
    ),
    "a report": ("report", "recording.jsonl", "--json", "made.json"),
    "a policy": ("policy", "check", "strict.toml"),
    "a wrong policy": ("policy", "check", "wrong.toml"),
    "a broken recording": ("backtest", "broken.jsonl"),
    "an import": ("import", "datacratic", "broken.jsonl", "-o", "made.jsonl"),
    "a file that is not there": ("backtest", f"{HOSTILE}.jsonl"),
    "an option that is none": ("backtest", f"--{HOSTILE}"),
    "a command that is none": (HOSTILE,),
    "a setting that is none": ("settings",),
}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_what_a_command_shows_is_plain_text(folder: Path, arguments: tuple[str, ...]) -> None:
    arguments = tuple(
        str(folder / each) if "." in each or each == "key" else each for each in arguments
    )
    wrong = {"UNHAUNT_" + HOSTILE: "1"} if arguments == ("settings",) else {}
    result = run(*arguments, **wrong)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert is_harmless(result.stdout)
    assert is_harmless(result.stderr)
    assert "[2J" in result.output, "what would do harm was not shown at all"


def test_a_case_that_fails_shows_its_differences_as_plain_text(folder: Path) -> None:
    assert run("verify", folder, "--update", "--policy", folder / "default.toml").exit_code == 0
    result = run("verify", folder, "--policy", folder / "strict.toml")
    assert result.exit_code == 1
    assert is_harmless(result.output)
    assert "FAILED" in result.output


def test_nothing_prints_but_what_escapes() -> None:
    """`print_plain`, the consoles of terminal.py, and what writes files."""
    exempt = {STREAMS / "plain_text.py", STREAMS / "commands" / "terminal.py"}
    for path in set(STREAMS.rglob("*.py")) - exempt:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("print", "Console", "typer.echo", "typer.secho"), path
                assert called not in ("sys.stdout.write", "sys.stderr.write"), path


class Terminal(io.TextIOWrapper):
    """A terminal that keeps what it is shown."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), "utf-8", newline="")

    def isatty(self) -> bool:
        return True

    def shown(self) -> str:
        self.flush()
        content: bytes = self.buffer.getvalue()  # type: ignore[attr-defined]
        return content.decode()


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    return terminal


def test_data_on_a_terminal_is_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with files.whole_file(files.STANDARD_OUTPUT) as write:
        write(f'"{HOSTILE}"\n'.encode() + b"\xff")
    assert is_harmless(terminal.shown())
    assert terminal.shown().startswith('"\\x1b[2J')


def test_data_that_goes_elsewhere_keeps_its_bytes(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    with files.whole_file(files.STANDARD_OUTPUT) as write:
        write(HOSTILE.encode())
    assert capfdbinary.readouterr().out == HOSTILE.encode()


def test_cells_headers_and_lines_are_escaped_and_emoji_left_as_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = on_terminal(monkeypatch)
    made = table(HOSTILE, numbers=())
    made.add_row(f"{HOSTILE} :smile: [red]")
    console = standard_output()
    console.no_color = True
    console.print(made)
    console.print(HOSTILE)
    shown = terminal.shown().replace("\x1b[1m", "").replace("\x1b[0m", "")  # of the bold header
    assert is_harmless(shown)
    assert ":smile: [red]" in shown


def failing(message: str) -> Callable[[], None]:
    def fail() -> None:
        raise ValueError(message)

    return fail


def test_a_line_of_the_log_is_plain_text_its_traceback_too() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TextLines(""))
    logger = logging.Logger("a logger")
    logger.addHandler(handler)
    try:
        failing(HOSTILE)()
    except ValueError:
        logger.exception("it failed: %s", HOSTILE)
    assert is_harmless(stream.getvalue())
    assert stream.getvalue().count("\\x1b[2J") == 2


@pytest.mark.parametrize("text", ["plain", "größer", "猫", "😀", "a\\b", ""])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_lines_remain_lines() -> None:
    assert printable_lines("a\nb\tc\n") == "a\nb\\tc\n"
