"""What the benchmarks make of what they have measured."""

from pathlib import Path
from random import Random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decoding import decode
from streams.settings import Settings
from streams.suppression.person import Person
from tests.bench.latency import WARM_UP_SECONDS, percentile, shifted, since_due
from tests.bench.live import PURCHASE, REQUEST, Load, events_of
from tests.bench.persons import PUBLISHED, different_states
from tests.bench.shares import OTHER, Frame, Rule, Stack, share_of_time, shares, stacks
from tests.bench.shares import RULES as PROFILE
from tests.bench.workload import Crowd, mixed
from tests.builders import decision, published, purchase, request

REPOSITORY = Path(__file__).parents[2]
LOAD = Load(Settings(), 4, rate=100.0, seconds=30.0, first=5_000, crowd=Crowd(persons=10))


# --- latency -------------------------------------------------------------------------------------


def test_an_answer_counts_from_when_its_event_was_due() -> None:
    began, due = 50.0, 2_000 / LOAD.rate
    arrivals = {LOAD.first + 2_000: began + due + 0.25}
    assert since_due(LOAD, began, arrivals) == [pytest.approx(0.25)]


def test_a_stall_counts_for_every_event_that_was_due_in_it() -> None:
    """All that was due within a second comes at its end: half of it at least half a second late."""
    began, warm = 0.0, round(WARM_UP_SECONDS * LOAD.rate)
    stalled = range(LOAD.first + warm, LOAD.first + warm + 100)
    arrivals = dict.fromkeys(stalled, began + WARM_UP_SECONDS + 1)
    assert percentile(since_due(LOAD, began, arrivals), 0.5) == pytest.approx(0.5, abs=0.02)


def test_what_was_due_in_the_warm_up_does_not_count() -> None:
    assert since_due(LOAD, 0.0, {LOAD.first: 1.0}) == []


@pytest.mark.parametrize(("share", "expected"), [(0.5, 500), (0.99, 990), (0.999, 999), (1, 1_000)])
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(
    share: float, expected: float
) -> None:
    values = [float(value) for value in range(1, 1_001)]
    Random(1).shuffle(values)
    assert percentile(values, share) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_no_more_than_the_rest_exceeds_a_percentile(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert sum(value > found for value in values) <= (1 - share) * len(values) + 1e-6


def test_the_live_mix_has_a_number_of_its_own_for_every_event() -> None:
    assert len(LOAD.numbers) == 3_000
    parts = [LOAD.of(topic) for topic in ("impression-requests", "purchases", "dismissals")]
    assert sorted(number for part in parts for number in part) == list(LOAD.numbers)


def test_live_events_are_valid_with_the_time_at_which_they_are_due() -> None:
    for topic, key, _, before, after in events_of(LOAD):
        event = decode(
            topic, key, b"%b%d%b" % (before, 1_700_000_000_123, after), 1_700_000_000_200
        )
        assert event.ts == 1_700_000_000_123


def test_a_decision_and_a_list_name_the_event_that_they_answer() -> None:
    decided = orjson.dumps(decision(request(request_id="r17")))
    listed = orjson.dumps(published(purchase(event_id="e18", order_id="o18")))
    assert REQUEST.findall(decided) == [b"17"]
    assert PURCHASE.findall(listed) == [b"18"]


def test_a_backlog_that_ends_now_keeps_its_events_apart_as_they_were() -> None:
    then, now = list(mixed(50, 4)), list(shifted(mixed(50, 4)))
    by = now[0].timestamp - then[0].timestamp
    assert by > 0
    for before, after in zip(then, now, strict=True):
        event = decode(after.topic, after.key, after.value, after.timestamp)
        assert event.ts == after.timestamp == before.timestamp + by


# --- shares of time ------------------------------------------------------------------------------

RULES = (
    Rule("disk", "engine/state/store.py"),
    Rule("join", "join.py", "apply"),
    Rule("fetch", "aiokafka/"),
)


def stack(*frames: tuple[str, str], times: int = 1) -> Stack:
    return Stack([Frame(*frame) for frame in frames], times)


def test_stacks_are_read_from_the_lines_of_a_profiler() -> None:
    raw = (
        "run (worker.py:3);Join.apply (streams/suppression/join.py:37) 12\nMainThread;f (x.py) 1\n"
    )
    assert list(stacks(raw)) == [
        stack(("run", "worker.py"), ("Join.apply", "streams/suppression/join.py"), times=12),
        stack(("MainThread", ""), ("f", "x.py")),
    ]


def test_the_frame_nearest_to_the_top_that_says_anything_counts() -> None:
    joined = stack(("Join.apply", "join.py"), ("decide", "decision.py"), times=3)
    stored = stack(
        ("Join.apply", "join.py"), ("Store.get", "streams/engine/state/store.py"), times=1
    )
    assert shares([joined, stored], RULES) == {"join": 0.75, "disk": 0.25}


@pytest.mark.parametrize("rule", [rule for rule in PROFILE if "aiokafka" not in rule.file], ids=str)
def test_every_rule_of_the_profile_is_for_a_file_that_there_is(rule: Rule) -> None:
    modules = [
        str(path) for folder in ("streams", "schemas") for path in Path(folder).rglob("*.py")
    ]
    assert any(rule.file in module for module in modules)


def test_what_no_rule_knows_is_the_rest() -> None:
    assert shares([stack(("f", "x.py"))], RULES) == {OTHER: 1}


def test_a_rule_may_be_for_single_functions_and_what_is_defined_in_them() -> None:
    named = stack(("Join.apply.<locals>.<genexpr>", "join.py"))
    other = stack(("Join.mistake", "join.py"))
    assert shares([named, other], RULES) == {"join": 0.5, OTHER: 0.5}


def test_a_thread_that_waits_takes_no_time() -> None:
    waiting = stack(("poll", "aiokafka/x.py"), ("EpollSelector.select", "selectors.py"), times=9)
    assert shares([waiting, stack(("Join.apply", "join.py"))], RULES) == {"join": 1}


def test_time_that_a_thread_waits_is_a_part_of_what_the_main_thread_was_seen_in() -> None:
    main = stack(("_run_module_as_main", "<frozen runpy>"), ("f", "x.py"), times=10)
    other = stack(
        ("Thread._bootstrap", "threading.py"), ("Store.write", "engine/state/store.py"), times=4
    )
    assert share_of_time([main, other], "disk", RULES) == 0.4


def test_a_rule_may_be_for_a_folder() -> None:
    assert shares([stack(("f", "aiokafka/consumer/fetcher.py"))], RULES) == {"fetch": 1}


# --- persons -------------------------------------------------------------------------------------


def test_the_persons_that_fill_a_changelog_are_such_as_a_worker_stores() -> None:
    states = different_states()
    person = Person.from_bytes(states[0].replace(PUBLISHED, b"0123456789abcdef"))
    assert person.evidence
    assert person.published == "0123456789abcdef"
