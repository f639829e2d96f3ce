"""What a deployment costs its broker when nothing happens, and at a tenth of what a worker bears.

Unhaunt and Kafka Streams, with the same interval between commits, take turns: a backlog is drained,
then nothing comes for a while, then the reference mix as it is due. Nobody reads what comes out.
"""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from statistics import median
from time import monotonic, time
from typing import NamedTuple

from streams.supervision.worker_process import WorkerProcess
from tests.bench.contenders import UNHAUNT, Contender, kafka_streams
from tests.bench.deployed import deployed
from tests.bench.draining import Draining
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.latency import shifted
from tests.bench.live import Load, send
from tests.bench.processor import Use, readings_until, use
from tests.bench.rate import rate
from tests.bench.transactions import Ends, TransactionLog
from tests.bench.workload import Crowd, mixed
from tests.integration.deployment import Deployment

PARTITIONS = 8
BACKLOG = 300_000
SECONDS = 20.0
"""Of nothing, and of the load."""
LEAST_SECONDS = 3.0
WARM_UP_SECONDS = 5.0
"""At the beginning of either, in which nothing counts."""
SHARE = 0.1
IDLE, LOADED = "idle", "at a tenth of the rate"
GOAL = Goal(1, 0.5)


class Burden(NamedTuple):
    """What a contender made of a stretch of time."""

    use: Use
    transactions: float
    """That were committed each second."""


Burdens = dict[str, list[Burden]]
"""By what happened, round by round."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Take turns; the load is a tenth of what Unhaunt's worker drained at first."""
    contenders = [UNHAUNT, *kafka_streams(bench.folder.parent)]
    found: dict[Contender, Burdens] = {each: defaultdict(list) for each in contenders}
    full_rate: float | None = None
    for turn in range(bench.rounds):
        for number, contender in enumerate(contenders):
            with deployed(bench, f"{turn}-{number}", PARTITIONS) as deployment:
                events = round(BACKLOG * bench.scale)
                deployment.load(shifted(mixed(events, PARTITIONS)))
                draining = Draining(bench.kafka, deployment, contender)
                with deployment.worker(program=contender.program) as worker:
                    drained = rate(draining.wait(worker), events)
                    full_rate = full_rate or drained
                    found[contender][IDLE].append(rest(bench, worker))
                    burden = bear(bench, deployment, worker, full_rate * SHARE)
                    found[contender][LOADED].append(burden)
    yield from figures(found)


def figures(found: dict[Contender, Burdens]) -> Iterator[Figure]:
    """Medians, and the broker's use against Kafka Streams' within the rounds."""
    for contender, by_what in found.items():
        for what, burdens in by_what.items():
            name = f"{contender.name}, {what}"
            broker = median(burden.use.broker for burden in burdens)
            yield Figure(f"{name}: processor time of the broker", broker, "ms/s")
            worker = median(burden.use.worker for burden in burdens)
            yield Figure(f"{name}: processor time of the worker", worker, "ms/s")
            transactions = median(burden.transactions for burden in burdens)
            yield Figure(f"{name}: transactions", transactions, "1/s")
    unhaunt, *rivals = found.values()
    for rival in rivals:
        for what, burdens in unhaunt.items():
            pairs = zip(burdens, rival[what], strict=True)
            ratio = median(ours.use.broker / theirs.use.broker for ours, theirs in pairs)
            yield Figure(f"{what}: the broker's, against Kafka Streams'", ratio, "x", GOAL)


def rest(bench: Bench, worker: WorkerProcess) -> Burden:
    """What a worker costs that has nothing to do."""
    since = monotonic() + WARM_UP_SECONDS
    until = since + max(LEAST_SECONDS, SECONDS * bench.scale)
    with closing(TransactionLog(bench.kafka.address)) as log:
        before = log.ends()
        readings = readings_until(lambda: monotonic() > until, worker, bench.kafka)
        return burden(log, before, use(readings, since, until), since, until)


def bear(bench: Bench, deployment: Deployment, worker: WorkerProcess, rate: float) -> Burden:
    """What it costs while events come."""
    seconds = WARM_UP_SECONDS + max(LEAST_SECONDS, SECONDS * bench.scale)
    load = Load(deployment.settings, PARTITIONS, rate, seconds, first=100_000_000, crowd=Crowd())
    with (
        closing(TransactionLog(bench.kafka.address)) as log,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
    ):
        before = log.ends()
        sending = pool.submit(send, load)
        readings = readings_until(sending.done, worker, bench.kafka)
        began = sending.result().began
        since, until = began + WARM_UP_SECONDS, began + seconds
        return burden(log, before, use(readings, since, until), since, until)


def burden(log: TransactionLog, before: Ends, used: Use, since: float, until: float) -> Burden:
    """With the transactions between two times of the monotonic clock."""
    ahead = time() - monotonic()
    committed = sum(since <= at - ahead <= until for at in log.commits(before))
    return Burden(used, committed / (until - since))
