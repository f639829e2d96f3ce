"""What README says is so: its commands, examples, tables and figures."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import orjson
import pytest
import typer

from schemas import openapi
from schemas.adapters.formats import ADAPTERS, AUTO
from schemas.outputs import Decision, SuppressionList
from schemas.topics import TOPICS, Topic
from streams.cli import app
from streams.settings import NOT_SETTINGS, Settings, variable
from streams.suppression.policy import Policy
from streams.suppression.policy_document import DEFAULTS
from streams.suppression.words import REASONS
from tests.command_line import json_lines, run, start_process
from tests.conformance.rules import RULES
from tests.kafka.cluster import free_ports
from tests.recorded_data import recorded_data
from tests.served import Served
from tests.waiting import wait_until

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text()

DEMO = "python -m pip install '.[demo]' && unhaunt demo"
TEST = "python -m pip install -e '.[test]' && pytest -n 3"


def blocks(language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def table(first_column: str) -> list[list[str]]:
    """The rows of the table whose first column has this title, without backticks."""
    lines = README.splitlines()
    [start] = [n for n, line in enumerate(lines) if line.startswith(f"| {first_column} |")]
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows


def shell_lines() -> list[str]:
    """The lines that README tells people to type."""
    return [line for block in blocks("sh") for line in block.splitlines()]


def code() -> str:
    """All that README sets as code."""
    return "\n".join([*re.findall(r"`([^`\n]+)`", README), *shell_lines()])


# --- commands and settings -----------------------------------------------------------------------


@pytest.mark.parametrize("command", [DEMO, TEST])
def test_one_command_each_sets_up_and_runs_the_demo_and_the_tests(command: str) -> None:
    assert blocks("sh").count(f"{command}\n") == 1


def test_continuous_integration_runs_what_readme_tells_people_to_run() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text()
    steps = [shlex.split(line)[1:] for line in script.splitlines() if line.startswith("run ")]
    install, test = TEST.split(" && ")
    _, demo = DEMO.split(" && ")
    assert steps.count(shlex.split(test)) == 1
    assert steps[-1] == demo.split()
    [installing] = [step for step in steps if "install" in step]
    pinning = ("--quiet", "-c", "deploy/constraints.txt")
    assert [word for word in installing if word not in pinning] == shlex.split(install)


def leaves(name: str, group: typer.Typer) -> list[str]:
    """The full names of all commands below a group."""
    names = [
        f"{name} {command.name or command.callback.__name__}"
        for command in group.registered_commands
        if command.callback is not None
    ]
    for below in group.registered_groups:
        assert below.typer_instance is not None
        names += leaves(f"{name} {below.typer_instance.info.name}", below.typer_instance)
    return names


def test_the_table_of_commands_names_every_command_and_no_other() -> None:
    assert sorted(row[0] for row in table("command")) == sorted(leaves("unhaunt", app))


def test_every_command_that_is_mentioned_exists() -> None:
    known = {"unhaunt", *leaves("unhaunt", app)}
    mentioned = re.findall(
        r"\bunhaunt(?: (?:topics|schemas|formats|dead-letters|policy|import))? [a-z-]+", code()
    )
    assert set(mentioned) <= known


def test_every_option_that_is_mentioned_is_known_to_its_command() -> None:
    lines = [line for line in code().splitlines() if line.startswith("unhaunt ")]
    pairs = [
        (line.split(" -")[0].split(), option)
        for line in lines
        for option in re.findall(r" (--[a-z]+)", line)
    ]
    for words, option in pairs:
        command = (
            words[1:3] if words[1] in ("topics", "dead-letters", "policy", "import") else words[1:2]
        )
        known = re.findall(r"--[a-z]+", run(*command, "--help", COLUMNS="200").output)
        assert option in known, command


def test_every_benchmark_that_is_mentioned_exists() -> None:
    mentioned = re.findall(r"`python -m tests\.bench ([a-z_]+)", README)
    assert mentioned
    assert {(REPOSITORY / "tests" / "bench" / f"{name}.py").exists() for name in mentioned} == {
        True
    }


def test_every_setting_that_is_mentioned_exists() -> None:
    known = {variable(field.name) for field in msgspec.structs.fields(Settings)} | NOT_SETTINGS
    mentioned = set(re.findall(r"\bUNHAUNT_[A-Z_]+", README))
    assert mentioned
    assert mentioned <= known


# --- the contract --------------------------------------------------------------------------------


def test_the_table_of_topics_is_that_of_the_contract() -> None:
    def row(topic: Topic) -> list[str]:
        direction = f"{topic.direction}, optional" if topic.optional else topic.direction
        return [topic.name, topic.key or "as received", direction, topic.cleanup]

    assert [shown[:4] for shown in table("topic")] == [row(topic) for topic in TOPICS.values()]


def test_the_picture_shows_every_topic() -> None:
    [picture] = blocks("mermaid")
    assert set(TOPICS) <= set(re.findall(r"\[([a-z-]+)\]", picture))


@pytest.fixture
def first_recording(tmp_path: Path) -> Path:
    """The recording of the example."""
    [lines] = blocks("jsonl")
    path = tmp_path / "first.jsonl"
    path.write_text(lines)
    return path


def test_a_backtest_of_the_example_decides_as_shown(first_recording: Path) -> None:
    decision, _ = blocks("json")
    shown = orjson.loads(decision)
    assert json_lines(run("backtest", first_recording, "--decisions", "-").stdout) == [shown]
    assert "as_of" not in msgspec.to_builtins(msgspec.convert(shown, Decision))


def test_a_backtest_of_the_example_lists_as_shown(first_recording: Path) -> None:
    _, standing = blocks("json")
    shown = orjson.loads(standing)
    assert json_lines(run("backtest", first_recording, "--lists", "-").stdout) == [shown]
    assert msgspec.to_builtins(msgspec.convert(shown, SuppressionList)) == shown


def test_the_example_is_explained_as_shown(first_recording: Path) -> None:
    [shown] = [block for block in blocks("console") if block.startswith("$ unhaunt explain ")]
    command, *_ = shown.splitlines()
    arguments = [
        str(first_recording) if word == first_recording.name else word
        for word in shlex.split(command.removeprefix("$ unhaunt "))
    ]
    printed = run(*arguments, COLUMNS="100").stdout
    assert shown == f"{command}\n{printed}"


# --- other formats -------------------------------------------------------------------------------


def test_the_table_of_formats_names_every_format_and_no_other() -> None:
    assert [row[0] for row in table("format") if row[0]] == [*ADAPTERS, AUTO]


def test_a_backtest_of_segments_events_lists_as_shown(tmp_path: Path) -> None:
    [shown] = (block for block in blocks("console") if "segment.jsonl" in block)
    _, *lines, command, listed = shown.splitlines()
    recording = tmp_path / "segment.jsonl"
    recording.write_text("\n".join(lines))
    setting, _, *arguments = command.removeprefix("$ ").split()
    arguments = [str(recording) if word == recording.name else word for word in arguments]
    result = run(*arguments, **dict([setting.split("=", 1)]))
    assert result.stdout.splitlines() == [listed]


# --- for ad servers ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo_address() -> Iterator[str]:
    """Where the command that README begins with answers, on a port of its own."""
    [command] = [line for line in shell_lines() if "serve --demo" in line]
    program, *arguments = command.rpartition("&& ")[2].split()
    assert program == "unhaunt"
    [port] = free_ports(1)
    with start_process(*arguments, "--port", port) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: Served(address).is_ready, "an answer", 200)
            yield address
        finally:
            process.terminate()


@pytest.mark.parametrize("path", ["/v1/decide", "/v1/openrtb"])
def test_the_demo_is_asked_and_answers_as_shown(demo_address: str, path: str) -> None:
    [shown] = [b for b in blocks("console") if b.startswith("$ curl -d") and f"{path}\n" in b]
    command, answer = shown.splitlines()
    curl, _, body, url = shlex.split(command.removeprefix("$ "))
    assert (curl, url) == ("curl", f"http://127.0.0.1:8085{path}")
    got = Served(demo_address).post(path, body.encode()).body
    expected = orjson.loads(answer)
    for decision in (got, expected):
        decision.get("fresh", {}).pop("level_at", None)  # which is the time on the wall
    assert got == expected


def test_a_browser_finds_the_list_where_the_demo_says(demo_address: str) -> None:
    [path] = re.findall(r"`http://127\.0\.0\.1:8085(/v1/persons/\S+)`", README)
    assert Served(demo_address).get(path).body["entries"]


def test_the_paths_are_those_that_the_service_describes() -> None:
    shown = re.findall(r"(?:GET|POST) ([^`,\s]+)", " ".join(row[0] for row in table("path")))
    assert set(shown) - {"/openapi.json"} == openapi.document()["paths"].keys()


def test_what_the_python_example_imports_is_there() -> None:
    [example] = blocks("python")
    compile(example, "README.md", "exec")
    exec("\n".join(line for line in example.splitlines() if line.startswith("from ")))


def test_the_number_of_conformance_cases_is_right() -> None:
    cases = sum(len(rule.cases) for rule in RULES)
    assert f"with {cases} cases that show" in README


# --- the policy ----------------------------------------------------------------------------------


def test_the_acls_of_a_topic_are_printed_as_shown() -> None:
    [shown] = [block for block in blocks("console") if "unhaunt topics acls" in block]
    printed = run("topics", "acls", "--principal", "User:unhaunt").stdout.splitlines()
    assert shown.splitlines()[1:] == [line for line in printed if "purchases" in line]


def test_the_first_policy_is_valid_and_every_key_of_it_overrides_a_default() -> None:
    text = blocks("toml")[0]
    named = tomllib.loads(text)
    assert Policy.from_toml(text).version == named["version"]
    for section, values in named.items():
        if section != "version":
            assert DEFAULTS[section] != DEFAULTS[section] | values


def test_what_fails_by_default_by_an_old_copy_is_as_shown_and_the_example_changes_it() -> None:
    shown = {}
    for age, fails, reasons in table("of a copy that is"):
        seconds = int(age.removesuffix(" s old").replace(",", ""))
        stale = {"seconds": seconds, "fails": fails}
        shown |= dict.fromkeys(re.findall(r"\w+", reasons), stale)
    assert shown == DEFAULTS["stale"]
    Policy.from_toml(blocks("toml")[2])


def test_mistakes_in_a_policy_are_told_as_shown(tmp_path: Path) -> None:
    shown, _ = blocks("text")
    path = tmp_path / "policy.toml"
    path.write_text('[purchase]\nwindow_day = 90\n[consent]\nmode = "optin"\n')
    result = run("policy", "check", path)
    assert result.exit_code == 2
    assert result.stderr.replace(str(path), path.name) == shown


def test_the_reasons_stand_in_the_order_of_their_rank() -> None:
    assert [row[0] for row in table("reason")] == list(REASONS)


@pytest.mark.parametrize("reason", DEFAULTS["dismissal"])
def test_what_a_dismissal_covers_and_for_how_long_is_the_default(reason: str) -> None:
    rule = DEFAULTS["dismissal"][reason]
    length = f"{rule['days']} days" if rule["days"] else "until restored"
    if rule["price_drop"]:
        length += ", or for a better price"
    [row] = [row for row in table("reason") if row[0] == reason]
    assert row[1:] == ["a dismissal", rule["scope"], length]


@pytest.mark.parametrize(
    ("reason", "length"),
    [
        ("purchased", f"{DEFAULTS['purchase']['window_days']} days, or until it is used up"),
        (
            "frequency_cap",
            f"{DEFAULTS['frequency']['max']} shown in {DEFAULTS['frequency']['days']} days",
        ),
        ("followed_too_long", f"after {DEFAULTS['follow']['days']} days of interest"),
        ("too_soon", f"{DEFAULTS['quiet']['minutes']} minutes"),
    ],
)
def test_how_long_the_other_reasons_hold_is_the_default(reason: str, length: str) -> None:
    assert [row[3] for row in table("reason") if row[0] == reason] == [length]


def test_verifying_the_example_answers_as_shown(
    first_recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(first_recording.parent)
    made, failed = (block for block in blocks("console") if "unhaunt verify" in block)
    make_folder, copy, update, *written = made.splitlines()
    for line in (make_folder, copy):
        subprocess.run(line.removeprefix("$ "), shell=True, check=True)
    assert run(*update.split()[2:]).stdout.splitlines() == written
    Path("policy.toml").write_text('[purchase]\nscope = "product"\n')
    verify, *shown = failed.splitlines()
    result = run(*verify.split()[2:])
    assert [*result.stdout.splitlines(), *result.stderr.splitlines()] == shown


# --- links and figures ---------------------------------------------------------------------------


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", README))))
def test_a_link_leads_to_something_in_the_repository(link: str) -> None:
    assert (REPOSITORY / link).exists()


@pytest.fixture
def jdata(tmp_path: Path) -> Path:
    """JData, imported as README says."""
    recording = tmp_path / "jdata.jsonl.zst"
    [imported] = [line for line in shell_lines() if line.startswith("unhaunt import jdata ")]
    words = shlex.split(imported)[1:]
    given = [
        str(recorded_data(word.removeprefix("DATA/"))) if word.startswith("DATA/") else word
        for word in words
    ]
    run(*(str(recording) if word == recording.name else word for word in given))
    return recording


@pytest.mark.data
def test_the_figures_are_those_that_the_commands_print(jdata: Path) -> None:
    result = run("backtest", jdata)
    printed = [line.split() for line in result.stderr.splitlines()]
    _, figures = blocks("text")
    shown = [line.split() for line in figures.splitlines()]
    assert [line for line in printed if line in shown] == shown


@pytest.mark.data
def test_two_policies_differ_as_shown(jdata: Path, tmp_path: Path) -> None:
    (tmp_path / "now.toml").write_text(run("policy", "show").stdout)
    (tmp_path / "next.toml").write_text(blocks("toml")[1])
    [shown] = [block for block in blocks("console") if "--policy now.toml" in block]
    command, *lines = shown.splitlines()
    arguments = [
        str(tmp_path / word) if (tmp_path / word).exists() else word
        for word in shlex.split(command.removeprefix("$ unhaunt "))
    ]
    result = run(*arguments, COLUMNS="100")
    assert [line.rstrip() for line in result.stdout.splitlines()][: len(lines)] == lines


@pytest.mark.data
def test_a_report_says_what_is_shown(
    jdata: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [shown] = [block for block in blocks("console") if "unhaunt report" in block]
    command, *lines = shown.splitlines()
    assert run(*command.split()[2:]).stderr.splitlines() == lines
    assert Path(command.split()[-1]).exists()
