"""A policy file that changes while a worker runs is taken when it is right and at rest."""

from collections.abc import Callable
from pathlib import Path

import pytest

from streams.policy_file import PolicyFile
from streams.suppression.policy import Policy
from streams.suppression.policy_document import PolicyError

ONE, TWO = 'version = "one"', 'version = "two"'
WRONG = '[consent]\nmode = "optin"'

Write = Callable[[str], object]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(ONE)
    return path


@pytest.fixture
def file(path: Path) -> PolicyFile:
    return PolicyFile(path)


def looked_at(file: PolicyFile, times: int = 3) -> list[str]:
    """The versions of the policies that are taken in so many looks."""
    looks = [file.look() for _ in range(times)]
    return [policy.version for policy in looks if policy is not None]


def test_it_begins_with_what_the_file_holds(file: PolicyFile) -> None:
    assert file.policy.version == "one"


def test_a_file_that_is_wrong_from_the_beginning_is_refused(path: Path) -> None:
    path.write_text(WRONG)
    with pytest.raises(PolicyError, match="consent"):
        PolicyFile(path)


def test_without_a_file_it_is_the_default_policy_for_good() -> None:
    file = PolicyFile(None)
    assert file.policy.fingerprint == Policy.default().fingerprint
    assert file.look(is_complete=True) is None


def test_another_policy_is_taken_once(file: PolicyFile, path: Path) -> None:
    path.write_text(TWO)
    assert looked_at(file) == ["two"]
    assert file.policy.version == "two"


def test_a_file_that_is_touched_or_commented_holds_no_other_policy(
    file: PolicyFile, path: Path
) -> None:
    path.write_text(ONE)
    assert looked_at(file) == []
    path.write_text(f"# The same.\n{ONE}\n")
    assert looked_at(file) == []


def test_what_is_still_being_written_is_let_rest(file: PolicyFile, path: Path) -> None:
    """Cut off, a file may be right and yet another policy than it will be."""
    path.write_text(TWO)
    assert file.look() is None
    path.write_text(f"{TWO}\n[holdout]\npercent = 5\n")
    assert file.look() is None
    policy = file.look()
    assert policy is not None
    assert policy.document["holdout"]["percent"] == 5


def test_what_somebody_says_is_complete_is_taken_at_once(file: PolicyFile, path: Path) -> None:
    path.write_text(TWO)
    policy = file.look(is_complete=True)
    assert policy is not None
    assert policy.version == "two"


def test_a_wrong_file_is_told_once_and_the_old_policy_stays(file: PolicyFile, path: Path) -> None:
    path.write_text(WRONG)
    file.look()
    with pytest.raises(PolicyError, match=f"{path}: consent.mode"):
        file.look()
    assert looked_at(file) == []
    assert file.policy.version == "one"


def test_a_wrong_file_that_is_put_right_is_taken(file: PolicyFile, path: Path) -> None:
    path.write_text(WRONG)
    with pytest.raises(PolicyError):
        file.look(is_complete=True)
    path.write_text(TWO)
    assert looked_at(file) == ["two"]


def test_a_wrong_file_that_is_taken_back_leaves_all_as_it_was(file: PolicyFile, path: Path) -> None:
    path.write_text(WRONG)
    with pytest.raises(PolicyError):
        file.look(is_complete=True)
    path.write_text(ONE)
    assert looked_at(file) == []


def test_a_file_that_is_gone_is_told_once_and_taken_when_it_is_back(
    file: PolicyFile, path: Path
) -> None:
    path.unlink()
    with pytest.raises(PolicyError, match="cannot be read"):
        file.look()
    assert looked_at(file) == []
    path.write_text(TWO)
    assert looked_at(file) == ["two"]


def test_a_file_that_is_another_by_a_link_is_seen(file: PolicyFile, path: Path) -> None:
    """Kubernetes changes what it mounts by a link that leads elsewhere."""
    other = path.with_name("other.toml")
    other.write_text(TWO)
    link = path.with_name("link.toml")
    link.symlink_to(path)
    linked = PolicyFile(link)
    link.unlink()
    link.symlink_to(other)
    assert looked_at(linked) == ["two"]
