"""`unhaunt verify`."""

import shutil
from pathlib import Path

import pytest
import zstandard

from tests.command_line import json_lines, run, write_recording

TV = {"product_id": "tv", "item_group_id": "tvs"}
ORDER = {"event_id": "e1", "event": "order_completed", "order_id": "o1", "products": [TV]}
REQUEST = {"request_id": "r1", "candidates": [TV, {"product_id": "mug"}]}
FOR_A_DAY = "[purchase]\nwindow_days = 1\n"


def make_case(folder: Path, policy: str = "") -> Path:
    """A case of which nothing is expected yet."""
    folder.mkdir(parents=True)
    write_recording(
        folder / "recording.jsonl",
        ("purchases", "ann", ORDER),
        ("impression-requests", "ann", REQUEST),
    )
    if policy:
        (folder / "policy.toml").write_text(policy)
    return folder


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A folder with two cases that come out as expected."""
    folder = tmp_path / "cases"
    make_case(folder / "an-order-holds")
    make_case(folder / "orders" / "an-order-holds-for-a-day", FOR_A_DAY)
    assert run("verify", folder, "--update").exit_code == 0
    return folder


def test_a_line_says_of_each_case_that_it_comes_out_as_expected(cases: Path) -> None:
    result = run("verify", cases)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["ok", "an-order-holds", "1", "decision,", "1", "list"],
        ["ok", "orders/an-order-holds-for-a-day", "1", "decision,", "1", "list"],
    ]


def test_a_case_that_comes_out_otherwise_fails_and_is_shown(cases: Path) -> None:
    (cases / "an-order-holds" / "policy.toml").write_text(FOR_A_DAY)
    result = run("verify", cases)
    assert result.exit_code == 1
    first, second, empty, *shown = result.stdout.splitlines()
    assert first.split()[:2] == ["FAILED", "an-order-holds"]
    assert first.endswith("1 decision, 1 list: 2 differences")
    assert second.split()[:2] == ["ok", "orders/an-order-holds-for-a-day"]
    assert empty == ""
    assert shown == [
        "an-order-holds",
        "  request r1 of ann, 2023-11-14 22:13:21",
        "    tv",
        "      expected  suppressed: purchased, group tvs, since 2023-11-14 22:13:20 until "
        "2024-05-12 22:13:20, because of e1",
        "      got       suppressed: purchased, group tvs, since 2023-11-14 22:13:20 until "
        "2023-11-15 22:13:20, because of e1",
        "  list of ann",
        "    group tvs",
        "      expected  purchased, since 2023-11-14 22:13:20 until 2024-05-12 22:13:20, "
        "because of e1",
        "      got       purchased, since 2023-11-14 22:13:20 until 2023-11-15 22:13:20, "
        "because of e1",
    ]
    assert result.stderr.startswith("1 of 2 cases failed. ")


def test_a_case_may_be_named_by_itself(cases: Path) -> None:
    result = run("verify", cases / "an-order-holds")
    assert result.exit_code == 0
    assert result.stdout.split()[:2] == ["ok", "an-order-holds"]


def test_a_case_without_a_policy_of_its_own_takes_the_one_that_is_given(
    cases: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "shop.toml"
    policy.write_text("[purchase]\nwindow_days = 2\n")
    for result in (
        run("verify", cases, "--policy", policy),
        run("verify", cases, UNHAUNT_POLICY=str(policy)),
    ):
        assert result.exit_code == 1
        assert [line.split()[0] for line in result.stdout.splitlines()[:2]] == ["FAILED", "ok"]
        assert "until 2023-11-16 22:13:20" in result.stdout


def test_a_new_version_of_a_policy_alone_fails_nothing(cases: Path, tmp_path: Path) -> None:
    policy = tmp_path / "shop.toml"
    policy.write_text('version = "v2"\n')
    assert run("verify", cases, "--policy", policy).exit_code == 0


def test_a_recording_may_be_compressed(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    plain = case / "recording.jsonl"
    (case / "recording.jsonl.zst").write_bytes(zstandard.compress(plain.read_bytes()))
    plain.unlink()
    assert run("verify", case, "--update").exit_code == 0
    assert run("verify", case).stdout.split()[:2] == ["ok", "case"]


# --- updating ------------------------------------------------------------------------------------


def test_what_is_expected_of_a_new_case_is_written(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    result = run("verify", case, "--update")
    assert result.exit_code == 0
    assert result.stdout.split() == ["new", "case", "1", "decision,", "1", "list"]
    [decision] = json_lines((case / "decisions.jsonl").read_bytes())
    [suppression_list] = json_lines((case / "lists.jsonl").read_bytes())
    assert decision["allowed"] == ["mug"]
    assert [entry["value"] for entry in suppression_list["entries"]] == ["tvs"]


def test_what_is_expected_is_what_a_backtest_writes(cases: Path, tmp_path: Path) -> None:
    case, written = cases / "an-order-holds", tmp_path / "written.jsonl"
    for kind in ("decisions", "lists"):
        assert (
            run("backtest", case / "recording.jsonl", f"--{kind}", written, "--force").exit_code
            == 0
        )
        assert (case / f"{kind}.jsonl").read_bytes() == written.read_bytes()


def test_updating_shows_the_difference_and_makes_it_what_is_expected(cases: Path) -> None:
    (cases / "an-order-holds" / "policy.toml").write_text(FOR_A_DAY)
    failed, updated = run("verify", cases), run("verify", cases, "--update")
    assert updated.exit_code == 0
    assert updated.stdout.splitlines()[0].split()[0] == "updated"
    assert updated.stdout.splitlines()[2:] == failed.stdout.splitlines()[2:]
    assert run("verify", cases).exit_code == 0


def test_updating_what_is_as_expected_changes_nothing(cases: Path) -> None:
    before = written_at(cases)
    result = run("verify", cases, "--update")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["ok", "ok"]
    assert written_at(cases) == before


def written_at(folder: Path) -> dict[Path, int]:
    """When each file and folder was last written; when it was last read does not matter."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_updating_writes_the_new_version_of_a_policy(cases: Path, tmp_path: Path) -> None:
    policy = tmp_path / "shop.toml"
    policy.write_text('version = "v2"\n')
    result = run("verify", cases, "--policy", policy, "--update")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["updated", "ok"]
    [decision] = json_lines((cases / "an-order-holds" / "decisions.jsonl").read_bytes())
    assert decision["policy"] == "v2"


def test_updating_writes_anew_what_cannot_be_read(cases: Path) -> None:
    expected = cases / "an-order-holds" / "decisions.jsonl"
    before = expected.read_bytes()
    expected.write_text("<<<<<<< ours\n")
    assert run("verify", cases, "--update").exit_code == 0
    assert expected.read_bytes() == before


# --- bounds --------------------------------------------------------------------------------------


def test_of_many_differences_the_first_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    case = tmp_path / "case"
    case.mkdir()
    asked = [
        ("impression-requests", "ann", {**REQUEST, "request_id": f"r{number}"})
        for number in range(30)
    ]
    write_recording(case / "recording.jsonl", ("purchases", "ann", ORDER), *asked)
    assert run("verify", case, "--update").exit_code == 0
    (case / "policy.toml").write_text(FOR_A_DAY)
    shown = run("verify", case).stdout
    assert shown.splitlines()[0].endswith("30 decisions, 1 list: 31 differences")
    assert shown.count("expected  ") == 20
    assert shown.splitlines()[-1] == "  and 11 more differences"


def test_a_line_that_is_too_long_is_cut(tmp_path: Path) -> None:
    case = tmp_path / "case"
    case.mkdir()
    long = {"request_id": "r" * 10_000, "candidates": [{"product_id": "tv"}]}
    write_recording(case / "recording.jsonl", ("impression-requests", "ann", long))
    assert run("verify", case, "--update").exit_code == 0
    (case / "decisions.jsonl").write_text("")
    assert max(map(len, run("verify", case).stdout.splitlines())) < 500


# --- mistakes ------------------------------------------------------------------------------------


def mistake(folder: Path) -> str:
    """The one line that is said of a folder, with exit code 2 and nothing else."""
    result = run("verify", folder)
    assert (result.exit_code, result.stdout) == (2, "")
    [error] = result.stderr.splitlines()
    return error


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert mistake(tmp_path / "absent") == f"{tmp_path / 'absent'}: no such folder"


def test_a_folder_without_cases_is_a_mistake_that_says_what_a_case_is(tmp_path: Path) -> None:
    message = mistake(tmp_path)
    assert message.startswith(f"{tmp_path}: there is no case in it. ")
    assert "recording.jsonl" in message


@pytest.mark.parametrize("name", ["decisions.jsonl", "lists.jsonl"])
def test_an_expected_file_that_is_missing_is_named(cases: Path, name: str) -> None:
    path = cases / "an-order-holds" / name
    path.unlink()
    assert mistake(cases) == f"{path}: is missing. `unhaunt verify --update` writes it."


@pytest.mark.parametrize(
    "line", ["<<<<<<< ours", "{}", "[]", '{"request_id": 7}', '{"user_id": "ann"}', "\x00"]
)
@pytest.mark.parametrize("name", ["decisions.jsonl", "lists.jsonl"])
def test_an_expected_line_that_is_none_is_named(cases: Path, name: str, line: str) -> None:
    path = cases / "an-order-holds" / name
    with path.open("a") as file:
        file.write(f"{line}\n")
    message = mistake(cases)
    assert message.startswith(f"{path}, line 2: ")
    assert message.endswith(". `unhaunt verify --update` writes it anew.")


def test_a_recording_that_is_none_is_named(cases: Path) -> None:
    path = cases / "an-order-holds" / "recording.jsonl"
    path.write_text("{}\n")
    assert mistake(cases).startswith(f"{path}, line 1: ")


def test_a_policy_that_is_wrong_is_named(cases: Path) -> None:
    path = cases / "an-order-holds" / "policy.toml"
    path.write_text("[purchase]\nwindow_day = 1\n")
    assert mistake(cases).startswith(f"{path}: purchase.window_day: unknown key")


def test_two_recordings_in_one_case_are_a_mistake(cases: Path) -> None:
    case = cases / "an-order-holds"
    shutil.copy(case / "recording.jsonl", case / "recording.jsonl.zst")
    assert mistake(cases).startswith(f"{case}: expected one recording, got ")
