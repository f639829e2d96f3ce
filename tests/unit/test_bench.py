"""What a benchmark makes of what it has measured."""

import tomllib
from pathlib import Path

import orjson
import pytest

from streams.errors import FailedCheck, UserError
from tests.bench import smoke
from tests.bench.__main__ import CHECKS, NAMES, WITHOUT_BROKER, failures
from tests.bench.against_faust import MEASURED, stated_ratio
from tests.bench.backlog import Drained
from tests.bench.builds import INTERPRETED
from tests.bench.contenders import FAUST, QUIX, UNHAUNT
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.rate import Cost, Sample, TooShort, rate
from tests.bench.real_workload import WORKLOADS
from tests.bench.report import write_json, written
from tests.bench.throughput import events_per_second, ratio, worker_cost
from tests.kafka.cluster import KafkaCluster

MORE = Goal(20, 40)
LESS = Goal(at_least=10, aim=3)


# --- how fast a backlog was drained --------------------------------------------------------------


def test_the_rate_of_a_steady_drain_is_that_of_its_events_and_not_of_its_outputs() -> None:
    samples = [Sample(float(second), 50 * second) for second in range(11)]
    assert rate(samples, events=1_000) == pytest.approx(100)


def test_what_comes_before_the_first_tenth_of_the_output_does_not_slow_a_rate() -> None:
    starting = [Sample(0.0, 0), Sample(7.0, 10), Sample(60.0, 99)]
    steady = [Sample(100.0 + second, 100 + 100 * second) for second in range(10)]
    assert rate([*starting, *steady], events=1_000) == pytest.approx(100)


def test_waiting_for_more_after_the_last_output_does_not_slow_a_rate() -> None:
    samples = [Sample(0.0, 0), Sample(1.0, 100), Sample(10.0, 1_000), Sample(13.0, 1_000)]
    assert rate(samples, events=1_000) == pytest.approx(100)


def test_a_pause_within_the_drain_slows_its_rate() -> None:
    samples = [Sample(1.0, 100), Sample(2.0, 550), Sample(5.0, 550), Sample(10.0, 1_000)]
    assert rate(samples, events=1_000) == pytest.approx(100)


def test_a_drain_within_one_sample_says_no_rate() -> None:
    with pytest.raises(TooShort, match="1,000 events"):
        rate([Sample(0.0, 0), Sample(0.1, 1_000)], events=1_000)


def test_a_ratio_is_the_median_of_those_within_the_rounds() -> None:
    found = {
        UNHAUNT: [Drained(rate, Cost(30.0, 1.0)) for rate in (60.0, 10.0, 90.0)],
        FAUST: [Drained(rate, Cost(cost, 1.0)) for rate, cost in ((3, 60.0), (1, 60.0), (3, 15.0))],
    }
    assert ratio(found, UNHAUNT, FAUST, events_per_second) == 20
    assert ratio(found, UNHAUNT, FAUST, worker_cost) == 0.5


# --- goals and their table -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (MORE, 41, "aim"),
        (MORE, 40, "aim"),
        (MORE, 39.9, "at least"),
        (MORE, 20, "at least"),
        (MORE, 19.9, "missed"),
        (LESS, 2.9, "aim"),
        (LESS, 3, "aim"),
        (LESS, 10, "at least"),
        (LESS, 10.1, "missed"),
    ],
)
def test_a_goal_says_how_far_a_figure_gets(goal: Goal, value: float, verdict: str) -> None:
    assert goal.verdict(value) == verdict


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(61_234.5, "events/s", "61,234 events/s"), (18.36, "x", "18.4x"), (2.345, "ms", "2.35 ms")],
)
def test_a_value_is_written_with_as_many_digits_as_it_deserves(
    value: float, unit: str, shown: str
) -> None:
    assert written(value, unit) == shown


def test_the_json_form_has_every_figure_with_its_goal_and_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    figures = [Figure("one worker", 60_000, "events/s"), Figure("against it", 18, "x", MORE)]
    write_json(path, {"throughput": figures}, {"processor": "of some sort"})
    assert orjson.loads(path.read_bytes()) == {
        "machine": {"processor": "of some sort"},
        "figures": [
            {"bench": "throughput", "name": "one worker", "value": 60_000, "unit": "events/s"},
            {
                "bench": "throughput",
                "name": "against it",
                "value": 18,
                "unit": "x",
                "at_least": 20,
                "aim": 40,
                "reached": "missed",
            },
        ],
    }


# --- the check -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "value", "said"),
    [
        (MORE, 19.0, ["smoke: the join is 19.0x, and at least 20.0x is wanted."]),
        (MORE, 21.0, []),
        (LESS, 11.0, ["smoke: the join is 11.0x, and at most 10.0x is wanted."]),
        (LESS, 9.0, []),
    ],
)
def test_a_check_fails_with_a_sentence_when_it_misses_what_it_must_reach(
    goal: Goal, value: float, said: list[str]
) -> None:
    figures = [Figure("the join", value, "x", goal)]
    advice = " tests/bench/README.md says what to do about it."
    assert failures({"smoke": figures}) == [f"{sentence}{advice}" for sentence in said]
    assert not failures({"throughput": figures})


def test_the_join_may_cost_half_as_much_again_as_is_stated_for_each_workload() -> None:
    may_cost = smoke.goals({"bare": 2.0, "real": 4.0})
    assert may_cost == {"bare": Goal(3.0, 2.0), "real": Goal(6.0, 4.0)}
    assert may_cost["bare"].verdict(2.9) == "at least"
    assert may_cost["bare"].verdict(3.1) == "missed"


def test_the_cost_of_the_join_is_stated_for_each_workload() -> None:
    stated = tomllib.loads(smoke.STATED.read_text())
    assert stated.keys() == WORKLOADS.keys()


def test_sources_that_are_not_compiled_are_not_smoke_tested(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(smoke, "builds", lambda: [INTERPRETED])
    bench = Bench(KafkaCluster(tmp_path), tmp_path, tmp_path, scale=1, rounds=1)
    with pytest.raises(UserError, match="UNHAUNT_COMPILE=1"):
        list(smoke.measure(bench))


def test_a_check_has_to_be_named() -> None:
    assert not set(CHECKS) & set(NAMES)


def test_what_needs_no_broker_is_a_benchmark() -> None:
    assert {*NAMES, *CHECKS} >= WITHOUT_BROKER


def test_the_ratio_to_stock_faust_is_read_from_the_row_of_a_table() -> None:
    rows = (
        "| one worker | 60,000 events/s |\n| one worker against stock Faust | 18.4x | 20x | 40x |"
    )
    assert stated_ratio(rows) == 18.4


@pytest.mark.parametrize("times", [0, 2])
def test_a_page_that_does_not_state_the_ratio_once_is_an_error_that_says_so(times: int) -> None:
    rows = "| one worker against stock Faust | 18.4x |\n" * times
    with pytest.raises(FailedCheck, match=f"one worker against stock Faust .* found {times}"):
        stated_ratio(rows)


def test_the_page_states_the_ratio_that_the_check_compares_with() -> None:
    assert stated_ratio(MEASURED.read_text()) > 1


def test_rivals_are_told_from_unhaunt_by_their_program() -> None:
    assert [who.is_rival for who in (UNHAUNT, FAUST, QUIX)] == [False, True, True]
