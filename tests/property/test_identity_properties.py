"""Random people with several ids: what counts for each is what a plain reading of SPEC 9 says.

The recordings (`tests.oracle.linked`) have sign-ins, sign-outs, links and their ends, late and
early, repeated and contradicted. Ids lie in 1 to 8 partitions, each a join of its own. A failing
seed is the whole of a bug report: all that is random follows from it.
"""

from collections.abc import Iterable
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.records import Candidate, Event, Identity, Request, Share
from streams.suppression.person import Person
from streams.suppression.stored import StoredPerson
from tests.builders import as_json
from tests.identities import Partitions, unlinked
from tests.oracle.persons import Persons
from tests.property.several_ids import Story, shuffled, story

seeds = st.integers(0, 2**32 - 1)
often = settings(max_examples=60, deadline=None)


# --- the oracle ----------------------------------------------------------------------------------


def expected(told: Story) -> tuple[list[Any], dict[str, Any]]:
    """The decisions at the end, and the lists."""
    persons = told.oracle()
    for _, plain in told.events:
        persons.apply(plain, told.partition_of[plain["user_id"]])
    asked = [plain for _, plain in told.requests()]
    for plain in asked:  # every clock has to be there before anybody is answered
        persons.apply(plain, told.partition_of[plain["user_id"]])
    decisions = [persons.apply(plain, told.partition_of[plain["user_id"]]) for plain in asked]
    return decisions, {user_id: persons.list_of(user_id) for user_id in told.partition_of}


def outcome(
    told: Story, there: Partitions, store: bool = False
) -> tuple[list[Any], dict[str, Any]]:
    """The same of partitions that everything was told to, with all shares carried.

    The lists are those that were published, where persons are to be stored.
    """
    come_to_the_end(told, there)
    there.settle(store)
    lists = dict(there.published) if store else there.lists()
    decisions = as_json([there.apply(request) for request, _ in told.requests()])
    for decision in decisions:
        del decision["as_of"]
    assert some(there.lists()) == some(lists)
    return decisions, lists


def come_to_the_end(told: Story, there: Partitions) -> None:
    """Let all clocks be where the last one is."""
    for join in there.joins:
        join.apply(Request(request_id="", user_id="nobody", ts=told.end, candidates=[]))


def some(lists: dict[str, Any]) -> dict[str, Any]:
    """The lists that say anything."""
    return {
        user_id: each
        for user_id, each in lists.items()
        if each and (each["entries"] or each["granted"])
    }


def agrees(told: Story, there: Partitions, store: bool = False) -> None:
    decisions, lists = outcome(told, there, store)
    expected_decisions, expected_lists = expected(told)
    assert some(lists) == some(expected_lists)
    assert decisions == expected_decisions


@often
@given(seeds)
def test_what_counts_for_every_id_is_what_the_rules_say_of_all_that_was_reported(
    seed: int,
) -> None:
    random = Random(seed)
    told = shuffled(story(seed), random)
    there, persons = told.partitions(), told.oracle()
    for event, plain in told.events:
        decision = persons.apply(plain, told.partition_of[event.user_id])
        for decided in there.tell(event):
            del decided["as_of"]
            assert decided == decision
        if random.random() < 0.3:
            assert_decided_alike(told.request(random, event.ts), there, persons)
    agrees(told, there)


def assert_decided_alike(
    asked: tuple[Request, dict[str, Any]], there: Partitions, persons: Persons
) -> None:
    """Whoever is asked has all claims at hand, which the next event has to bring up to date."""
    request, plain = asked
    decided = as_json(there.apply(request))
    del decided["as_of"]
    assert decided == persons.apply(plain, persons.partition_of[plain["user_id"]])


@often
@given(seeds)
def test_in_any_order_of_arrival_the_state_is_the_same_to_the_byte(
    seed: int,
) -> None:
    random = Random(seed)
    states = []
    for _ in range(2):
        told = shuffled(story(seed), random)
        there = told.partitions()
        for event, _ in told.events:
            there.apply(event)
        outcome(told, there)
        states.append(stored(there))
    assert states[0] == states[1]


def carry_somehow(
    told: Story, random: Random, so_many: int | None = None
) -> tuple[Partitions, list[list[Event | Share]]]:
    """Checkpoints, and deliveries of what stands before them, at random times.

    Returns the partitions with all that each of them took, in its order. After `so_many` events it
    stops, and some of what was sent has not arrived.
    """
    there = told.partitions()
    taken: list[list[Event | Share]] = [[] for _ in there.joins]
    for event, _ in told.events[:so_many]:
        taken[told.partition_of[event.user_id]].append(event)
        there.apply(event)
        if random.random() < 0.3:
            there.apply(told.request(random, event.ts)[0])
        while random.random() < 0.4:
            number = random.randrange(len(there.joins))
            if random.random() < 0.5:
                there.checkpoint(number)
            else:
                taken[number] += there.deliver(number, random.randint(1, 3))
    for _ in range(100 if so_many is None else 0):
        before = [len(records) for records in taken]
        for number in range(len(there.joins)):
            there.checkpoint(number)
            taken[number] += there.deliver(number)
        if not any(there.queues) and before == [len(records) for records in taken]:
            break
    return there, taken


@often
@given(seeds, st.sampled_from(["lasting", "crowded"]))
def test_shares_that_arrive_at_any_time_in_their_order_come_to_the_same(
    seed: int, kind: str
) -> None:
    random = Random(seed)
    told = shuffled(story(seed, kind), random)
    there, _ = carry_somehow(told, random)
    agrees(told, there, store=True)


@often
@given(seeds, st.sampled_from(["lasting", "crowded"]))
def test_a_policy_that_takes_the_place_of_another_is_the_one_that_counts_in_the_end(
    seed: int, kind: str
) -> None:
    random = Random(seed)
    told = shuffled(story(seed, kind), random)
    half = len(told.events) // 2
    there, _ = carry_somehow(told, random, so_many=half)
    told.change_identity(random, half)
    numbers = list(range(len(there.joins)))
    random.shuffle(numbers)
    for number in numbers:
        there.use(told.policy, number)
        somewhere = random.choice(numbers)
        there.deliver(somewhere, random.randint(0, 3))
        there.checkpoint(random.choice(numbers))
    for event, _ in told.events[half:]:
        there.apply(event)
    agrees(told, there, store=True)


# --- recordings ----------------------------------------------------------------------------------


@often
@given(seeds, st.sampled_from(["lasting", "crowded"]))
def test_a_recording_with_its_shares_says_what_was_said_then_and_one_without_comes_to_it(
    seed: int, kind: str
) -> None:
    random = Random(seed)
    told = story(seed, kind)
    there, taken = carry_somehow(told, random)
    replayed = told.partitions()
    for records in taken:
        for record in records:
            replayed.apply(record)
    derived = told.partitions()
    for event, _ in told.events:
        derived.apply(event)
        derived.settle()
    for each in (there, replayed, derived):
        come_to_the_end(told, each)
    assert stored(replayed) == stored(derived) == stored(there)
    assert some(replayed.lists()) == some(derived.lists()) == some(there.lists())


def stored(there: Partitions) -> dict[str, bytes]:
    """The state of every id of which there is one."""
    for join in there.joins:
        for user_id in list(join.persons):
            join.review(user_id)
        for _ in join.checkpoint():
            pass
    return {
        user_id: person.to_bytes()
        for join in there.joins
        for user_id, person in join.persons.items()
        if person
    }


LINKS = StoredPerson.__struct_fields__.index("links")

# --- taken back ----------------------------------------------------------------------------------


def without_links(events: Iterable[tuple[Event, Any]]) -> list[Event]:
    """The same with a request that asks for nothing in place of each statement, for the clocks."""
    return [
        Request(
            request_id="", user_id=event.user_id, ts=event.ts, candidates=[Candidate("nothing")]
        )
        if isinstance(event, Identity)
        else event
        for event, _ in events
    ]


def take_back_all(told: Story, there: Partitions) -> None:
    pairs = {
        (event.user_id, event.person_id)
        for event, _ in told.events
        if isinstance(event, Identity) and event.person_id is not None
    }
    for leaf, hub in sorted(pairs):
        there.apply(unlinked(leaf, hub, ts=told.end))


@often
@given(seeds, st.sampled_from(["lasting", "crowded", "expiring"]))
def test_who_was_linked_and_unlinked_again_is_to_the_byte_as_if_that_had_never_been(
    seed: int, kind: str
) -> None:
    random = Random(seed)
    told = story(seed, kind)
    there, _ = carry_somehow(told, random)
    take_back_all(told, there)
    _, lists = outcome(told, there, store=True)
    never = told.partitions()
    for event in without_links(told.events):
        never.apply(event)
    _, lists_of_never = outcome(told, never, store=True)
    assert some(lists) == some(lists_of_never)
    assert but_for_statements(there) == but_for_statements(never)


def but_for_statements(there: Partitions) -> dict[str, Any]:
    """The state of every id of whom more is known than statements, and without these."""
    states = {user_id: msgspec.msgpack.decode(each) for user_id, each in stored(there).items()}
    for state in states.values():
        links = state[LINKS]
        if links is not None:
            statements, from_hubs, leaves, refused, _, waiting, _ = links
            assert statements
            assert not from_hubs
            assert not leaves
            assert not refused
            assert not waiting
        state[LINKS] = None
    nobody = msgspec.msgpack.decode(Person().to_bytes())
    return {user_id: state for user_id, state in states.items() if state != nobody}


# --- what is over --------------------------------------------------------------------------------


@often
@given(seeds)
def test_what_is_over_goes_everywhere_and_what_is_not_stays(seed: int) -> None:
    random = Random(seed)
    told = story(seed, "final")
    there, _ = carry_somehow(told, random)
    _, lists = outcome(told, there, store=True)
    _, expected_lists = expected(told)
    assert in_force(lists, told.end) == in_force(expected_lists, told.end)


def in_force(lists: dict[str, Any], now: int) -> dict[str, Any]:
    """What the lists hold against people from now on."""
    return {
        user_id: (
            each["granted"],
            [entry for entry in each["entries"] if entry["until"] is None or entry["until"] > now],
        )
        for user_id, each in some(lists).items()
    }
