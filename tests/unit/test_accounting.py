"""What is counted of decisions and events, and when."""

from typing import Any

from schemas.outputs import Decision, SuppressedCandidate
from schemas.topics import RANKS
from streams.agents.accounting import LATE_MILLISECONDS, Accounting
from streams.agents.counts import SuppressCounts
from tests.builders import NOW, purchase

KEY = (NOW, RANKS["purchases"], 0)


def answer(reason: Any) -> SuppressedCandidate:
    return SuppressedCandidate("p", reason, "group", "p", NOW, None, ())


def test_candidates_are_counted_by_reason_when_their_checkpoint_is_committed() -> None:
    counts = SuppressCounts()
    accounting = Accounting(counts)
    suppressed = [answer("purchased"), answer("purchased"), answer("too_soon")]
    ghosted = [answer("lapsed")]
    accounting.decided(Decision("r", "ann", NOW, "default", suppressed, ["a", "b"], ghosted))
    assert not counts.suppressed
    accounting.committed(NOW + 20)
    accounting.committed(NOW + 40)
    assert counts.suppressed == {"purchased": 2, "too_soon": 1}
    assert counts.ghosted == {"lapsed": 1}
    assert counts.allowed == 2


def test_a_request_is_timed_until_its_commit_and_evidence_for_itself() -> None:
    counts = SuppressCounts()
    accounting = Accounting(counts)
    accounting.decided(Decision("r", "ann", NOW, "default", [], [], []))
    accounting.joined(KEY, purchase("p", ts=NOW))
    accounting.committed(NOW + 20)
    assert (sum(counts.decision_seconds.counts), counts.decision_seconds.total) == (1, 0.02)
    assert (sum(counts.list_seconds.counts), counts.list_seconds.total) == (1, 0.02)


def test_evidence_is_late_when_it_lies_far_behind_what_its_partition_had_shown() -> None:
    counts = SuppressCounts()
    accounting = Accounting(counts)
    accounting.joined(KEY, purchase("p", ts=NOW - LATE_MILLISECONDS))
    accounting.joined(KEY, purchase("p", ts=NOW - LATE_MILLISECONDS - 1))
    accounting.committed(NOW)
    assert counts.late == {"purchases": 1}
