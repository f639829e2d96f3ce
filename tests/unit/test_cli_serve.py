"""`unhaunt serve` says what is wrong with what it is given before it answers anybody."""

from pathlib import Path

from tests.command_line import run


def test_the_demo_is_not_kept_in_a_folder(tmp_path: Path) -> None:
    result = run("serve", "--demo", "--folder", tmp_path)
    assert result.exit_code == 2
    assert result.stderr == "--demo keeps its lists in memory: leave --folder out.\n"


def test_a_file_of_candidates_that_is_missing_is_told(tmp_path: Path) -> None:
    result = run("serve", "--demo", "--candidates", tmp_path / "shop.json")
    assert (result.exit_code, result.stderr) == (
        2,
        f"{tmp_path}/shop.json: No such file or directory\n",
    )


def test_candidates_that_break_the_contract_are_told_with_their_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    path.write_text('[{"product_id": "mug", "price": "9"}]')
    result = run("serve", "--demo", "--candidates", path)
    expected = "candidates[0].price: expected a number, got a string"
    assert (result.exit_code, result.stderr) == (2, f"{path}: {expected}\n")


def test_candidates_that_are_no_json_are_told_with_their_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    path.write_text("[")
    result = run("serve", "--demo", "--candidates", path)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{path}: expected a JSON array of candidates: ")
