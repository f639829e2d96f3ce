"""Properties of runs by slices: however many there are, they come to the same."""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.recording.backtest_counts import BacktestCounts
from streams.recording.parallel.messages import Run
from streams.recording.parallel.processes import InThisProcess, ParallelRun
from streams.recording.person_slice import ALL_PERSONS, PersonSlice
from streams.recording.summary import Summary
from streams.suppression.policy import Policy
from tests.oracle.generate import random_recording
from tests.oracle.toml_text import to_toml


class Outcome(NamedTuple):
    """All that a run says."""

    decisions: list[bytes]
    lists: list[bytes]
    counts: BacktestCounts
    summary: dict[str, Any]


def outcome(recording: Path, policy: Policy, *slices: PersonSlice) -> Outcome:
    """Run by these slices, one after the other."""
    run = Run([recording], [policy], Summary, decisions=True, lists=True)
    started = ParallelRun([InThisProcess(run, each) for each in slices])
    decisions: list[bytes] = []
    lists: list[bytes] = []
    started.read(lambda _: None)
    started.decide(lambda _: None, decisions.append)
    started.lists(lists.append)
    summary, counts = started.done()
    return Outcome(decisions, lists, counts, summary.__getstate__())


@given(seed=st.integers(0, 10_000), slices=st.integers(2, 5))
@settings(max_examples=40)
def test_any_number_of_slices_says_what_the_whole_says(seed: int, slices: int) -> None:
    lines, overrides = random_recording(seed, size=120)
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "random.jsonl")
        recording.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        policy = Policy.from_toml(to_toml(overrides)) if overrides else Policy.default()
        parts = [PersonSlice(number, slices) for number in range(slices)]
        assert outcome(recording, policy, *parts) == outcome(recording, policy, ALL_PERSONS)
