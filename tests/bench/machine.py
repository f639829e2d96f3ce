"""The machine that figures were taken on: a figure means little without it."""

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.bench.builds import EARLIER, builds

LIBRARIES = (
    "faust-streaming",
    "aiokafka",
    "confluent-kafka",
    "orjson",
    "rocksdict",
    "quixstreams",
)


def describe() -> dict[str, str]:
    """What was measured, on what, and when."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "program": _program(),
        "before": f"commit {EARLIER[:7]}",
        "libraries": ", ".join(filter(None, map(_installed, LIBRARIES))),
    }


def _processor() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def _program() -> str:
    compiled = any(not build.is_interpreted for build in builds())
    return "compiled" if compiled else "interpreted; nothing is compiled here"


def _installed(library: str) -> str:
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return ""
