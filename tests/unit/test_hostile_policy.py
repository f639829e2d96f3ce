"""A policy file that somebody made to do harm is refused like any other mistake."""

import os
from pathlib import Path

import pytest

from streams import policy_file
from streams.policy_file import LARGEST_BYTES, PolicyFile, read_policy
from streams.suppression.policy import Policy
from streams.suppression.policy_document import LONGEST_VERSION, MOST_PROBLEMS, PolicyError

RIGHT = 'version = "right"'

DOTS = "a." * 40_000 + "a"

HOSTILE = {
    "lists 600 deep": "a = " + "[" * 600 + "]" * 600,
    "lists that never close": "a = " + "[" * 100_000,
    "tables 600 deep": "a = " + "{a = " * 600 + "1" + "}" * 600,
    "a wrong value 600 deep": "[frequency]\nmax = " + "{a.a.a.a = " * 150 + "1" + "}" * 150,
    "a key of 40,000 parts": f"{DOTS} = 1",
    "a quoted key of 40,000 parts": '"a" . ' * 40_000 + "a = 1",
    "a table of 40,000 parts": f"[{DOTS}]",
    "such a key behind odd quotes": f'b = {{c = """a"""", {DOTS} = 1}}',
    "a number of 100,000 digits": "[frequency]\nmax = 0x" + "f" * 100_000,
    "such a number in a list": "[sensitive]\ncategories = [0x" + "f" * 100_000 + "]",
    "a number no JSON can hold": "[sensitive]\nmin_sources = 0x" + "f" * 100_000,
    "a version of 10,000 characters": f'version = "{"v" * 10_000}"',
    "half a character": 'version = "\\ud800"',
    "not UTF-8": b"\xff",
    "more than a policy may have": b"#" * (LARGEST_BYTES + 1),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(RIGHT)
    return path


def write(path: Path, content: str | bytes) -> None:
    path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_it_is_refused_in_few_words_and_the_old_policy_stays(
    path: Path, content: str | bytes
) -> None:
    file = PolicyFile(path)
    write(path, content)
    with pytest.raises(PolicyError) as refused:
        file.look(is_complete=True)
    assert str(refused.value).startswith(f"{path}: ")
    assert len(str(refused.value)) < 1_000
    assert file.policy.version == "right"


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_it_is_refused_by_commands_too(path: Path, content: str | bytes) -> None:
    write(path, content)
    with pytest.raises(PolicyError):
        read_policy(path)


def test_of_a_file_that_is_all_mistakes_the_first_are_named(path: Path) -> None:
    path.write_text("".join(f"mistake_{number} = 1\n" for number in range(10_000)))
    with pytest.raises(PolicyError) as refused:
        read_policy(path)
    named = str(refused.value).split("\n")
    assert len(named) == MOST_PROBLEMS + 1
    assert named[-1] == f"{path}: and there are more mistakes; put these right first"


def test_a_mistake_whose_name_has_line_breaks_is_named_in_one_line(path: Path) -> None:
    path.write_text('"a\\nb\\u2028c" = 1\n[follow]\ndays = "a\\nb"')
    with pytest.raises(PolicyError) as refused:
        read_policy(path)
    assert len(str(refused.value).split("\n")) == 2
    assert all(line.startswith(f"{path}: ") for line in str(refused.value).split("\n"))


def test_text_and_comments_may_have_as_many_dots_as_they_like() -> None:
    dots = "a." * 100
    policy = Policy.from_toml(
        f"# {dots}\nversion = '{dots[:50]}' # {dots}\n[purchase.category]\n\"{dots}\" = "
        f'{{window_days = 1}}\n[holdout]\nsalt = """\n{dots}\n"""'
    )
    assert dots in policy.document["purchase"]["category"]


def test_a_version_may_be_as_long_as_it_is_said() -> None:
    version = "v" * LONGEST_VERSION
    assert Policy.from_toml(f'version = "{version}"').version == version


def test_a_pipe_is_no_file_to_be_looked_at_again(path: Path) -> None:
    """Reading one would wait for a writer for ever."""
    file = PolicyFile(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(PolicyError, match="expected a regular file"):
        file.look()
    with pytest.raises(PolicyError, match="expected a regular file"):
        PolicyFile(path)


def test_what_nobody_foresaw_is_a_refusal_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = PolicyFile(path)
    path.write_text('version = "other"')

    def fails(*_: object) -> None:
        raise OverflowError("too much")

    monkeypatch.setattr(policy_file, "_compiled", fails)
    with pytest.raises(PolicyError, match=r"cannot be used: OverflowError\('too much'\)"):
        file.look(is_complete=True)
    assert file.policy.version == "right"
