"""Large requests are worked on in turns, with whatever else the event loop has to do in between."""

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest

from streams.view import turns
from streams.view.turns import TooMuch, Turns


@pytest.fixture(autouse=True)
def every_step_takes_a_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "perf_counter", count().__next__)


def steps(name: str, number: int, done: list[str]) -> Iterator[str]:
    for step in range(number):
        done.append(f"{name}{step}")
        yield done[-1]


def test_the_results_are_those_of_all_steps_in_their_order() -> None:
    async def run() -> list[str]:
        return await Turns(1).done(steps("a", 3, []))

    assert asyncio.run(run()) == ["a0", "a1", "a2"]


def test_between_two_slices_the_event_loop_does_what_else_there_is() -> None:
    done: list[str] = []

    async def run() -> None:
        large = asyncio.create_task(Turns(1).done(steps("large", 1_000, done)))
        await asyncio.sleep(0)
        small = asyncio.create_task(asyncio.sleep(0))
        await small
        done.append("small")
        await large

    asyncio.run(run())
    assert done.index("small") < 5


def test_a_short_one_does_not_wait_until_a_long_one_is_done() -> None:
    done: list[str] = []

    async def run() -> None:
        shared = Turns(2)
        long, short = steps("long", 1_000, done), steps("short", 2, done)
        await asyncio.gather(shared.done(long), shared.done(short))

    asyncio.run(run())
    assert done.index("short1") < 5


def test_what_a_step_raises_lets_the_next_one_have_its_turn() -> None:
    def broken() -> Iterator[str]:
        yield "a"
        raise ValueError("broken")

    async def run() -> list[str]:
        shared = Turns(1)
        with pytest.raises(ValueError, match="broken"):
            await shared.done(broken())
        return await shared.done(["b"])

    assert asyncio.run(run()) == ["b"]


def test_there_are_no_more_at_a_time_than_said() -> None:
    shared = Turns(2)
    with shared.admitted(), shared.admitted(), pytest.raises(TooMuch, match="at most 2"):
        shared.admitted().__enter__()


def test_who_is_done_makes_room() -> None:
    shared = Turns(1)
    with shared.admitted():
        pass
    with shared.admitted():
        pass
