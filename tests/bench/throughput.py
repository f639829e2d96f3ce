"""How many events a second, and what each costs: one worker, two, and rivals.

Everybody drains the same backlog on the same topics with the same join, the whole default policy,
state in RocksDB, changelog and output on; Unhaunt and Kafka Streams exactly once. They take turns
in every round, a ratio is one of the same round, and medians count. Stock Faust would need minutes,
so it gets the newest tenth: people of whom less is known, in its favour.

All of them share the machine with the broker, so what an event costs its worker in processor time
is the steadier figure, and what it costs the broker stands beside it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import find_spec
from statistics import median
from typing import Final

from streams.recording.files import RecordedRecord, read
from tests.bench.backlog import Backlog, Drained
from tests.bench.contenders import (
    FAUST,
    KAFKA_STREAMS,
    QUIX,
    TWO,
    UNHAUNT,
    Contender,
    kafka_streams,
    quix,
)
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.note import note
from tests.bench.real_workload import real
from tests.bench.workload import WITH_IMPRESSIONS, mixed
from tests.recorded_data import find_data

EVENTS: Final = 900_000
FEWER: Final = 300_000
"""Of what only one worker drains."""
PARTITIONS: Final = 8
AUCTIONS_REPEATED: Final = 8

GOALS: Final = {FAUST.name: Goal(20, 40), QUIX.name: Goal(4, 6), KAFKA_STREAMS: Goal(0.6, 1)}
SECOND_WORKER: Final = Goal(1.7, 1.9)
COST: Final = Goal(1.6, 1)
"""Of the worker's processor time an event against Kafka Streams'."""

Turns = dict[Contender, list[Drained]]
"""How each contender drained the backlog, round by round."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Drain every backlog in turns."""
    rivals = [FAUST, *quix(), *kafka_streams(bench.folder.parent)]
    records = mixed(round(bench.scale * EVENTS), PARTITIONS)
    found = take_turns(bench, records, [UNHAUNT, *rivals, TWO])
    for contender, turns in found.items():
        yield from of_one(contender.name, turns)
    for rival in rivals:
        against = ratio(found, UNHAUNT, rival)
        yield Figure(f"against {rival.name}", against, "x", GOALS[rival.name])
        goal = COST if rival.name == KAFKA_STREAMS else None
        against = ratio(found, UNHAUNT, rival, worker_cost)
        yield Figure(f"processor time an event against {rival.name}", against, "x", goal)
    yield Figure("two workers against one", ratio(found, TWO, UNHAUNT), "x", SECOND_WORKER)
    events = round(bench.scale * FEWER)
    more = mixed(events * 3 // 2, PARTITIONS, WITH_IMPRESSIONS)
    yield from alone(bench, "one worker, with impressions", more)
    yield from alone(bench, "one worker, the real workload", real(events, PARTITIONS))
    yield from skewed(bench)


def take_turns(
    bench: Bench, records: Iterable[RecordedRecord], contenders: Sequence[Contender]
) -> Turns:
    """Have all of them drain these records, one after the other, in each round."""
    folder = bench.folder / f"backlog-{len(list(bench.folder.iterdir()))}"
    backlog = Backlog(bench.kafka, folder, PARTITIONS, records)
    found: Turns = {contender: [] for contender in contenders}
    for _ in range(bench.rounds):
        for contender in contenders:
            found[contender].append(backlog.drain(contender))
    return found


def events_per_second(drained: Drained) -> float:
    """What `ratio` compares by default."""
    return drained.rate


def worker_cost(drained: Drained) -> float:
    """The other thing that `ratio` compares."""
    return drained.cost.worker


def ratio(
    found: Turns,
    one: Contender,
    other: Contender,
    of: Callable[[Drained], float] = events_per_second,
) -> float:
    """How many times as much one has as the other, the median of the rounds."""
    return median(of(a) / of(b) for a, b in zip(found[one], found[other], strict=True))


def of_one(name: str, turns: Sequence[Drained]) -> Iterator[Figure]:
    """What one contender came to."""
    yield Figure(name, median(turn.rate for turn in turns), "events/s")
    worker = median(turn.cost.worker for turn in turns)
    yield Figure(f"{name}: processor time an event", worker, "µs")
    broker = median(turn.cost.broker for turn in turns)
    yield Figure(f"{name}: the broker's an event", broker, "µs")


def alone(bench: Bench, name: str, records: Iterable[RecordedRecord]) -> Iterator[Figure]:
    """One worker on other records."""
    [turns] = take_turns(bench, records, [UNHAUNT]).values()
    yield from of_one(name, turns)


def skewed(bench: Bench) -> Iterator[Figure]:
    """One worker on Datacratic's auctions: real people and times, where the data is at hand."""
    auctions = find_data("datacratic_auctions.jsonl.xz")
    if auctions is None or find_spec("streams.recording.importing.datacratic") is None:
        note("Datacratic's key skew is left out; name the folder of its data in UNHAUNT_DATA")
        return
    from streams.recording.importing.datacratic import import_datacratic

    recording = bench.folder / "auctions.jsonl.zst"
    repeat = max(1, round(bench.scale * AUCTIONS_REPEATED))
    import_datacratic(auctions, recording, partitions=PARTITIONS, repeat=repeat)
    yield from alone(bench, "one worker, Datacratic's key skew", read([recording]))
