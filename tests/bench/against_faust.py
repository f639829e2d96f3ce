"""Whether one worker is still as much faster than stock Faust as measured.md states.

A throughput of less work, of which stock Faust gets the newest tenth, in half a minute. One turn of
each is enough: it fails where the ratio is below half of what is stated, as machines differ, and a
noisy one troubles the quicker side more.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streams.errors import FailedCheck
from tests.bench.contenders import FAUST, UNHAUNT
from tests.bench.figures import Bench, Figure, Goal
from tests.bench.throughput import PARTITIONS, ratio, take_turns
from tests.bench.workload import mixed

EVENTS: Final = 150_000
MEASURED: Final = Path(__file__).with_name("measured.md")
ROW: Final = re.compile(r"^\| *one worker against stock Faust *\| *([\d.]+)x *\|", re.MULTILINE)


def measure(bench: Bench) -> Iterator[Figure]:
    """The ratio, with half of the stated one as its goal."""
    stated = stated_ratio(MEASURED.read_text())
    records = mixed(round(bench.scale * EVENTS), PARTITIONS)
    found = take_turns(bench._replace(rounds=1), records, [UNHAUNT, FAUST])
    value = ratio(found, UNHAUNT, FAUST)
    yield Figure("one worker against stock Faust", value, "x", Goal(stated / 2, stated))


def stated_ratio(page: str) -> float:
    """How many times as fast as stock Faust the page says that one worker is.

    Raises `FailedCheck` when it does not say so.
    """
    found = ROW.findall(page)
    if len(found) != 1:
        raise FailedCheck(
            "tests/bench/measured.md: expected one row "
            "`| one worker against stock Faust | 20x | …` "
            f"in a table of what was measured, found {len(found)}. Put it there, with what "
            "`python -m tests.bench throughput` prints."
        )
    return float(found[0])
