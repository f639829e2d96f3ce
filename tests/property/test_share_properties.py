"""Properties of runs by shares: however many there are, they come to the same."""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.recording.backtest import WHOLE, BacktestCounts, Share
from streams.recording.parallel.share_run import Run
from streams.recording.parallel.shares import InThisProcess, Shares
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


def outcome(recording: Path, policy: Policy, *shares: Share) -> Outcome:
    """Run by these shares, one after the other."""
    run = Run([recording], [policy], Summary, decisions=True, lists=True)
    started = Shares([InThisProcess(run, share) for share in shares])
    decisions: list[bytes] = []
    lists: list[bytes] = []
    started.read(lambda _: None)
    started.decide(lambda _: None, decisions.append)
    started.lists(lists.append)
    summary, counts = started.done()
    said = {name: value for name, value in vars(summary).items() if not name.startswith("_")}
    return Outcome(decisions, lists, counts, said)


@given(seed=st.integers(0, 10_000), shares=st.integers(2, 5))
@settings(max_examples=40)
def test_any_number_of_shares_says_what_the_whole_says(seed: int, shares: int) -> None:
    lines, overrides = random_recording(seed, size=120)
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "random.jsonl")
        recording.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        policy = Policy.from_toml(to_toml(overrides)) if overrides else Policy.default()
        parts = [Share(number, shares) for number in range(shares)]
        assert outcome(recording, policy, *parts) == outcome(recording, policy, WHOLE)
