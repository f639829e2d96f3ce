"""Running `unhaunt …` in tests: in this process, or in one of its own."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import typer
from typer.testing import CliRunner, Result

from streams.cli import COMMANDS, app, command

_REPOSITORY = Path(__file__).parents[1]
_START = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv[0] = 'unhaunt'
from streams.cli import main
main()
"""
"""Ctrl-C ends it, also where the tests ignore that since a script runs them in the background."""


@cache
def every_command() -> dict[str, Any]:
    """Each by what is typed after `unhaunt`: nothing, groups, and the commands in these."""
    found = {"": typer.main.get_command(app)}
    for name in COMMANDS:
        found[name] = command(name)
        for below, it in getattr(found[name], "commands", {}).items():
            found[f"{name} {below}"] = it
    return found


def run(*arguments: object, **environment: str) -> Result:
    """Run a command in this process, with no settings but these."""
    cleared: dict[str, str | None] = {name: None for name in os.environ if _is_setting(name)}
    return CliRunner().invoke(app, [*map(str, arguments)], env={**cleared, **environment})


def start_process(
    *arguments: object, stdin: int | None = None, **environment: str
) -> "subprocess.Popen[str]":
    """Start a command in a process of its own, with no settings but these."""
    inherited = {name: value for name, value in os.environ.items() if not _is_setting(name)}
    return subprocess.Popen(
        [sys.executable, "-c", _START, *map(str, arguments)],
        env={**inherited, "PYTHONPATH": str(_REPOSITORY), **environment},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_process(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a process of its own, with no settings but these."""
    with start_process(*arguments, **environment) as process:
        stdout, stderr = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def run_on(content: bytes, *arguments: object) -> "subprocess.CompletedProcess[bytes]":
    """Run a command in a process of its own, with no settings and this on its standard input."""
    inherited = {name: value for name, value in os.environ.items() if not _is_setting(name)}
    return subprocess.run(
        [sys.executable, "-c", _START, *map(str, arguments)],
        env={**inherited, "PYTHONPATH": str(_REPOSITORY)},
        input=content,
        capture_output=True,
        check=False,
        timeout=60,
    )


def _is_setting(name: str) -> bool:
    """Whether a variable changes what a command says: also the width that a terminal would have."""
    return name.startswith("UNHAUNT_") or name == "COLUMNS"


def write_recording(path: Path, *records: tuple[str, str, dict[str, Any] | None]) -> Path:
    """A recording of (topic, key, value), a second apart unless the value has a `ts`."""
    lines = (
        {
            "topic": topic,
            "key": key,
            "timestamp": 1_700_000_000_000 + 1_000 * number,
            "value": value,
        }
        for number, (topic, key, value) in enumerate(records)
    )
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return path


def json_lines(text: str | bytes) -> list[Any]:
    """What stands in the lines."""
    return [orjson.loads(line) for line in text.splitlines()]


def words(text: str) -> str:
    """The text with its lines joined, since tables and help are folded to the width there is."""
    return " ".join(text.split())
