"""Whatever is done to workers, brokers and connections: nothing lost, doubled or changed.

`python -m tests.chaos --seeds 1-20` runs many seeds.
"""

from pathlib import Path

import pytest

from tests.chaos.run import run
from tests.kafka.conftest import require_kafka

SEED = 1
SECONDS = 180.0
"""Of harm. What comes before and after takes a minute or two."""
SHORT_SEED = 3
SHORT_SECONDS = 25.0


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_nothing_is_lost_or_doubled_in_half_a_minute_of_harm(tmp_path: Path) -> None:
    require_kafka()
    outcome = run(tmp_path, SHORT_SEED, SHORT_SECONDS)
    assert not outcome.findings, str(outcome)
    assert all(outcome.totals.values()), str(outcome.totals)


@pytest.mark.chaos
@pytest.mark.timeout(1_800)
def test_nothing_is_lost_or_doubled_in_minutes_of_harm(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    require_kafka()
    seed = pytestconfig.getoption("--chaos-seed", default=None)
    seconds = pytestconfig.getoption("--chaos-seconds", default=None)
    outcome = run(tmp_path, SEED if seed is None else seed, seconds or SECONDS)
    assert not outcome.findings, str(outcome)
