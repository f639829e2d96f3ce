"""Decisions and lists of random recordings: right, and the same however they come about.

The recordings are adversarial (`tests.oracle.generate`): ties, repeats, late and early events,
refunds before purchases, invalid records, and policies of every kind. Hypothesis draws the seeds.
A failing seed is the whole of a bug report: `random_recording(seed)` is the recording.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.records import Event, Request
from streams.suppression import policy_document
from streams.suppression.catalog import Catalog
from streams.suppression.join import Join
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from tests import oracle
from tests.builders import as_json, backtest, decided_by_list, groups_of
from tests.oracle.generate import random_recording
from tests.property import decider

seeds = st.integers(0, 2**32 - 1)
often = settings(max_examples=60, deadline=None)

Lines = list[dict[str, Any]]
Lists = dict[str, dict[str, Any] | None]


def recording(seed: int) -> tuple[Lines, Policy]:
    lines, tables = random_recording(seed)
    return lines, Policy(policy_document.complete(tables or {}))


def non_empty(lists: Lists) -> Lists:
    """The lists that say anything.

    A person without entries and grants has an empty list in a backtest's outcome and a null one
    in the oracle's; a person whose evidence is gone has none in the first, a null in the second.
    """
    return {user_id: each for user_id, each in lists.items() if each and any_content(each)}


def any_content(listed: dict[str, Any]) -> bool:
    return bool(listed["entries"] or listed["granted"])


# --- the oracle ----------------------------------------------------------------------------------


@often
@given(seeds)
def test_every_decision_and_every_list_is_what_a_plain_recomputation_says(seed: int) -> None:
    lines, tables = random_recording(seed)
    expected = oracle.run(lines, tables)
    decisions, lists, counts = backtest(lines, Policy(policy_document.complete(tables or {})))
    assert decisions == expected.decisions
    assert non_empty(lists) == non_empty(expected.lists)
    assert sum(counts.dead.values()) == len(expected.dead)
    for code in {code for _, code in expected.dead}:
        assert counts.dead[code] == [code for _, code in expected.dead].count(code)


# --- arrival -------------------------------------------------------------------------------------


def interleaved(lines: Lines, random: Random) -> Lines:
    """The same recording with its topics and partitions mixed anew, each in its own order."""
    streams = defaultdict(list)
    for line in lines:
        streams[line["topic"], line.get("partition", 0)].append(line)
    turns = [stream for stream in streams.values() for _ in stream]
    random.shuffle(turns)
    return [stream.pop(0) for stream in turns]


@often
@given(seeds, st.randoms(use_true_random=False))
def test_how_topics_and_partitions_arrive_among_each_other_makes_no_difference(
    seed: int, random: Random
) -> None:
    lines, policy = recording(seed)
    decisions, lists, _ = backtest(lines, policy)
    again, lists_again, _ = backtest(interleaved(lines, random), policy)
    assert again == decisions
    assert lists_again == lists


# --- settling ------------------------------------------------------------------------------------

Settle = Callable[[Join], Lists]


def settle(join: Join) -> Lists:
    return {user_id: as_json(listed) for user_id, _, listed in join.prepare()}


def settle_like_a_worker(join: Join) -> Lists:
    """Look at whoever is due, store everybody, forget who has nothing left, read back the rest."""
    for user_id, person in join.persons.items():
        if person.due is not None and join.newest is not None and person.due <= join.newest:
            join.review(user_id)
    lists = settle(join)
    stored = {
        user_id: person.to_bytes() for user_id, person in join.persons.items() if person.evidence
    }
    join.persons = {user_id: Person.from_bytes(data) for user_id, data in stored.items()}
    return lists


def outcome(
    events: Iterable[Event], policy: Policy, catalog: Catalog, settle_after: Callable[[int], bool]
) -> tuple[list[Any], Lists, dict[str, bytes]]:
    """Decisions, final lists and final state of one partition."""
    join = Join(policy, catalog)
    decisions = []
    for number, event in enumerate(events):
        decisions.append(as_json(join.apply(event)))
        if settle_after(number):
            settle_like_a_worker(join)
    for user_id in join.persons:
        join.review(user_id)
    lists = settle(join)
    state = {
        user_id: person.to_bytes() for user_id, person in join.persons.items() if person.evidence
    }
    return decisions, non_empty(lists), state


@often
@given(seeds)
def test_pruning_storing_and_reading_back_after_every_record_makes_no_difference(
    seed: int,
) -> None:
    lines, policy = recording(seed)
    catalog, groups = groups_of(lines)
    for events in groups.values():
        each_time = outcome(events, policy, catalog, lambda number: True)
        in_the_end = outcome(events, policy, catalog, lambda number: False)
        assert each_time == in_the_end


@often
@given(seeds, st.sets(st.integers(0, 150)))
def test_where_the_checkpoints_fall_makes_no_difference(seed: int, checkpoints: set[int]) -> None:
    lines, policy = recording(seed)
    catalog, groups = groups_of(lines)
    for events in groups.values():
        here_and_there = outcome(events, policy, catalog, checkpoints.__contains__)
        in_the_end = outcome(events, policy, catalog, lambda number: False)
        assert here_and_there == in_the_end


# --- the published list --------------------------------------------------------------------------


def reaches(asked: Request, listed: dict[str, Any] | None, newest: int | None) -> bool:
    """Whether a list can answer a request: one before its time asks for claims that have ended.

    A tombstone has no time; it says that by the partition's newest event time nothing was left.
    """
    if listed is not None:
        return asked.ts >= listed["ts"]
    return newest is None or asked.ts >= newest


@often
@given(seeds)
def test_whoever_holds_the_list_the_policy_and_the_catalog_comes_to_the_same_decision(
    seed: int,
) -> None:
    lines, policy = recording(seed)
    for asked in asked_of_lists(lines, policy):
        request, listed, catalog, decision = asked
        assert decided_by_list(request, listed, policy, catalog) == decision
        assert decider.decide_from_list(request, listed, policy, catalog.products) == decision


class Asked(NamedTuple):
    """A request, the list that stands when it comes, and the decision from the state."""

    request: Request
    listed: dict[str, Any] | None
    catalog: Catalog
    decision: dict[str, Any]


def asked_of_lists(lines: Lines, policy: Policy) -> Iterator[Asked]:
    """The requests of a recording that the lists of their time can answer."""
    catalog, groups = groups_of(lines)
    for events in groups.values():
        join = Join(policy, catalog)
        published: Lists = {}
        for event in events:
            if isinstance(event, Request):
                if event.user_id in join.persons:
                    join.review(event.user_id)
                published |= settle(join)
                listed, newest = published.get(event.user_id), join.newest
                decision = as_json(join.apply(event))
                if reaches(event, listed, newest):
                    del decision["as_of"]
                    yield Asked(event, listed, catalog, decision)
            else:
                join.apply(event)


def shown(decision: dict[str, Any]) -> set[str]:
    return set(decision["allowed"])


@often
@given(seeds, st.sampled_from(["closed", "open"]))
def test_a_stale_list_shows_no_more_where_reasons_fail_closed_and_no_less_where_open(
    seed: int, fails: str
) -> None:
    lines, policy = recording(seed)
    stale = {reason: {"seconds": 1, "fails": fails} for reason in policy.document["stale"]}
    policy = Policy({**policy.document, "stale": stale})
    for request, listed, catalog, decision in asked_of_lists(lines, policy):
        aged = decided_by_list(request, listed, policy, catalog, age=1)
        less, more = sorted([shown(decision), shown(aged)], key=len)
        assert less <= more
        assert (shown(aged) if fails == "closed" else shown(decision)) <= less
