"""Tools that the tests of a deployment need, made the first time they are asked for."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

HELM_VERSION: Final = "v3.22.0"
HELM: Final = "helm.sh/helm/v3/cmd/helm"


def cache_folder() -> Path:
    """Where they are kept."""
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "unhaunt-tests"


def helm(may_take_minutes: bool) -> str:
    """Helm, or else the test skips; to make it takes minutes, the first time."""
    kept = cache_folder() / f"helm-{HELM_VERSION}"
    for program in (shutil.which("helm"), str(kept / "helm")):
        if program is not None and Path(program).exists():
            return program
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is no helm here, and no go to make it with")
    if not may_take_minutes:
        pytest.skip("there is no helm here; `pytest -m deploy` makes it, which takes minutes")
    made = subprocess.run(
        [go, "install", f"{HELM}@{HELM_VERSION}"],
        env={**os.environ, "GOBIN": str(kept)},
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"helm could not be made: {made.stderr.strip()[-300:]}")
    return str(kept / "helm")
