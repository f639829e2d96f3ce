"""The bound on one person's evidence, for those who are no person: a bot, or a shared test id.

Nobody buys or rejects so much that this is reached; what would be kept of somebody who does is a
matter of the order of arrival, which SPEC 6 fixes. Every fact that is forgotten is counted.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from streams.suppression.evidence import Evidence

MOST_FACTS: Final = 10_000
"""So many facts of one kind are kept of a person."""

ROOM: Final = 1_000
"""So many are forgotten at once when there are more, so that it is seldom."""

Key = TypeVar("Key")
Fact = TypeVar("Fact")


def forget_surplus(evidence: Evidence) -> int:
    """Forget the oldest facts where there are too many of a kind; returns how many.

    A person's wish to be left alone is the last to go.
    """
    return (
        _keep_newest(evidence.lines, lambda line: line.ts)
        + _keep_newest(evidence.refunds, lambda refund: refund.ts)
        + _keep_newest(evidence.voided, lambda ts: ts)
        + _keep_newest(evidence.dismissals, lambda said: (said.reason == "opt_out_all", said.ts))
        + _keep_newest(evidence.restorations, lambda said: said.ts)
        + _keep_newest(evidence.impressions, lambda ts: ts)
    )


def _keep_newest(facts: dict[Key, Fact], age: Callable[[Fact], Any]) -> int:
    if len(facts) <= MOST_FACTS:
        return 0
    surplus = len(facts) - MOST_FACTS + ROOM
    for key, _ in sorted(facts.items(), key=lambda item: (age(item[1]), item[0]))[:surplus]:
        del facts[key]
    return surplus
