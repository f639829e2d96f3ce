"""A deployment on the broker of the run, and how fast its backlog is worked off."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic, sleep

from confluent_kafka.admin import AdminClient

from streams.operations.worker_process import WorkerProcess
from streams.settings import Settings
from tests.bench.figures import Bench
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment

WARM_UP = 0.1
"""This share of a backlog is worked off before the rate counts."""
SAMPLE_SECONDS = 0.1
STILL_SECONDS = 120
"""For so long nothing at all may be worked off before the benchmark fails."""

Samples = Sequence[tuple[float, float]]
"""When something was looked at, in seconds, and the share of the work that was done then."""


@contextmanager
def deployed(bench: Bench, name: str, partitions: int, policy: str = "") -> Iterator[Deployment]:
    """A deployment of its own; at the end its topics go, lest their cleaning disturb the next."""
    folder = bench.folder / name
    folder.mkdir()
    deployment = Deployment(settings_of(bench.kafka.address, folder), partitions, policy)
    try:
        yield deployment
    finally:
        deployment.close()
        delete_topics(deployment.settings)


def delete_topics(settings: Settings) -> None:
    """Delete what a deployment of a name of its own has on the broker."""
    admin = AdminClient({"bootstrap.servers": settings.brokers, "log_level": 0})
    names = admin.list_topics(timeout=30).topics
    own = [name for name in names if name.startswith(settings.application)]
    for deleted in admin.delete_topics(own).values():
        deleted.result(30)


def drain(deployment: Deployment, worker: WorkerProcess) -> Samples:
    """Wait until all that was loaded is committed, and note how that went on."""
    samples = [(monotonic(), 0.0)]
    moved = monotonic()
    while samples[-1][1] < 1:
        worker.check()
        sleep(SAMPLE_SECONDS)
        now, done = monotonic(), deployment.consumed()
        if done > samples[-1][1]:
            moved = now
        elif now - moved > STILL_SECONDS:
            raise TimeoutError(f"the worker stands still at {done:.1%} of its backlog")
        samples.append((now, done))
    return samples


def rate(samples: Samples, events: int, warm_up: float = WARM_UP) -> float:
    """Events a second, without the start of the process and what comes before it is warm."""
    ended, _ = next(sample for sample in samples if sample[1] == samples[-1][1])
    counted = [sample for sample in samples if sample[1] >= warm_up]
    began, done = counted[0]
    if ended <= began:
        raise ValueError("the backlog is too small for a rate: raise --scale")
    return (samples[-1][1] - done) * events / (ended - began)
