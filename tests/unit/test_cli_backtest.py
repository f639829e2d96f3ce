"""`unhaunt backtest`."""

import json
import os
from pathlib import Path

import pytest

from tests.command_line import json_lines, run, run_process, words, write_recording

ORDER = {"event_id": "e1", "event": "order_completed", "order_id": "o1",
         "products": [{"product_id": "p1"}]}  # fmt: skip
REQUEST = {"request_id": "r1", "candidates": [{"product_id": "p1"}, {"product_id": "p2"}]}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_recording(
        tmp_path / "recording.jsonl",
        ("purchases", "u1", ORDER),
        ("purchases", "u1", {"event_id": "e2"}),
        ("weather", "u1", {}),
        ("impression-requests", "u1", REQUEST),
        ("impression-requests", "u2", {**REQUEST, "request_id": "r2"}),
    )


def test_decisions_are_json_lines_in_the_order_of_the_requests(
    recording: Path, tmp_path: Path
) -> None:
    written = tmp_path / "decisions.jsonl"
    assert run("backtest", recording, "--decisions", written).exit_code == 0
    first, second = json_lines(written.read_bytes())
    assert (first["request_id"], first["allowed"]) == ("r1", ["p2"])
    assert [answer["because"] for answer in first["suppressed"]] == [["e1"]]
    assert (second["request_id"], second["allowed"]) == ("r2", ["p1", "p2"])
    assert "as_of" not in first


def test_lists_are_those_of_every_person_with_evidence(recording: Path, tmp_path: Path) -> None:
    written = tmp_path / "lists.jsonl"
    assert run("backtest", recording, "--lists", written).exit_code == 0
    [suppressions] = json_lines(written.read_bytes())
    assert suppressions["user_id"] == "u1"
    assert [entry["reason"] for entry in suppressions["entries"]] == ["purchased"]


def test_a_dash_writes_to_standard_output_and_nothing_else_goes_there(recording: Path) -> None:
    result = run("backtest", recording, "--decisions", "-")
    assert [decision["request_id"] for decision in json_lines(result.stdout)] == ["r1", "r2"]


@pytest.mark.parametrize("option", ["--decisions", "--lists", "--json"])
def test_the_summary_makes_way_on_standard_output_for_what_is_written_there(
    recording: Path, option: str
) -> None:
    result = run("backtest", recording, option, "-")
    assert "Candidates 4" in words(result.stderr)
    assert "Candidates" not in result.stdout
    result = run("backtest", recording, option, os.devnull)
    assert "Candidates 4" in words(result.stdout)
    assert result.stderr == ""


def test_the_figures_of_one_policy_are_to_be_had_as_json(recording: Path) -> None:
    figures = json.loads(run("backtest", recording, "--json", "-").stdout)
    assert figures["policy"] == "default"
    assert figures["records"] == {"purchases": 2, "impression-requests": 2}
    assert (figures["joined"], figures["decided"]) == (1, 2)
    assert (figures["dead"], figures["ignored"]) == ({"missing_field": 1}, {"weather": 1})
    assert (figures["candidates"], figures["allowed"]) == (4, 3)
    assert figures["suppressed"] == {"purchased": 1}
    assert figures["lists"] == {"persons": 1, "current": 1, "entries": 1}
    assert figures["followed"]["ordered"]["stopped"] == 1


def test_the_summary_accounts_for_every_record(recording: Path) -> None:
    summary = words(run("backtest", recording).stdout)
    for count in (
        "Records 5",
        "joined as evidence 1",
        "decided 2",
        "dead: missing_field 1",
        "ignored: topic weather 1",
        "Requests 2",
        "Candidates 4",
        "allowed 3",
        "suppressed 1 purchased 1",
        "Persons with evidence 1",
    ):
        assert count in summary


def test_the_summary_counts_events_with_the_id_of_one_with_other_content(tmp_path: Path) -> None:
    other = {**ORDER, "products": [{"product_id": "p9"}]}
    path = write_recording(
        tmp_path / "r.jsonl", ("purchases", "u1", ORDER), ("purchases", "u1", other)
    )
    summary = words(run("backtest", path).stdout)
    assert "id of an event with other content: purchases 1" in summary


def test_a_topic_of_the_processors_own_is_no_input(tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "recording.jsonl", ("rerouted", "u1", ORDER))
    result = run("backtest", recording)
    assert result.exit_code == 0
    assert "ignored: topic rerouted 1" in words(result.stdout)


def test_the_summary_says_how_many_ads_would_have_followed_people(recording: Path) -> None:
    summary = run("backtest", recording).stdout
    assert "the person had ordered, variants too: 1, of these 1 stopped (100.00 %)." in summary
    assert "the person had removed from the cart, variants too: 0." in summary


def test_the_policy_is_that_of_the_option_or_else_that_of_the_environment(
    recording: Path, tmp_path: Path
) -> None:
    named, given = tmp_path / "named.toml", tmp_path / "given.toml"
    named.write_text('version = "named"')
    given.write_text('version = "given"')
    result = run("backtest", recording, "--decisions", "-", UNHAUNT_POLICY=str(named))
    assert json_lines(result.stdout)[0]["policy"] == "named"
    result = run(
        "backtest", recording, "--decisions", "-", "--policy", given, UNHAUNT_POLICY=str(named)
    )
    assert json_lines(result.stdout)[0]["policy"] == "given"


def test_a_run_that_fails_leaves_no_half_file_and_keeps_the_old_one(
    recording: Path, tmp_path: Path
) -> None:
    written = tmp_path / "decisions.jsonl"
    written.write_text("old")
    result = run(
        "backtest", recording, tmp_path / "absent.jsonl", "--decisions", written, "--force"
    )
    assert result.exit_code == 2
    assert written.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == sorted([recording, written])


def test_two_outputs_cannot_share_standard_output(recording: Path) -> None:
    result = run("backtest", recording, "--decisions", "-", "--lists", "-")
    assert result.exit_code == 2
    assert "standard output" in result.stderr


@pytest.mark.parametrize("option", ["--decisions", "--lists"])
def test_a_recording_is_not_written_over(recording: Path, option: str) -> None:
    before = recording.read_bytes()
    result = run("backtest", recording, option, recording)
    assert result.exit_code == 2
    assert str(recording) in result.stderr
    assert recording.read_bytes() == before


def test_decisions_and_lists_do_not_go_to_one_file(recording: Path, tmp_path: Path) -> None:
    both = tmp_path / "both.jsonl"
    assert run("backtest", recording, "--decisions", both, "--lists", both).exit_code == 2
    assert not both.exists()


def test_devices_can_be_written_to(recording: Path) -> None:
    result = run("backtest", recording, "--decisions", os.devnull, "--lists", os.devnull)
    assert result.exit_code == 0
    assert not Path(os.devnull).is_file()


def test_recordings_are_said_to_be_empty_when_all_of_them_are(
    recording: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n")
    assert f"{empty}: empty" in run("backtest", empty).stderr
    assert f"{empty}: empty" in run("report", empty, "--json", "-").stderr
    assert run("backtest", empty, recording).stderr == ""


def test_an_empty_policy_is_said_to_be_empty(recording: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.toml"
    empty.touch()
    remark = f"{empty}; it is empty, so the defaults hold"
    assert remark in run("backtest", recording, "--policy", empty).stdout
    compared = run("backtest", recording, "--policy", empty, "--policy", empty)
    assert f"{empty} is empty" in compared.stderr
    assert f"{empty} is empty" in run("policy", "check", empty).stdout


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    recording = tmp_path / "recording.jsonl"
    recording.write_text("{}\n")
    result = run("backtest", recording)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{recording}, line 1: ")


def test_a_file_that_cannot_be_written_is_named(recording: Path, tmp_path: Path) -> None:
    written = tmp_path / "absent" / "decisions.jsonl"
    result = run_process("backtest", recording, "--decisions", written)
    assert result.returncode == 2
    assert result.stderr == f"{written}: cannot be written: No such file or directory\n"


# --- several processes ---------------------------------------------------------------------------


def many(tmp_path: Path) -> Path:
    """A recording of several persons."""
    return write_recording(
        tmp_path / "many.jsonl",
        *(("purchases", f"u{n}", {**ORDER, "event_id": f"e{n}"}) for n in range(20)),
        *(("impression-requests", f"u{n}", {**REQUEST, "request_id": f"r{n}"}) for n in range(20)),
        ("purchases", "u1", {"event_id": "e99"}),
    )


def test_several_processes_write_what_one_writes(tmp_path: Path) -> None:
    recording = many(tmp_path)
    written: list[list[bytes]] = []
    for processes in (1, 3):
        files = [tmp_path / f"{name}-{processes}" for name in ("decisions", "lists")]
        arguments = ["--processes", processes, "--decisions", files[0], "--lists", files[1]]
        result = run("backtest", recording, *arguments)
        assert result.exit_code == 0
        assert "suppressed 20 purchased 20" in words(result.stdout)
        assert "dead: missing_field 1" in words(result.stdout)
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]


def test_a_mistake_in_the_recording_is_told_once_by_several_processes(tmp_path: Path) -> None:
    recording = tmp_path / "broken.jsonl"
    recording.write_text('{"topic": 1}\n')
    result = run_process("backtest", recording, "--processes", 2)
    assert result.returncode == 2
    assert result.stderr.count("line 1") == 1
    assert "Traceback" not in result.stderr


# --- several policies ----------------------------------------------------------------------------


@pytest.fixture
def policies(tmp_path: Path) -> tuple[Path, Path]:
    """One that holds an order for a day, and one that holds it for less than a second."""
    files = tmp_path / "now.toml", tmp_path / "next.toml"
    files[0].write_text('version = "now"\n[purchase]\nwindow_days = 1\n')
    files[1].write_text('version = "next"\n[purchase]\nwindow_days = 0.00001\n')
    return files


def test_two_policies_are_compared_candidate_by_candidate(
    recording: Path, policies: tuple[Path, Path]
) -> None:
    now, later = policies
    result = run("backtest", recording, "--policy", now, "--policy", later)
    assert result.exit_code == 0
    output = words(result.stdout)
    assert "candidates now next allowed 3 4 purchased 1 0" in output
    assert "1 of 4 candidates gets another answer, in 1 of 2 requests, of 1 person." in output
    assert "Shown again: 1" in output
    assert "purchased allowed 1 p1 to u1" in output


def test_a_comparison_is_to_be_had_as_json(recording: Path, policies: tuple[Path, Path]) -> None:
    now, later = policies
    result = run("backtest", recording, "--policy", later, "--policy", now, "--json", "-")
    [changes] = json.loads(result.stdout)["changes"]
    [change] = changes["candidates"]
    assert (change["before"], change["after"], change["count"]) == ("allowed", "purchased", 1)
    [example] = change["examples"]
    assert (example["request_id"], example["user_id"], example["product_id"]) == ("r1", "u1", "p1")
    assert changes["by_person"] == {"u1": 1}
    assert changes["shown_no_more_by_category"] == {"": 1}


def test_policies_that_say_the_same_change_nothing(
    recording: Path, policies: tuple[Path, Path]
) -> None:
    result = run("backtest", recording, "--policy", policies[0], "--policy", policies[0])
    assert "Nothing changes." in result.stdout


def test_policies_of_one_version_are_told_apart_by_their_files(
    recording: Path, policies: tuple[Path, Path]
) -> None:
    other = policies[0].with_name("other.toml")
    other.write_bytes(policies[0].read_bytes())
    arguments = ["--policy", policies[0], "--policy", other]
    output = run("backtest", recording, *arguments, COLUMNS="1000").stdout
    assert f"From now ({policies[0]}) to now ({other}):" in output


def test_policies_that_read_other_statements_are_not_compared(
    recording: Path, policies: tuple[Path, Path]
) -> None:
    policies[1].write_text('[identity]\nblocked = ["u1"]\n')
    result = run("backtest", recording, "--policy", policies[0], "--policy", policies[1])
    assert result.exit_code == 2
    assert result.stderr.startswith("identity.blocked: expected the same in all policies that are")
    assert "run the policies one by one" in words(result.stderr)


def test_what_belongs_to_one_policy_is_refused_beside_a_comparison(
    recording: Path, policies: tuple[Path, Path]
) -> None:
    arguments = ["--policy", policies[0], "--policy", policies[1], "--decisions", "-"]
    result = run_process("backtest", recording, *arguments)
    assert result.returncode == 2
    assert "run the policies one by one" in result.stderr
