"""A flood of input, and brokers that hardly take the output: the worker waits, and stays small."""

import os
import random
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from streams.recording.files import RecordedRecord, json_record
from streams.supervision.worker_process import WorkerProcess
from tests.builders import NOW
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment
from tests.kafka.cluster import KafkaCluster

pytestmark = pytest.mark.kafka

PARTITIONS = 1
RECORDS = 5_000
"""Of requests, and of impressions, each."""
PADDING = 40_000
"""Characters that make each record large: 200 MB of what waits."""
OUTPUT_A_SECOND = 100_000
"""Bytes: enough for some hundred decisions."""
STUCK_SECONDS = 4
"""For so long the broker takes nothing at all; not so long that anybody is given up."""
WAITING_MEGABYTES = 16
MOST_MEGABYTES = 250
"""Of resident memory: twice what a worker takes with little to do."""


def flood() -> Iterator[RecordedRecord]:
    """Requests, and impressions that all lie ahead of them in time and so have to wait for them."""
    names = random.Random(1)
    for number in range(RECORDS):
        padding = names.randbytes(PADDING // 2).hex()
        shown = {"impression_id": f"i{number}", "product_id": "tv", "ts": NOW + RECORDS + number}
        yield record("impressions", number, {**shown, "padding": padding})
        wanted = [{"product_id": names.randbytes(16).hex()} for _ in range(4)]
        asked = {"request_id": f"r{number}", "ts": NOW + number, "candidates": wanted}
        yield record("impression-requests", number, {**asked, "padding": padding})


def record(topic: str, number: int, value: dict[str, Any]) -> RecordedRecord:
    return json_record(topic, f"person-{number % 500}", value, NOW, PARTITIONS)


def stand_still(process: int, seconds: float) -> None:
    """Have a process answer nobody for so long."""
    os.kill(process, signal.SIGSTOP)
    try:
        sleep(seconds)
    finally:
        os.kill(process, signal.SIGCONT)


def peak_megabytes(worker: WorkerProcess) -> float:
    """The most memory that a process ever had resident."""
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def test_a_worker_whose_output_is_held_back_and_then_stuck_stays_small_and_decides_everything_once(
    kafka: KafkaCluster, tmp_path: Path
) -> None:
    deployment = Deployment(settings_of(kafka.address, tmp_path), PARTITIONS)
    deployment.load(flood())
    kafka.throttle(deployment.settings.application, OUTPUT_A_SECOND)
    with deployment.worker(waiting_megabytes=WAITING_MEGABYTES, transaction_seconds=120) as worker:
        deployment.wait_until(lambda: deployment.consumed() > 0, "a checkpoint", worker)
        assert deployment.consumed() < 1
        stand_still(kafka.process_id(1), STUCK_SECONDS)
        deployment.wait_until_consumed(worker)
        peak = peak_megabytes(worker)
    [decisions] = deployment.decisions().values()
    assert [d["request_id"] for d in decisions] == [f"r{n}" for n in range(RECORDS)]
    assert peak < MOST_MEGABYTES
    deployment.close()
