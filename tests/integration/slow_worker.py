"""A worker that hears of its partitions in dribs and drabs, for tests of their order.

`slow_worker.py SEED RECORDS BYTES GATE` fetches at most so many records at once and so many bytes
of a partition. It hears nothing of random partitions for a while, again and again, and nothing at
all until there is a file GATE.
"""

import random
import sys
from pathlib import Path
from typing import Any

from streams import cli
from streams.engine import faust_consumer
from streams.engine.faust_consumer import ConsumerThread
from streams.kafka.group_consumer import Polled

LONGEST_SILENCE = 30
"""In fetches."""
SHARE_OF_SILENT = 0.1
"""How likely it is at each fetch that a partition falls silent."""


class Slowness:
    """Decides of which partitions a fetch may tell."""

    def __init__(self, seed: int, gate: Path) -> None:
        self._random = random.Random(seed)
        self._gate = gate
        self._silent: dict[Any, int] = {}

    @property
    def seconds(self) -> float:
        """How long a fetch may wait: who may not begin leaves the processors to the others."""
        return 0.01 if self._gate.exists() else 0.2

    def heard(self, partitions: set[Any]) -> set[Any]:
        if not self._gate.exists():
            return set()
        heard = set()
        for partition in sorted(partitions):
            fetches = self._silent.pop(partition, 0)
            if fetches == 0 and self._random.random() < SHARE_OF_SILENT:
                fetches = self._random.randint(1, LONGEST_SILENCE)
            if fetches == 0:
                heard.add(partition)
            else:
                self._silent[partition] = fetches - 1
        return heard


def slowly(folder: Path, records: int) -> tuple[str, ...]:
    """The program of a worker that fetches so few records at once that something can happen to it.

    Its gate is open, and in this folder.
    """
    gate = folder / "open"
    gate.touch()
    return __file__, "0", str(records), str(1 << 20), str(gate)


def main(seed: str, records: str, fetched_bytes: str, gate: str) -> None:
    slowness = Slowness(int(seed), Path(gate))
    faust_consumer.FETCH_RECORDS = int(records)
    faust_consumer.FETCH_BYTES = int(fetched_bytes)
    undelayed = ConsumerThread.poll

    async def poll(thread: ConsumerThread, partitions: set[Any], seconds: float) -> Polled:
        heard = slowness.heard(partitions)
        return await undelayed(thread, heard, min(seconds, slowness.seconds))

    ConsumerThread.poll = poll
    sys.argv = ["unhaunt", "worker"]
    cli.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
