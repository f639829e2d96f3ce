"""`python -m tests.chaos --seeds 1-20`: a run for each seed, and a table of what came of them."""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from tests.chaos.run import Outcome, run
from tests.chaos.schedule import Harm

COLUMNS: Final = {
    "killed": (Harm.KILL, Harm.KILL_WITHOUT_STATE),
    "paused": (Harm.PAUSE, Harm.LONG_PAUSE),
    "stopped": (Harm.TERMINATE, Harm.TERMINATE_WITHOUT_STATE),
    "brokers": (Harm.BROKER_RESTART, Harm.BROKER_GONE),
}
OTHERS: Final = ("cut", "ended", "live", "left")
"""Connections that were cut, workers that ended by themselves, records of the live stream, and what
was left of the backlog when the harm was over."""
TOTALS: Final = ("consumed", "decided", "joined", "dead", "rerouted", "shared")


def main() -> int:
    """Run; returns 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", type=_seeds, default=range(1, 2), help="such as 7, or 1-20")
    parser.add_argument("--seconds", type=float, default=180.0, help="of harm in each run")
    arguments = parser.parse_args()
    _print_row("seed", *COLUMNS, *OTHERS, *TOTALS, "findings")
    return max([_run(seed, arguments.seconds) for seed in arguments.seeds])


def _run(seed: int, seconds: float) -> int:
    """Run one seed; its folder, with what everybody said, stays if anything was found."""
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
    try:
        outcome = run(folder, seed, seconds)
    except TimeoutError as error:
        print(f"seed {seed}: {error}; see {folder}\n" + "\n".join(error.__notes__), flush=True)
        return 1
    _print_row(seed, *_figures(outcome))
    for words, count in outcome.endings.items():
        print(f"          ended by itself {count} times: {words}", flush=True)
    if outcome.findings:
        print(f"{outcome}\nsee {folder}", flush=True)
        return 1
    shutil.rmtree(folder)
    return 0


def _figures(outcome: Outcome) -> list[int]:
    harms = Counter(blow.harm for blow in outcome.blows)
    return [
        *(sum(harms[harm] for harm in kinds) for kinds in COLUMNS.values()),
        outcome.cut_connections,
        outcome.endings.total(),
        outcome.live_records,
        outcome.backlog_left,
        *(outcome.totals[name] for name in TOTALS),
        len(outcome.findings),
    ]


def _print_row(*cells: object) -> None:
    print("".join(f"{cell!s:>9}" for cell in cells), flush=True)


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


if __name__ == "__main__":
    sys.exit(main())
