"""A deployment on the broker of the run, for one benchmark."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka.admin import AdminClient

from streams.settings import Settings
from tests.bench.figures import Bench
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment


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
