"""Kafka's own client in Java, for what depends on how others place their records."""

import subprocess
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from tests.kafka.installation import jars

PROGRAM: Final = Path(__file__).with_name("Producer.java")
SECONDS: Final = 60


class Record(NamedTuple):
    """A record whose partition the client is to choose."""

    topic: str
    timestamp: int
    key: bytes
    value: bytes


def produce(broker: str, records: Iterable[Record]) -> None:
    """Send records with Java's default partitioner; it takes a JDK, which compiles the program.

    Raises `RuntimeError` with what Java said when they could not be sent.
    """
    lines = "".join(
        f"{topic}\t{timestamp}\t{b64encode(key).decode()}\t{b64encode(value).decode()}\n"
        for topic, timestamp, key, value in records
    )
    java = subprocess.run(
        ["java", "-cp", f"{jars()}/*", str(PROGRAM), broker],
        input=lines,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if java.returncode:
        raise RuntimeError(f"Kafka's Java client failed: {java.stdout.strip()[-2_000:]}")
