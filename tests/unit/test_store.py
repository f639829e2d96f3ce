"""The state of one partition on disk."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.engine.state.store import PERSON, PROGRESS, Memory, Store

MEBIBYTE = 1 << 20
ANN, BOB, EVE = PERSON + b"ann", PERSON + b"bob", PERSON + b"eve"
FAR = 10**15

Open = Callable[[], Store]


@pytest.fixture
def reopen(tmp_path: Path) -> Iterator[Open]:
    """Opens the same folder, and closes what it opened before."""
    opened: list[Store] = []

    def reopen() -> Store:
        close()
        opened.append(Store(tmp_path / "0", Memory(8 * MEBIBYTE, 4 * MEBIBYTE)))
        return opened[-1]

    def close() -> None:
        while opened:
            opened.pop().close()

    yield reopen
    close()


@pytest.fixture
def store(reopen: Open) -> Store:
    return reopen()


# --- values --------------------------------------------------------------------------------------


def test_what_was_written_can_be_read(store: Store) -> None:
    store.write({ANN: b"a", BOB: b"b"})
    assert store.get([BOB, EVE, ANN]) == [b"b", None, b"a"]


def test_a_later_value_replaces_the_earlier(store: Store) -> None:
    store.write({ANN: b"old"})
    store.write({ANN: b"new"})
    assert store.get([ANN]) == [b"new"]


def test_none_removes_a_key(store: Store) -> None:
    store.write({ANN: b"a"})
    store.write({ANN: None})
    assert store.get([ANN]) == [None]


def test_values_are_bytes_of_any_kind(store: Store) -> None:
    store.write({ANN: b"\x00\xff", BOB: b""})
    assert store.get([ANN, BOB]) == [b"\x00\xff", b""]


def test_persons_are_told_sorted_by_key_and_nothing_but_persons(store: Store) -> None:
    store.write({EVE: b"e", PROGRESS: b"{}", ANN: b"a"}, due=[(5, ANN)], changelog_offset=3)
    assert list(store.persons()) == [(ANN, b"a"), (EVE, b"e")]


# --- what is due ---------------------------------------------------------------------------------


def test_persons_are_due_in_the_order_of_their_times(store: Store) -> None:
    store.write({}, due=[(30, ANN), (10, EVE), (20, BOB)])
    assert list(store.due(25, limit=10).values()) == [EVE, BOB]


def test_times_before_1970_come_before_the_others(store: Store) -> None:
    store.write({}, due=[(0, ANN), (-1, BOB), (-FAR, EVE), (FAR, ANN)])
    assert list(store.due(FAR, limit=10).values()) == [EVE, BOB, ANN, ANN]


def test_everybody_is_due_at_the_last_time_that_there_is(store: Store) -> None:
    store.write({}, due=[(10, ANN), (2**63 - 1, EVE)])
    assert list(store.due(2**63 - 1, limit=10).values()) == [ANN, EVE]


def test_a_person_is_due_at_the_very_time(store: Store) -> None:
    store.write({}, due=[(10, ANN)])
    assert store.due(9, limit=10) == {}
    assert list(store.due(10, limit=10).values()) == [ANN]


def test_no_more_persons_are_given_than_asked_for(store: Store) -> None:
    store.write({}, due=[(10, ANN), (10, BOB), (10, EVE)])
    assert list(store.due(10, limit=2).values()) == [ANN, BOB]


def test_a_person_stays_due_until_the_write_that_deals_with_it(store: Store) -> None:
    store.write({}, due=[(10, ANN), (11, BOB)])
    given = store.due(10, limit=10)
    assert store.due(10, limit=10) == given
    store.write({ANN: b"a"}, due=[(50, ANN)], done=given)
    assert store.due(10, limit=10) == {}
    assert list(store.due(50, limit=10).values()) == [BOB, ANN]


def test_the_next_time_at_which_somebody_is_due_is_known(store: Store) -> None:
    assert store.next_due is None
    store.write({}, due=[(30, ANN), (-10, EVE)])
    assert store.next_due == -10
    store.write({}, done=store.due(-10, limit=10))
    assert store.next_due == 30
    store.write({}, done=store.due(30, limit=10))
    assert store.next_due is None


def test_a_due_time_that_is_written_and_done_at_once_stands(store: Store) -> None:
    store.write({}, due=[(10, ANN)])
    store.write({}, due=[(10, ANN)], done=store.due(10, limit=10))
    assert store.next_due == 10


# --- opening and closing -------------------------------------------------------------------------


def test_everything_is_still_there_after_reopening(reopen: Open) -> None:
    reopen().write({ANN: b"a", PROGRESS: b"{}"}, due=[(10, ANN)], changelog_offset=2**40)
    again = reopen()
    assert again.get([ANN, PROGRESS]) == [b"a", b"{}"]
    assert again.changelog_offset == 2**40
    assert again.next_due == 10
    assert list(again.due(10, limit=10).values()) == [ANN]


def test_a_new_state_begins_at_the_beginning_of_the_changelog(store: Store) -> None:
    assert store.changelog_offset == 0


def test_a_write_without_an_offset_keeps_the_one_before(reopen: Open) -> None:
    store = reopen()
    store.write({}, changelog_offset=7)
    store.write({ANN: b"a"})
    assert store.changelog_offset == 7
    assert reopen().changelog_offset == 7


def test_a_folder_that_is_in_use_cannot_be_opened_again(store: Store) -> None:
    with pytest.raises(Exception, match=r"(?i)lock"):
        Store(store.path, Memory(8 * MEBIBYTE, 4 * MEBIBYTE))


def test_leaving_the_block_gives_the_folder_free(tmp_path: Path) -> None:
    memory = Memory(8 * MEBIBYTE, 4 * MEBIBYTE)
    with Store(tmp_path, memory) as store:
        store.write({ANN: b"a"})
    with Store(tmp_path, memory) as store:
        assert store.get([ANN]) == [b"a"]


def test_partitions_share_memory_and_nothing_else(tmp_path: Path) -> None:
    memory = Memory(8 * MEBIBYTE, 4 * MEBIBYTE)
    with Store(tmp_path / "0", memory) as one, Store(tmp_path / "1", memory) as other:
        one.write({ANN: b"a"})
        assert other.get([ANN]) == [None]


# --- all or nothing ------------------------------------------------------------------------------


def test_a_write_that_fails_leaves_everything_as_it_was(reopen: Open) -> None:
    store = reopen()
    store.write({ANN: b"old"}, due=[(10, ANN)], changelog_offset=1)
    given = store.due(10, limit=10)
    with pytest.raises(OverflowError):
        store.write({ANN: b"new", BOB: b"b"}, due=[(20, ANN)], done=given, changelog_offset=-1)
    store = reopen()
    assert store.get([ANN, BOB]) == [b"old", None]
    assert (store.next_due, store.changelog_offset) == (10, 1)


def test_clearing_removes_everything_for_a_rebuild(reopen: Open) -> None:
    store = reopen()
    store.write({ANN: b"a", PROGRESS: b"{}"}, due=[(-FAR, ANN), (FAR, BOB)], changelog_offset=9)
    store.clear()
    assert (store.next_due, store.changelog_offset) == (None, 0)
    store = reopen()
    assert list(store.persons()) == []
    assert store.get([PROGRESS]) == [None]
    assert (store.next_due, store.changelog_offset) == (None, 0)
