"""Where a worker's time goes while it works off a backlog.

py-spy looks at the worker from outside: for the shares of the time in which Python runs, in
whichever thread; for the part of the time in which a commit is under way; and for the flame graph
that it leaves in the output folder.
"""

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from os import environ, pathsep
from pathlib import Path
from time import monotonic

from streams.supervision.worker_process import WorkerProcess
from tests.bench.deployed import deployed
from tests.bench.figures import Bench, Figure
from tests.bench.processor import processor_seconds
from tests.bench.rate import WARM_UP
from tests.bench.shares import share_of_time, shares, stacks
from tests.bench.workload import mixed

PARTITIONS = 8
EVENTS = 1_500_000
SECONDS = 5.0
"""Of each look."""
SAMPLES_A_SECOND = 250
FLAME_GRAPH = "worker.svg"
STACKS = "worker.txt"
"""As text, for other tools."""
ALL_STACKS = "worker-idle.txt"
"""Those of threads that wait too."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Drain a backlog and look at it; nothing but a line where py-spy is not to be had."""
    py_spy = _py_spy()
    if py_spy is None:
        print(
            "profile: left out, since py-spy is not installed: python -m pip install py-spy",
            file=sys.stderr,
        )
        return
    seconds = max(2.0, SECONDS * bench.scale)
    graph, running, everything = (bench.output / name for name in (FLAME_GRAPH, STACKS, ALL_STACKS))
    with deployed(bench, "profile", PARTITIONS) as deployment:
        deployment.load(mixed(round(EVENTS * bench.scale), PARTITIONS))
        with deployment.worker() as worker:
            deployment.wait_until(lambda: deployment.consumed() > WARM_UP, "work", worker)
            began, used = monotonic(), processor_seconds(worker.process.pid)
            if not look(py_spy, worker, seconds, running, "raw"):
                return
            busy = (processor_seconds(worker.process.pid) - used) / (monotonic() - began)
            look(py_spy, worker, seconds, everything, "raw", "--idle")
            is_enough = deployment.consumed() < 1
            look(py_spy, worker, seconds, graph, "flamegraph")
    if not is_enough:
        print("profile: the backlog was too small, raise --scale", file=sys.stderr)
    print(f"profile: flame graph in {graph}, stacks in {running}", file=sys.stderr)
    yield Figure("processor time of the worker, of one core", busy * 100, "%")
    committing = share_of_time(stacks(everything.read_text()), "commit")
    yield Figure("time in which a commit is under way", committing * 100, "%")
    for share, part in shares(stacks(running.read_text())).items():
        yield Figure(f"of Python's time: {share}", part * 100, "%")


def look(
    py_spy: str, worker: WorkerProcess, seconds: float, path: Path, form: str, *options: str
) -> bool:
    """Whether py-spy could look at the worker for so long, and write what it saw."""
    command = [py_spy, "record", "--pid", str(worker.process.pid), "--format", form, *options]
    rate = ["--rate", str(SAMPLES_A_SECOND), "--duration", str(round(seconds))]
    done = subprocess.run(
        [*command, *rate, "--output", str(path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(
            f"profile: left out, since py-spy could not look at the worker: {done.stderr.strip()}\n"
            "It needs the right to trace other processes (ptrace): run as root, or set "
            "kernel.yama.ptrace_scope=0, or in a container add the capability SYS_PTRACE.",
            file=sys.stderr,
        )
    return not done.returncode


def _py_spy() -> str | None:
    """The program, of this Python's environment before all others."""
    path = pathsep.join([sysconfig.get_path("scripts"), environ.get("PATH", "")])
    return shutil.which("py-spy", path=path)
