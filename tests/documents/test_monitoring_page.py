"""The page on health, metrics and traces: the probes are those of the worker's port."""

from streams.monitoring.health import CHECKS
from tests.documents.pages import Page

MONITORING = Page("streams/monitoring/README.md")


def test_the_probes_are_those_that_the_port_answers() -> None:
    assert {row[0] for row in MONITORING.table("probe")} == {f"/health/{name}" for name in CHECKS}
