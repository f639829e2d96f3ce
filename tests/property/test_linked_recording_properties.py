"""Recordings of people with several ids say the same however many processes share the work."""

import tempfile
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.records import Event, Identity
from streams.kafka.partitioner import partition_of
from streams.recording.linked_ids import linked_ids
from streams.recording.person_slice import ALL_PERSONS, PersonSlice
from streams.suppression.policy import Policy
from tests.builders import DAY, NOW, dismissal, line, purchase, refund, request
from tests.linked import ids_of, shares_of
from tests.property.test_parallel_run_properties import Outcome, outcome

LEAVES = [f"device-{number}" for number in range(6)]
HUBS = [f"account-{number}" for number in range(3)]
YEARS = 400
"""Days in which claims end, and evidence is forgotten."""
WEEKS = 25
"""Days in which none is: what is forgotten by when something else arrives depends on the order."""
POLICY = Policy.default()


@st.composite
def events(draw: st.DrawFn, days: int) -> list[Event]:
    """Events and statements of a few people, in the order in which they arrive."""
    found: list[Event] = []
    for number in range(draw(st.integers(5, 40))):
        ts, user_id = NOW + draw(st.integers(0, days)) * DAY, draw(st.sampled_from(LEAVES + HUBS))
        name = f"e{number}"
        match draw(st.sampled_from(("said", "said", "bought", "back", "rejected", "asked"))):
            case "said":
                found.append(
                    Identity(
                        event_id=name,
                        user_id=draw(st.sampled_from(LEAVES)),
                        ts=ts,
                        action=draw(
                            st.sampled_from(("signed_in", "signed_out", "linked", "unlinked"))
                        ),
                        person_id=draw(st.sampled_from(HUBS)),
                        method=draw(st.sampled_from(("authenticated", "inferred"))),
                    )
                )
            case "bought":
                order_id = f"o{draw(st.integers(0, 3))}"
                found.append(
                    purchase("tv", event_id=name, order_id=order_id, ts=ts, user_id=user_id)
                )
            case "back":
                order_id = f"o{draw(st.integers(0, 3))}"
                found.append(refund(event_id=name, order_id=order_id, ts=ts, user_id=user_id))
            case "rejected":
                reason = draw(st.sampled_from(("opt_out_all", "not_interested")))
                target = {} if reason == "opt_out_all" else {"product_id": "mug"}
                found.append(dismissal(reason, event_id=name, ts=ts, user_id=user_id, **target))
            case _:
                found.append(request("tv", "mug", request_id=name, ts=ts, user_id=user_id))
    return found


def lines_of(happened: list[Event], partitions: int) -> list[dict[str, Any]]:
    """The lines of a recording; each record came at the newest time by then, so that it is late.

    Somebody asks in each partition, so that how many there are can be told.
    """
    names = [f"somebody{number}" for number in range(partitions)]
    everywhere = [
        request("tv", request_id=user_id, user_id=user_id) for user_id in ids_of(partitions, *names)
    ]
    lines, now = [], 0
    for event in (*everywhere, *happened):
        now = max(now, event.ts)
        home = partition_of(event.user_id.encode(), partitions)
        lines.append({**line(event, partition=home), "timestamp": now})
    return lines


def by_slices(lines: list[dict[str, Any]], slices: int) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "linked.jsonl")
        recording.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        ids = linked_ids([recording], {}, POLICY)
        parts = [PersonSlice(number, slices, ids) for number in range(slices)]
        return outcome(recording, POLICY, *(parts if slices > 1 else [ALL_PERSONS]))


@given(happened=events(YEARS), partitions=st.integers(1, 4), slices=st.integers(2, 4))
@settings(max_examples=60, deadline=None)
def test_any_number_of_slices_says_of_linked_ids_what_the_whole_says(
    happened: list[Event], partitions: int, slices: int
) -> None:
    lines = lines_of(happened, partitions)
    assert by_slices(lines, slices) == by_slices(lines, 1)


@given(happened=events(YEARS), partitions=st.integers(1, 4), slices=st.integers(2, 4))
@settings(max_examples=60, deadline=None)
def test_any_number_of_slices_says_the_same_of_recorded_shares(
    happened: list[Event], partitions: int, slices: int
) -> None:
    lines = lines_of(happened, partitions)
    lines += shares_of(lines, partitions)
    assert by_slices(lines, slices) == by_slices(lines, 1)


@given(happened=events(WEEKS), partitions=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_shares_that_were_recorded_lead_to_the_lists_that_made_ones_lead_to(
    happened: list[Event], partitions: int
) -> None:
    lines = lines_of(happened, partitions)
    recorded = by_slices([*lines, *shares_of(lines, partitions)], 1)
    assert recorded.lists == by_slices(lines, 1).lists
