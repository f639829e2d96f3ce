"""Recordings of people with several ids say what a plain reading of SPEC 8 and 9 says.

None of their shares was recorded: they are derived, and each takes effect at once.
"""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.suppression import policy_document
from streams.suppression.policy import Policy
from tests import oracle
from tests.builders import NOW, backtest
from tests.oracle.linked import linked_recording

often = settings(max_examples=60, deadline=None)


@often
@given(st.integers(0, 2**32 - 1), st.sampled_from(["lasting", "final"]))
def test_every_decision_and_every_list_of_linked_ids_is_what_a_plain_recomputation_says(
    seed: int, kind: str
) -> None:
    lines, tables, partition_of = linked_recording(seed, kind=kind)
    lines += [last_request(lines, *each) for each in sorted(partition_of.items())]
    lines += [link("Guest", "a1"), link("u1", "ANONYMOUS")]
    expected = oracle.run(lines, tables)
    decisions, lists, counts = backtest(lines, Policy(policy_document.complete(tables)))
    assert decisions == expected.decisions
    assert some(lists) == some(expected.lists)
    assert sum(counts.dead.values()) == len(expected.dead) >= 2


def link(leaf: str, hub: str) -> dict[str, Any]:
    """A statement about an id that many have, so that it is refused."""
    said = {"event_id": f"{leaf} {hub}", "action": "linked", "person_id": hub}
    return {"topic": "identities", "key": leaf, "timestamp": NOW, "value": said}


def last_request(lines: list[dict[str, Any]], user_id: str, partition: int) -> dict[str, Any]:
    """So that every id has a record, by which its partition is known."""
    asked = {"request_id": f"last of {user_id}", "candidates": [{"product_id": "p1"}]}
    return {
        "topic": "impression-requests",
        "key": user_id,
        "timestamp": max((line["timestamp"] for line in lines), default=NOW),
        "partition": partition,
        "value": asked,
    }


def some(lists: dict[str, Any]) -> dict[str, Any]:
    """The lists that say anything."""
    return {
        user_id: each
        for user_id, each in lists.items()
        if each and (each["entries"] or each["granted"])
    }
