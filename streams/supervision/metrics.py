"""The metrics of a unit of workers."""

from collections.abc import Sequence
from typing import Final

from streams.monitoring.metrics.labels import WORKER
from streams.monitoring.metrics.metric import Metric, counter, gauge
from streams.supervision.unit_member import UnitMember

UNIT: Final[Sequence[Metric[Sequence[UnitMember]]]] = (
    gauge(
        "worker_up",
        "1",
        "1 for a worker of the unit whose process runs, 0 for one that is to be started again.",
        lambda members: {member.name: float(member.is_running) for member in members},
        WORKER,
    ),
    counter(
        "worker_restarts_total",
        "times",
        "How often a worker of the unit was started again after it had died.",
        lambda members: {member.name: member.restarts.count for member in members},
        WORKER,
    ),
)
"""Those of a unit, beside those of all its workers, which have the label `worker` then."""
