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
def pulse(clock: Clock) -> Liveness:
    """Of a worker that was just started, and whose group answers."""
    pulse = Liveness(clock)
    pulse.hears_group = True
    return pulse


def ok(pulse: Liveness) -> dict[str, bool]:
    return {name: check(pulse, SETTINGS).ok for name, check in CHECKS.items()}


def test_who_waits_for_the_group_is_alive_for_however_long_but_neither_started_nor_ready(
    pulse: Liveness, clock: Clock
) -> None:
    clock.now += 86_400
    assert ok(pulse) == {"startup": False, "ready": False, "live": True}
    assert ready(pulse, SETTINGS).why == "it waits for the group to assign partitions"


def test_who_restores_is_not_ready_and_says_how_far_it_is(pulse: Liveness) -> None:
    pulse.enter("restoring")
    pulse.restored, pulse.left = 12_000, 3_000
    assert ok(pulse) == {"startup": False, "ready": False, "live": True}
    assert startup(pulse, SETTINGS).why == (
        "it restores its state: 12,000 records are done since the start, at most 3,000 are left"
    )


def test_who_has_restored_is_started_ready_and_alive(pulse: Liveness) -> None:
    pulse.enter("restoring")
    pulse.enter("working", 4)
    assert ok(pulse) == {"startup": True, "ready": True, "live": True}
    assert ready(pulse, SETTINGS).why == "it works on 4 partitions"


@pytest.mark.parametrize(("many", "partitions"), [(0, "0 partitions"), (1, "1 partition")])
def test_it_says_on_how_many_partitions_it_works(
    pulse: Liveness, many: int, partitions: str
) -> None:
    pulse.enter("working", many)
    assert live(pulse, SETTINGS).why == f"it works on {partitions}"


def test_who_was_assigned_nothing_is_ready_to_take_over(pulse: Liveness) -> None:
    pulse.enter("working", 0)
    assert ready(pulse, SETTINGS).ok


def test_who_has_started_once_stays_so_through_rebalances(pulse: Liveness) -> None:
    pulse.enter("working", 4)
    pulse.enter("joining")
    assert ok(pulse) == {"startup": True, "ready": False, "live": True}
    pulse.enter("restoring")
    assert ok(pulse) == {"startup": True, "ready": False, "live": True}


def test_whose_group_does_not_answer_is_not_ready_but_alive(pulse: Liveness) -> None:
    pulse.enter("working", 4)
    pulse.hears_group = False
    assert ok(pulse) == {"startup": True, "ready": False, "live": True}
    assert ready(pulse, SETTINGS).why == "the group's coordinator does not answer"


def test_a_restore_that_makes_progress_is_alive_and_one_that_is_stuck_is_not(
    pulse: Liveness, clock: Clock
) -> None:
    pulse.enter("restoring")
    for _ in range(10):
        clock.now += RESTORE_SECONDS
        assert live(pulse, SETTINGS).ok
        pulse.beat()
    clock.now += RESTORE_SECONDS + 1
    check = live(pulse, SETTINGS)
    assert not check.ok
    assert "got nowhere for 121 seconds" in check.why


def test_who_works_may_take_as_long_as_a_checkpoint_may_and_a_while_more(
    pulse: Liveness, clock: Clock
) -> None:
    pulse.enter("working", 1)
    clock.now += LONGEST_CHECKPOINT + 1
    assert live(pulse, SETTINGS).ok
    clock.now += 60
    assert not live(pulse, SETTINGS).ok
    pulse.beat()
    assert live(pulse, SETTINGS).ok


def test_a_new_restore_begins_with_nothing_left(pulse: Liveness) -> None:
    pulse.enter("restoring")
    pulse.left = 100
    pulse.enter("joining")
    assert pulse.left == 0
