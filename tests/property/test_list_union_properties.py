"""The lists of several ids together: the same in any order, and what a plain reader makes of them.

The lists are those of random recordings, with some of their entries said once more of another id in
other words.
"""

from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.outputs import SuppressionList
from schemas.records import Request
from streams.suppression import policy_document
from streams.suppression.list_union import union_of
from streams.suppression.policy import Policy
from tests.builders import as_json, backtest, decided_by_copies, groups_of
from tests.oracle.generate import random_recording
from tests.property import decider

seeds = st.integers(0, 2**32 - 1)
often = settings(max_examples=60, deadline=None)

Listed = dict[str, Any]


def lists_of(lines: list[dict[str, Any]], policy: Policy, random: Random) -> list[Listed]:
    """The lists at the end of a recording, and what other ids have in common with them."""
    _, lists, _ = backtest(lines, policy)
    published = [each for each in lists.values() if each and (each["entries"] or each["granted"])]
    return published + [said_again(each, random) for each in published]


def said_again(listed: Listed, random: Random) -> Listed:
    """The list of another id, with entries that are there too, by other events and prices."""
    entries = []
    for entry in listed["entries"]:
        if random.random() < 0.5:
            continue
        again = {**entry, "because": sorted(random.sample(["e1", "e2", "zoë"], 2))}
        if "price" in entry:
            again.pop(random.choice(["price", "currency", "neither"]), None)
        if "price" not in again:
            again.pop("currency", None)
        else:
            again["price"] = random.choice([again["price"], 1, 7.5])
            again |= random.choice([{}, {"currency": "EUR"}, {"currency": "USD"}])
        entries.append(again)
    return {**listed, "entries": entries}


@often
@given(seeds, st.randoms(use_true_random=False))
def test_whoever_holds_the_lists_of_several_ids_decides_as_a_plain_reader_of_them(
    seed: int, random: Random
) -> None:
    lines, tables = random_recording(seed)
    policy = Policy(policy_document.complete(tables or {}))
    lists = [None, *lists_of(lines, policy, random)]
    catalog, groups = groups_of(lines)
    requests = (each for events in groups.values() for each in events if isinstance(each, Request))
    for request, _ in zip(requests, range(20), strict=False):
        held = random.sample(lists, random.randint(1, min(4, len(lists))))
        copies = [{"list": each, "age": 0} for each in held]
        decision = decided_by_copies(request, copies, policy, catalog)
        together = decider.union(held)
        plain = decider.decide_from_list(request, together, policy, catalog.products)
        assert decision == plain


@often
@given(seeds, st.randoms(use_true_random=False))
def test_lists_together_are_the_same_in_any_order_however_often_and_in_whatever_parts(
    seed: int, random: Random
) -> None:
    lines, tables = random_recording(seed)
    policy = Policy(policy_document.complete(tables or {}))
    lists = msgspec.convert(lists_of(lines, policy, random), list[SuppressionList])
    if not lists:
        return
    shuffled = random.sample(lists, len(lists))
    part = random.randint(1, len(lists))
    in_parts = [union_of(shuffled[:part]), *shuffled[part:]]
    for again in (shuffled, [*lists, *shuffled], in_parts):
        assert content(again) == content(lists)


def content(lists: Any) -> Any:
    union = as_json(union_of(lists))
    return union["granted"], union["entries"]
