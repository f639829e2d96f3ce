"""How many events a second: one worker, beside stock Faust and Quix Streams, and two workers.

Everybody drains the same backlog on the same topics with the same join, the whole default policy,
state in RocksDB, changelog and output on; Unhaunt as it comes, exactly once. They take turns in
every round, a ratio is one of the same round, and medians count. Stock Faust would need minutes,
so it gets the newest fifth: people of whom less is known, in its favour.
"""

from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from statistics import median
from typing import Final

from streams.recording.files import RecordedRecord, read
from tests.bench.draining import Backlog, Contender, note
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.workload import WITH_IMPRESSIONS, mixed
from tests.recorded_data import find_data

EVENTS: Final = 300_000
PARTITIONS: Final = 8
AUCTIONS_REPEATED: Final = 8

UNHAUNT: Final = Contender("one worker")
TWO: Final = Contender("two workers", processes=2)
FAUST: Final = Contender("stock Faust", ("-m", "tests.bench.rivals.stock_faust"), share=0.2)
QUIX: Final = Contender("Quix Streams", ("-m", "tests.bench.rivals.quix"))
GOALS: Final = {FAUST: Goal(20, 40), QUIX: Goal(2.5, 5)}
SECOND_WORKER: Final = Goal(1.7, 1.9)

Rates = dict[Contender, list[float]]
"""Events per second of each contender, round by round."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Drain every backlog in turns."""
    events = round(bench.scale * EVENTS)
    rivals = [FAUST, *quix()]
    found = take_turns(bench, mixed(events, PARTITIONS), [UNHAUNT, *rivals, TWO])
    yield from (Figure(who.name, median(rates), "events/s") for who, rates in found.items())
    for rival in rivals:
        yield Figure(f"against {rival.name}", ratio(found, UNHAUNT, rival), "x", GOALS[rival])
    yield Figure("two workers against one", ratio(found, TWO, UNHAUNT), "x", SECOND_WORKER)
    more = mixed(events * 3 // 2, PARTITIONS, WITH_IMPRESSIONS)
    yield alone(bench, "one worker, with impressions", more)
    yield from skewed(bench)


def take_turns(
    bench: Bench, records: Iterable[RecordedRecord], contenders: Sequence[Contender]
) -> Rates:
    """Have all of them drain these records, one after the other, in each round."""
    folder = bench.folder / f"backlog-{len(list(bench.folder.iterdir()))}"
    backlog = Backlog(bench.kafka.address, folder, PARTITIONS, records)
    found: Rates = {contender: [] for contender in contenders}
    for _ in range(bench.rounds):
        for contender in contenders:
            found[contender].append(backlog.drain(contender))
    return found


def ratio(found: Rates, one: Contender, other: Contender) -> float:
    """How many times as fast, the median of the rounds."""
    return median(a / b for a, b in zip(found[one], found[other], strict=True))


def quix() -> list[Contender]:
    """Quix Streams, where it is installed."""
    if find_spec("quixstreams") is not None:
        return [QUIX]
    note("Quix Streams is left out; python -m pip install -e '.[bench]' brings it")
    return []


def alone(bench: Bench, name: str, records: Iterable[RecordedRecord]) -> Figure:
    """One worker on other records."""
    [rates] = take_turns(bench, records, [UNHAUNT]).values()
    return Figure(name, median(rates), "events/s")


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
    yield alone(bench, "one worker, Datacratic's key skew", read([recording]))
