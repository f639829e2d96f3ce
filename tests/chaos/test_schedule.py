"""A schedule of harm is the same for the same seed, and has what every run must have."""

import pytest

from tests.chaos.schedule import BROKERS, SESSION_SECONDS, WORKERS, Harm, schedule

SEEDS = range(200)
SHORTEST = 25.0


def test_a_seed_has_one_schedule() -> None:
    assert schedule(7, 180) == schedule(7, 180)
    assert schedule(7, 180) != schedule(8, 180)


@pytest.mark.parametrize("seconds", [SHORTEST, 180.0])
def test_every_schedule_has_what_no_run_may_be_without(seconds: float) -> None:
    for seed in SEEDS:
        harms = {blow.harm for blow in schedule(seed, seconds)}
        assert {
            Harm.KILL_WITHOUT_STATE,
            Harm.LONG_PAUSE,
            Harm.BROKER_GONE,
            Harm.CUT,
        } <= harms


def test_minutes_of_harm_have_every_kind_of_it_and_a_broker_that_is_gone_for_30_s() -> None:
    blows = [blow for seed in SEEDS for blow in schedule(seed, 180)]
    assert {blow.harm for blow in blows} == set(Harm)
    assert max(blow.seconds for blow in blows if blow.harm is Harm.BROKER_GONE) == 30


def test_a_long_pause_outlives_the_session_and_a_pause_does_not() -> None:
    for seed in SEEDS:
        for blow in schedule(seed, 60):
            if blow.harm in (Harm.PAUSE, Harm.LONG_PAUSE):
                assert (blow.seconds > SESSION_SECONDS) == (blow.harm is Harm.LONG_PAUSE)


def test_whoever_is_harmed_is_back_before_the_next_blow_and_in_the_end() -> None:
    for seed in SEEDS:
        blows = schedule(seed, 60)
        for lane in [{worker} for worker in WORKERS] + [set(map(str, BROKERS))]:
            back_at = 0.0
            for blow in blows:
                if blow.target in lane and blow.harm is not Harm.CUT:
                    assert blow.at > back_at
                    back_at = blow.at + blow.seconds
            assert back_at <= 60
