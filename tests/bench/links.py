"""What links between ids cost: one person in ten with four ids, against nobody linked.

Both have the same events on the same ids; the one has statements before them that link these. One
worker drains both in turns, and an event of either is one that is no statement. Then both go
through the domain without a broker (`links_in_process`), and so does a crowd in which everybody has
four ids. Who has no links is to pay nothing: so the bare workload takes turns with the program
before there were any.
"""

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Final

from streams.recording.files import RecordedRecord, Writer
from tests.bench import join
from tests.bench.backlog import Backlog, Drained
from tests.bench.builds import builds, earlier
from tests.bench.contenders import UNHAUNT
from tests.bench.domain import new_join
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.in_process import collecting_nothing
from tests.bench.linked_workload import ONE_IN, of_several_ids, statements
from tests.bench.links_in_process import PARTITIONS, PARTS, Cost, Partitions
from tests.bench.rate import Cost as DrainingCost
from tests.bench.throughput import EVENTS, FEWER, events_per_second, of_one, worker_cost
from tests.bench.workload import REFERENCE, WITH_IMPRESSIONS, mixed

IN_PROCESS: Final = 100_000
IMPRESSIONS_SHARED: Final = "[identity]\nimpressions = true\n"
BEFORE_LINKS: Final = "2fffb2058d318cfdbbda7f8b99a7121aa6f17b2e"
"""The last commit without them."""

GOAL: Final = Goal(0.8, 1)
"""Of the throughput with links against without."""
COSTS_NOTHING: Final = Goal(0.95, 1)
"""How fast it is for who has no links, as it was before there were any."""

NONE: Final = "nobody linked"
SOME: Final = "one person in ten linked"
ALL: Final = "everybody linked"


def measure(bench: Bench) -> Iterator[Figure]:
    """On a broker, then without one, then against the program before."""
    yield from drained(bench, "bare", round(bench.scale * EVENTS), REFERENCE, "", GOAL)
    fewer, shared = round(bench.scale * FEWER * 3 / 2), IMPRESSIONS_SHARED
    yield from drained(bench, "with impressions", fewer, WITH_IMPRESSIONS, shared, None)
    yield from in_process(bench, "bare", REFERENCE, "")
    yield from in_process(bench, "with impressions", WITH_IMPRESSIONS, IMPRESSIONS_SHARED)
    yield from against_before(bench)


def drained(
    bench: Bench, mix_name: str, events: int, mix: dict[str, int], policy: str, goal: Goal | None
) -> Iterator[Figure]:
    """One worker drains both backlogs, in turns.

    There have to be many events: that ids share all they have when they are linked is not to count.
    """
    backlogs = {
        name: Backlog(
            bench.kafka, bench.folder / f"{mix_name}, {name}", PARTITIONS, records, policy
        )
        for name, records in {
            NONE: of_several_ids(events, PARTITIONS, mix),
            SOME: linked(events, mix, ONE_IN),
        }.items()
    }
    found: dict[str, list[Drained]] = {name: [] for name in backlogs}
    for _ in range(bench.rounds):
        for name, backlog in backlogs.items():
            found[name].append(but_statements(backlog.drain(UNHAUNT), events, backlog.events))
    for name, turns in found.items():
        yield from of_one(f"{mix_name}, {name}", turns)
    pairs = list(zip(found[SOME], found[NONE], strict=True))
    what = f"{mix_name}, {SOME} against nobody"
    ratios = [events_per_second(some) / events_per_second(none) for some, none in pairs]
    yield Figure(what, median(ratios), "x", goal)
    costs = [worker_cost(some) / worker_cost(none) for some, none in pairs]
    yield Figure(f"{what}: processor time an event", median(costs), "x")


def linked(events: int, mix: dict[str, int], one_in: int) -> Iterator[RecordedRecord]:
    """The statements, then the events."""
    yield from statements(PARTITIONS, one_in)
    yield from of_several_ids(events, PARTITIONS, mix, one_in)


def but_statements(turn: Drained, events: int, records: int) -> Drained:
    """The same by events that are no statements, of which the first tenth, uncounted, has all."""
    share = events / records
    cost = DrainingCost(turn.cost.worker / share, turn.cost.broker / share)
    return Drained(turn.rate * share, cost, turn.samples)


def in_process(bench: Bench, mix_name: str, mix: dict[str, int], policy: str) -> Iterator[Figure]:
    """One person in ten has four ids, then everybody; linked and not, in turns."""
    events = round(bench.scale * IN_PROCESS) * sum(mix.values()) // sum(REFERENCE.values())
    for name, one_in in ((SOME, ONE_IN), (ALL, 1)):
        found: dict[str, list[Cost]] = {NONE: [], name: []}
        with collecting_nothing():
            for _ in range(bench.rounds):
                for links, turns in found.items():
                    turns.append(cost(events, mix, policy, one_in, links != NONE))
        yield from figures(f"without a broker, {mix_name}", name, found)


def cost(events: int, mix: dict[str, int], policy: str, one_in: int, are_linked: bool) -> Cost:
    """What an event costs where one in so many people has four ids."""
    partitions = Partitions([new_join(policy=policy) for _ in range(PARTITIONS)])
    if are_linked:
        partitions.work_off(statements(PARTITIONS, one_in))
    return partitions.work_off(of_several_ids(events, PARTITIONS, mix, one_in))


def figures(what: str, linked: str, found: Mapping[str, list[Cost]]) -> Iterator[Figure]:
    """Medians of those who are linked, and the ratio to nobody within each round."""
    for part in (*PARTS, "total"):
        spent = median(getattr(turn, part) for turn in found[linked])
        yield Figure(f"{what}, {linked}: {part}", spent, "µs")
    shares = median(turn.shares for turn in found[linked])
    yield Figure(f"{what}, {linked}: shares an event", shares, "shares")
    pairs = zip(found[linked], found[NONE], strict=True)
    ratio = median(some.total / none.total for some, none in pairs)
    yield Figure(f"{what}, {linked} against nobody: processor time", ratio, "x")


def against_before(bench: Bench) -> Iterator[Figure]:
    """How fast the join is where nobody is linked, as it was before there were links."""
    recording = bench.folder / "bare.jsonl"
    with Writer(recording) as writer:
        for record in mixed(round(bench.scale * IN_PROCESS), 1):
            writer.write(record)
    interpreted = builds()[-1]
    at_work = [interpreted, *earlier(bench.folder.parent, BEFORE_LINKS)]
    turns = join.take_turns(at_work, recording, bench.rounds)
    yield from join.compared(NONE, turns, "interpreted", "before", COSTS_NOTHING)
