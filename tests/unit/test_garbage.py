"""Garbage is collected when its time has come, and at no other."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from streams import build
from streams.engine.process.garbage import FULL_SECONDS, YOUNG_SECONDS, Garbage
from streams.suppression.person import Person


class Cycle:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def garbage() -> Iterator[Garbage]:
    gc.collect()
    yield Garbage(now=10.0)
    gc.enable()


def dropped() -> "weakref.ref[Cycle]":
    """A cycle that nobody refers to any more."""
    return weakref.ref(Cycle())


def test_nothing_is_collected_by_itself(garbage: Garbage) -> None:
    assert not gc.isenabled()


def test_what_was_made_lately_is_collected_after_some_seconds(garbage: Garbage) -> None:
    cycle = dropped()
    garbage.collect(10.0 + YOUNG_SECONDS / 2)
    assert cycle() is not None
    garbage.collect(10.0 + YOUNG_SECONDS)
    assert cycle() is None


def test_what_is_old_is_collected_after_an_hour(garbage: Garbage) -> None:
    kept = Cycle()
    cycle = weakref.ref(kept)
    gc.collect()
    del kept
    garbage.collect(10.0 + YOUNG_SECONDS)
    assert cycle() is not None
    garbage.collect(10.0 + FULL_SECONDS)
    assert cycle() is None


def test_a_compiled_person_is_nothing_to_the_collector() -> None:
    person = Person()
    known = [person, person.evidence]
    assert [gc.is_tracked(each) for each in known] == [build() == "interpreted"] * 2
