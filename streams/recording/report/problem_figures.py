"""Figures on what was not right with the input."""

from collections import Counter
from typing import Any

from schemas.topics import PERSON_TOPICS
from streams.recording.backtest_counts import BacktestCounts
from streams.recording.report.input_problems import InputProblems
from streams.recording.report.time_figures import middle
from streams.suppression.product_ids import ProductIds


def problem_figures(
    inputs: InputProblems, product_ids: ProductIds, counts: BacktestCounts
) -> dict[str, Any]:
    """Dead letters by code; late and repeated events by topic; what was rerouted or not ours.

    And, of events in other formats, what was not read as it stands, the most frequent first; and
    by topic the ids of products that the catalog does not know, where there is one.
    """
    late: dict[str, Counter[int]] = {topic: Counter() for topic in PERSON_TOPICS}
    for (topic, seconds), count in inputs.late.items():
        late[topic][seconds] += count
    return {
        "dead_letters": dict(sorted(counts.dead.items())),
        "topics": [
            {
                "topic": topic,
                "events": inputs.events[topic],
                "late": late[topic].total(),
                "late_median_seconds": middle(late[topic]),
                "late_most_seconds": max(late[topic], default=None),
                "repeated": inputs.repeated[topic],
                "contradictions": counts.contradictions[topic],
            }
            for topic in PERSON_TOPICS
        ],
        "rerouted": counts.rerouted,
        "ignored": dict(sorted(counts.ignored.items())),
        "forgotten": dict(sorted(counts.forgotten.items())),
        "notes": counts.notes.ranked(),
        "product_ids": product_ids.figures(),
    }
