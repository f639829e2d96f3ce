"""When a worker has started, is ready and is alive, and what it says of it."""

import pytest

from streams.engine.telemetry.liveness import Liveness
from streams.monitoring.health import CHECKS, RESTORE_SECONDS, live, ready, startup
from streams.settings import Settings

SETTINGS = Settings(transaction_seconds=20)
LONGEST_CHECKPOINT = 25


class Clock:
    """Stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def liveness(clock: Clock) -> Liveness:
    """Of a worker that was just started, and whose group answers."""
    liveness = Liveness(clock)
    liveness.hears_group = True
    return liveness


def ok(liveness: Liveness) -> dict[str, bool]:
    return {name: check(liveness, SETTINGS).ok for name, check in CHECKS.items()}


def test_who_waits_for_the_group_is_alive_for_however_long_but_neither_started_nor_ready(
    liveness: Liveness, clock: Clock
) -> None:
    clock.now += 86_400
    assert ok(liveness) == {"startup": False, "ready": False, "live": True}
    assert ready(liveness, SETTINGS).why == "it waits for the group to assign partitions"


def test_who_restores_is_not_ready_and_says_how_far_it_is(liveness: Liveness) -> None:
    liveness.enter("restoring")
    liveness.restored, liveness.left = 12_000, 3_000
    assert ok(liveness) == {"startup": False, "ready": False, "live": True}
    assert startup(liveness, SETTINGS).why == (
        "it restores its state: 12,000 records are done since the start, at most 3,000 are left"
    )


def test_who_has_restored_is_started_ready_and_alive(liveness: Liveness) -> None:
    liveness.enter("restoring")
    liveness.enter("working", 4)
    assert ok(liveness) == {"startup": True, "ready": True, "live": True}
    assert ready(liveness, SETTINGS).why == "it works on 4 partitions"


@pytest.mark.parametrize(("many", "partitions"), [(0, "0 partitions"), (1, "1 partition")])
def test_it_says_on_how_many_partitions_it_works(
    liveness: Liveness, many: int, partitions: str
) -> None:
    liveness.enter("working", many)
    assert live(liveness, SETTINGS).why == f"it works on {partitions}"


def test_who_was_assigned_nothing_is_ready_to_take_over(liveness: Liveness) -> None:
    liveness.enter("working", 0)
    assert ready(liveness, SETTINGS).ok


def test_who_has_started_once_stays_so_through_rebalances(liveness: Liveness) -> None:
    liveness.enter("working", 4)
    liveness.enter("joining")
    assert ok(liveness) == {"startup": True, "ready": False, "live": True}
    liveness.enter("restoring")
    assert ok(liveness) == {"startup": True, "ready": False, "live": True}


def test_whose_group_does_not_answer_is_not_ready_but_alive(liveness: Liveness) -> None:
    liveness.enter("working", 4)
    liveness.hears_group = False
    assert ok(liveness) == {"startup": True, "ready": False, "live": True}
    assert ready(liveness, SETTINGS).why == "the group's coordinator does not answer"


def test_a_restore_that_makes_progress_is_alive_and_one_that_is_stuck_is_not(
    liveness: Liveness, clock: Clock
) -> None:
    liveness.enter("restoring")
    for _ in range(10):
        clock.now += RESTORE_SECONDS
        assert live(liveness, SETTINGS).ok
        liveness.beat()
    clock.now += RESTORE_SECONDS + 1
    check = live(liveness, SETTINGS)
    assert not check.ok
    assert "got nowhere for 121 seconds" in check.why


def test_who_works_may_take_as_long_as_a_checkpoint_may_and_a_while_more(
    liveness: Liveness, clock: Clock
) -> None:
    liveness.enter("working", 1)
    clock.now += LONGEST_CHECKPOINT + 1
    assert live(liveness, SETTINGS).ok
    clock.now += 60
    assert not live(liveness, SETTINGS).ok
    liveness.beat()
    assert live(liveness, SETTINGS).ok


def test_a_new_restore_begins_with_nothing_left(liveness: Liveness) -> None:
    liveness.enter("restoring")
    liveness.left = 100
    liveness.enter("joining")
    assert liveness.left == 0
