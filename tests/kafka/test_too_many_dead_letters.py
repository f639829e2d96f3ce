"""A worker that buries all that it reads stops, with nothing lost (SPEC 7)."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.builders import NOW, recorded
from tests.integration.conftest import settings_of
from tests.integration.deployment import SECONDS, Deployment
from tests.kafka.cluster import KafkaCluster

pytestmark = pytest.mark.kafka

RECORDS = 5_000


class Stopped(NamedTuple):
    """A worker whose producers were all released with another format, and the one after it."""

    exit_code: int
    log: str
    consumed: float
    """How much of it the group had committed when the first had stopped, 1 being all."""
    dead_lettered: list[int]
    """The offsets of the dead letters then."""
    dead_lettered_in_the_end: list[int]
    """And when a worker without the limit had been at work."""


@pytest.fixture(scope="module")
def stopped(kafka: KafkaCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stopped]:
    folder = tmp_path_factory.mktemp("deployment")
    deployment = Deployment(settings_of(kafka.address, folder), 1)
    value = {"event": "bought", "what": "tv"}
    line = {"topic": "purchases", "key": "ann", "timestamp": NOW, "value": value}
    deployment.load(recorded([line] * RECORDS))
    with deployment.worker(checkpoint_records=1_000, batch_records=500) as worker:
        code = worker.process.wait(SECONDS)
    consumed, dead_lettered = deployment.consumed(), offsets(deployment)
    with deployment.worker(dead_letter_percent=0) as second:
        deployment.wait_until_consumed(second)
        assert second.stop() == 0
    yield Stopped(code, worker.log.read_text(), consumed, dead_lettered, offsets(deployment))
    deployment.close()


def offsets(deployment: Deployment) -> list[int]:
    """Where the records lay that are dead letters now."""
    return [
        int(dict(letter.headers())["unhaunt.offset"]) for letter in deployment.read("dead-letters")
    ]


def test_a_worker_that_buries_all_that_it_reads_ends_with_exit_code_1(stopped: Stopped) -> None:
    assert stopped.exit_code == 1
    assert "Traceback" not in stopped.log


def test_its_last_line_says_what_was_wrong_where_and_what_to_do(stopped: Stopped) -> None:
    line = stopped.log.splitlines()[-1]
    assert line.startswith("Stopped: ")
    assert "(100 %) are dead letters, more than the 50 % of UNHAUNT_DEAD_LETTER_PERCENT" in line
    assert "missing_field" in line
    assert "purchases, partition 0, offset " in line
    assert "unhaunt dead-letters list" in line


def test_what_it_had_read_is_committed_with_its_dead_letters(stopped: Stopped) -> None:
    assert 1_000 <= len(stopped.dead_lettered) < RECORDS
    assert stopped.dead_lettered == list(range(round(stopped.consumed * RECORDS)))


def test_without_the_limit_a_worker_takes_the_rest_and_none_of_it_twice(stopped: Stopped) -> None:
    assert stopped.dead_lettered_in_the_end == list(range(RECORDS))
