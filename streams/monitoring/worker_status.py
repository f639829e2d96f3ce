"""The status of one worker, for its HTTP port."""

import asyncio
from itertools import chain
from time import monotonic
from typing import Final

from streams.agents.supplier import SuppressTasks
from streams.engine.loop import Engine
from streams.engine.telemetry.histogram import SECONDS, Histogram
from streams.monitoring.health import CHECKS, Check
from streams.monitoring.metrics.catalogue import METRICS
from streams.monitoring.metrics.exposition import (
    Exposition,
    exposition,
    families_of,
    families_of_process,
)
from streams.monitoring.metrics.readings import Worker

TICK_SECONDS: Final = 0.1
"""How often the lateness of the event loop is measured."""


class WorkerStatus:
    """Answers for the engine, on its own event loop."""

    def __init__(self, engine: Engine, tasks: SuppressTasks) -> None:
        self._worker = Worker(engine, tasks, Histogram(SECONDS))

    async def check(self, name: str) -> Check:
        """The answer to one of `CHECKS`."""
        context = self._worker.engine.context
        return CHECKS[name](context.liveness, context.settings)

    async def metrics(self, accept: str) -> Exposition:
        """All metrics, in the form that an Accept header asks for."""
        own = families_of(METRICS, self._worker)
        return exposition(lambda: chain(own, families_of_process()), accept)

    async def watch_the_loop(self) -> None:
        """Observe again and again how late the event loop is."""
        while True:
            due = monotonic() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            self._worker.stalls.observe(max(0.0, monotonic() - due))
