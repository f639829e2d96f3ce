"""What mypyc made of modules, beside their sources in an editable installation."""

from collections.abc import Iterable
from pathlib import Path


def are_outdated(packages: Iterable[Path]) -> bool:
    """Whether a source has changed since; it need not be compiled itself to be part of others."""
    folders = list(packages)
    compiled = [path.stat().st_mtime for folder in folders for path in folder.rglob("*.so")]
    sources = [path.stat().st_mtime for folder in folders for path in folder.rglob("*.py")]
    return bool(compiled) and min(compiled) < max(sources)
