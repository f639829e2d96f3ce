"""A worker that does not account for what it does, to see what that costs."""

import sys
from typing import Any

from streams import cli
from streams.engine.accounting import Accounting
from streams.engine.histogram import Histogram
from streams.operations.worker_status import WorkerStatus


def nothing(*_: Any) -> None:
    """Do nothing."""


async def nothing_for_long(_: WorkerStatus) -> None:
    """Do nothing, and be done."""


def main() -> None:
    for method in ("decided", "joined", "committed"):
        setattr(Accounting, method, nothing)
    for method in ("observe", "observe_ages"):
        setattr(Histogram, method, nothing)
    WorkerStatus.watch_the_loop = nothing_for_long  # type: ignore[method-assign]
    sys.argv = ["unhaunt", "worker"]
    cli.main()


if __name__ == "__main__":
    main()
