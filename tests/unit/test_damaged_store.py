"""A state that cannot be read or written says so: it never answers as if nothing were in it."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from streams.engine.state.store import PERSON, Memory, Store
from streams.errors import UserError

MEBIBYTE = 1 << 20
KEYS = [PERSON + b"%d" % number for number in range(5_000)]
FEW = KEYS[:500]
VALUE = bytes(range(256))


def open_store(folder: Path) -> Store:
    return Store(folder, Memory(MEBIBYTE, MEBIBYTE))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state of which the most part is in table files."""
    with open_store(tmp_path / "0") as store:
        store.write(dict.fromkeys(KEYS, VALUE), due=[(5, KEYS[0])], changelog_offset=7)
    return tmp_path / "0"


def damage(file: Path) -> None:
    """Turn over a bit in every kilobyte."""
    content = bytearray(file.read_bytes())
    for at in range(0, len(content), 1_000):
        content[at] ^= 1
    with file.open("r+b") as opened:  # in place: an open state has to meet the damage as well
        opened.write(content)


@pytest.mark.parametrize("name", ["CURRENT", "MANIFEST-*", "*.sst"])
@pytest.mark.parametrize("harm", [damage, Path.unlink, lambda file: file.write_bytes(b"")])
def test_a_damaged_state_is_not_opened_and_what_to_do_is_said(
    folder: Path, name: str, harm: object
) -> None:
    for file in folder.glob(name):
        harm(file)  # type: ignore[operator]
    with pytest.raises(UserError) as caught, open_store(folder) as store:
        list(store.persons())  # the middle of a table file is looked at only now
    message = str(caught.value)
    assert str(folder) in message
    assert "restored from the changelog" in message
    assert "\n" not in message


@pytest.fixture
def damaged(folder: Path) -> Iterator[Store]:
    """A state that was damaged after it had been opened."""
    store = open_store(folder)
    for file in folder.glob("*.sst"):
        damage(file)
    yield store
    with suppress(UserError):
        store.close()


def test_persons_that_cannot_be_read_are_not_taken_for_unknown(damaged: Store) -> None:
    with pytest.raises(UserError, match=r"cannot be read: Corruption"):
        damaged.get(KEYS)


def test_all_persons_are_told_or_an_error_is(damaged: Store) -> None:
    with pytest.raises(UserError, match=r"cannot be read: Corruption"):
        list(damaged.persons())


@contextmanager
def no_room() -> Iterator[None]:
    """No file may grow over a megabyte, which a state meets as it would meet a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEBIBYTE, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill(store: Store) -> None:
    """Write a little, and then in one write more than there is room for."""
    store.write(dict.fromkeys(FEW, VALUE), changelog_offset=100)
    store.write(dict.fromkeys(KEYS, VALUE[::-1]), changelog_offset=101)


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    store = open_store(tmp_path / "0")
    with no_room():
        with pytest.raises(UserError, match=r"cannot be written: .*make some"):
            fill(store)
        with suppress(UserError):
            store.close()


def test_when_there_is_room_again_state_and_offset_are_those_of_the_last_whole_write(
    tmp_path: Path,
) -> None:
    store = open_store(tmp_path / "0")
    with no_room():
        with suppress(UserError):
            fill(store)
        with suppress(UserError):
            store.close()
    del store
    with open_store(tmp_path / "0") as again:
        assert again.changelog_offset == 100
        assert set(again.get(FEW)) == {VALUE}
        assert set(again.get(KEYS[len(FEW) :])) == {None}
