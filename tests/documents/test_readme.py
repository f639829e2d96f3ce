"""README: its two commands, its example and its picture are as the program has them."""

import re
import shlex
from pathlib import Path

import msgspec
import orjson
import pytest

from schemas.outputs import Decision, SuppressionList, to_json
from schemas.topics import TOPICS
from tests.command_line import json_lines, run
from tests.documents.example import first_recording
from tests.documents.pages import REPOSITORY, Page

README = Page("README.md")

DEMO = "python -m pip install '.[demo]' && unhaunt demo"
TEST = "python -m pip install -e '.[test]' && pytest -n 4"


@pytest.mark.parametrize("command", [DEMO, TEST])
def test_one_command_each_sets_up_and_runs_the_demo_and_the_tests(command: str) -> None:
    assert README.blocks("sh").count(f"{command}\n") == 1


@pytest.mark.parametrize(
    ("path", "command"), [("streams/demo/README.md", DEMO), ("tests/README.md", TEST)]
)
def test_the_page_that_explains_a_command_has_the_same(path: str, command: str) -> None:
    assert Page(path).blocks("sh").count(f"{command}\n") == 1


def steps_of_continuous_integration() -> list[list[str]]:
    """What its script runs, and which variables it exports on the way."""
    script = (REPOSITORY / ".ci" / "run").read_text()
    lines = [line for line in script.splitlines() if line.startswith(("run ", "export "))]
    return [shlex.split(line.removeprefix("run ")) for line in lines]


def test_continuous_integration_runs_what_readme_tells_people_to_run() -> None:
    steps = steps_of_continuous_integration()
    install, test = TEST.split(" && ")
    _, demo = DEMO.split(" && ")
    assert steps.count(shlex.split(test)) == 1
    assert steps[-1] == demo.split()
    installing, _ = [step for step in steps if "install" in step]
    pinning = ("--quiet", "-c", "deploy/constraints.txt")
    assert [word for word in installing if word not in pinning] == shlex.split(install)


def test_continuous_integration_tests_all_that_is_compiled_and_the_domain_interpreted_too() -> None:
    steps = steps_of_continuous_integration()
    compiled = next(at for at, step in enumerate(steps) if "UNHAUNT_COMPILE=1" in step)
    interpreted = shlex.split("pytest -n 4 tests/unit tests/property tests/golden")
    assert steps[:compiled].count(interpreted) == 1
    installing = shlex.split("python -m pip install --quiet --no-deps -e .")
    assert steps[compiled + 1] == installing
    assert shlex.split("pytest -n 4") in steps[compiled:]


def test_the_picture_shows_every_topic() -> None:
    [picture] = README.blocks("mermaid")
    assert set(TOPICS) <= set(re.findall(r"\[([a-z-]+)\]", picture))


def test_a_backtest_of_the_example_decides_as_shown(tmp_path: Path) -> None:
    decision, _ = README.blocks("json")
    shown = orjson.loads(decision)
    recording = first_recording(tmp_path)
    assert json_lines(run("backtest", recording, "--decisions", "-").stdout) == [shown]
    assert "as_of" not in msgspec.to_builtins(msgspec.convert(shown, Decision))


def test_the_summary_of_the_example_counts_the_variant_of_what_was_bought(tmp_path: Path) -> None:
    summary = run("backtest", first_recording(tmp_path)).stdout
    assert "had ordered, variants too: 1, of these 1 stopped" in summary


def test_a_backtest_of_the_example_lists_as_shown(tmp_path: Path) -> None:
    _, listed = README.blocks("json")
    shown = orjson.loads(listed)
    assert json_lines(run("backtest", first_recording(tmp_path), "--lists", "-").stdout) == [shown]
    assert orjson.loads(to_json(msgspec.convert(shown, SuppressionList))) == shown
