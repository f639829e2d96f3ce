"""What processes have used of the processor, which others on the machine disturb least."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from os import sysconf
from pathlib import Path
from time import monotonic, sleep
from typing import Final, NamedTuple

from streams.supervision.worker_process import WorkerProcess
from tests.kafka.cluster import KafkaCluster

READ_EVERY_SECONDS: Final = 0.1


def processor_seconds(process_id: int) -> float:
    """What a process and its children have used so far, those included that have ended.

    0 for a process that is gone.
    """
    total = 0.0
    with suppress(FileNotFoundError, ProcessLookupError):
        stat = Path(f"/proc/{process_id}/stat").read_text()
        # User and system time, of itself and of the children that it has waited for.
        total = sum(map(int, stat.rpartition(")")[2].split()[11:15])) / sysconf("SC_CLK_TCK")
        for thread in Path(f"/proc/{process_id}/task").iterdir():
            children = (thread / "children").read_text()
            total += sum(processor_seconds(int(child)) for child in children.split())
    return total


class Reading(NamedTuple):
    """What processes had used at some time, in seconds."""

    at: float
    """On the monotonic clock."""
    worker: float
    broker: float


class Use(NamedTuple):
    """Milliseconds of processor time a second; 1,000 is a whole core."""

    worker: float
    broker: float


def read(worker: WorkerProcess, kafka: KafkaCluster) -> Reading:
    """What a worker and the broker have used until now."""
    used = processor_seconds(worker.process.pid), processor_seconds(kafka.process_id(1))
    return Reading(monotonic(), *used)


def readings_until(
    is_over: Callable[[], bool], worker: WorkerProcess, kafka: KafkaCluster
) -> list[Reading]:
    """What they have used, ten times a second until something is over; the worker has to live."""
    readings = [read(worker, kafka)]
    while not is_over():
        worker.check()
        sleep(READ_EVERY_SECONDS)
        readings.append(read(worker, kafka))
    return readings


def use(readings: Sequence[Reading], since: float, until: float) -> Use:
    """What was used between two times, by the readings that lie within them."""
    within = [reading for reading in readings if since <= reading.at <= until]
    begin, end = within[0], within[-1]
    milliseconds = 1000 / (end.at - begin.at)
    worker, broker = end.worker - begin.worker, end.broker - begin.broker
    return Use(worker * milliseconds, broker * milliseconds)
