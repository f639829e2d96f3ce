"""What tests of several folders share."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

import schemas
import streams
from tests.compiled_modules import are_outdated
from tests.kafka.cluster import KafkaCluster
from tests.kafka.installation import require_kafka


def pytest_configure() -> None:
    """Refuse to test compiled modules of sources that have changed since."""
    folders = [*schemas.__path__, *streams.__path__]
    if are_outdated(map(Path, folders)):
        raise pytest.UsageError(
            "The compiled modules are older than their sources. To test the sources: "
            "python -m pip install -e '.[test]', which removes them; with UNHAUNT_COMPILE=1 before "
            "it they are compiled anew."
        )


def pytest_report_header() -> str:
    """What is tested."""
    return f"unhaunt: {streams.__version__} ({streams.build()})"


@pytest.fixture(autouse=True)
def garbage_is_collected() -> Iterator[None]:
    """An engine or a service in this process collects its garbage itself, and nobody after it.

    Without this, what refers to itself stays until the end, and with it clients' sockets and pipes.
    """
    yield
    gc.enable()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """One broker that all tests share, each with topics and groups of its own."""
    require_kafka()
    folder = tmp_path_factory.mktemp("kafka")
    # Nobody kills it; a test that has it stand still, or a busy machine, must not have it fenced.
    with KafkaCluster(folder, broker_session_timeout_ms="60000") as cluster:
        yield cluster
