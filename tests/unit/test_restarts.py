"""A worker that died is started again, until it dies too often."""

from streams.supervision.restarts import MOST_DEATHS, PAUSES, WITHIN_SECONDS, Restarts


def test_the_pause_grows_from_death_to_death() -> None:
    restarts = Restarts()
    pauses = [restarts.pause_after_death(float(second)) for second in range(len(PAUSES))]
    assert pauses == [*PAUSES] == sorted(PAUSES)


def test_who_dies_too_often_within_a_minute_is_not_started_again() -> None:
    restarts = Restarts()
    pauses = [restarts.pause_after_death(float(second)) for second in range(MOST_DEATHS)]
    assert [pause is None for pause in pauses] == [False] * (MOST_DEATHS - 1) + [True]


def test_a_death_of_more_than_a_minute_ago_is_forgiven() -> None:
    restarts = Restarts()
    pauses = [restarts.pause_after_death(number * WITHIN_SECONDS) for number in range(10)]
    assert pauses == [PAUSES[0]] * 10


def test_a_death_within_the_minute_is_not() -> None:
    restarts = Restarts()
    deaths = (0.0, 40.0, 70.0, 99.0)
    pauses = [restarts.pause_after_death(death) for death in deaths]
    assert pauses == [PAUSES[0], PAUSES[1], PAUSES[1], None]


def test_restarts_are_counted() -> None:
    restarts = Restarts()
    for second in range(MOST_DEATHS):
        restarts.pause_after_death(float(second))
    assert restarts.count == MOST_DEATHS - 1
