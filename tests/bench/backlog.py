"""A deployment on the broker of the run, whose backlog is worked off."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from confluent_kafka.admin import AdminClient

from streams.settings import Settings
from streams.supervision.worker_process import WorkerProcess
from tests.bench.figures import Bench
from tests.bench.rate import Sample
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment

SAMPLE_SECONDS = 0.1
STILL_SECONDS = 120
"""For so long nothing at all may be worked off before the benchmark fails."""


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
    admin = AdminClient({"bootstrap.servers": settings.kafka.brokers, "log_level": 0})
    names = admin.list_topics(timeout=30).topics
    own = [name for name in names if name.startswith(settings.application)]
    for deleted in admin.delete_topics(own).values():
        deleted.result(30)


def drain(deployment: Deployment, worker: WorkerProcess) -> list[Sample]:
    """Wait until all that was loaded is committed, and note how that went on."""
    samples = [Sample(monotonic(), 0.0)]
    moved = monotonic()
    while samples[-1].done < 1:
        worker.check()
        sleep(SAMPLE_SECONDS)
        now, done = monotonic(), deployment.consumed()
        if done > samples[-1].done:
            moved = now
        elif now - moved > STILL_SECONDS:
            raise TimeoutError(f"the worker stands still at {done:.1%} of its backlog")
        samples.append(Sample(now, done))
    return samples
