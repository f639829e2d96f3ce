"""Running the analysis of a report over a few lines."""

import pickle
from collections.abc import Iterable, Mapping
from typing import Any

from streams.recording.backtest import Backtest
from streams.recording.backtest_counts import BacktestCounts
from streams.recording.person_slice import PersonSlice
from streams.recording.report.analysis import ReportAnalysis
from streams.recording.report.figures import About, figures
from streams.suppression.policy import Policy
from tests.builders import recorded

Lines = Iterable[Mapping[str, Any]]


def analysed(
    lines: Lines, policy: Policy, slices: int = 1
) -> tuple[ReportAnalysis, BacktestCounts]:
    """What an analysis comes to, the persons shared out among so many and merged afterwards."""
    records = recorded(lines)
    tests = [Backtest(policy, persons=PersonSlice(number, slices)) for number in range(slices)]
    analyses = [ReportAnalysis(policy) for _ in tests]
    for test, analysis in zip(tests, analyses, strict=True):
        test.read(records, analysis.scan)
    clocks = [test.clocks() for test in tests]
    for number, (test, analysis) in enumerate(zip(tests, analyses, strict=True)):
        test.align(clocks[:number] + clocks[number + 1 :])
        for step in test.steps():
            analysis.observe(step)
        for _, current in test.lists_by_partition(0):
            analysis.add_list(0, current)
    counts = tests[0].counts
    for other in tests[1:]:
        counts.merge(other.counts)
    first, *others = (pickle.loads(pickle.dumps(analysis)) for analysis in analyses)
    for other in others:
        first.merge(other)
    return first, counts


def report(
    lines: Lines,
    policy: Policy | None = None,
    *,
    cpm: float | None = None,
    slices: int = 1,
) -> dict[str, Any]:
    """The figures of a report on these lines."""
    policy = policy or Policy.default()
    about = About(["lines.jsonl"], policy, "the test", cpm)
    return figures(about, *analysed(lines, policy, slices))
