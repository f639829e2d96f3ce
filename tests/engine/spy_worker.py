"""A worker whose tasks are spies, which write each call as a line of a file."""

import sys
from pathlib import Path
from typing import Any

import orjson

from streams import cli, worker
from streams.agents.counts import SuppressCounts
from streams.settings import Settings
from tests.engine.spy import OUTPUT, Call, SpyTasks


class SpyTasksOfAWorker(SpyTasks):
    """Has what a worker asks of its tasks beside their work."""

    def __init__(self, notes: Path, settings: Settings, policy: Any, catalog: Any) -> None:
        self._file = notes.open("ab", buffering=0)
        super().__init__(self._write, settings.topic(OUTPUT))
        self.counts = SuppressCounts()
        self.policy = policy
        self.catalog = catalog

    def _write(self, call: Call) -> None:
        self._file.write(orjson.dumps([*call]) + b"\n")


def main(notes: str) -> None:
    """Run a worker by the environment, as `unhaunt worker` does; `notes` is the file."""

    def supplied(settings: Settings, policy: Any, _: Any, catalog: Any, __: Any) -> SpyTasks:
        return SpyTasksOfAWorker(Path(notes), settings, policy, catalog)

    worker.SuppressTasks = supplied  # type: ignore[assignment, misc]
    sys.argv = ["unhaunt", "worker"]
    cli.main()
