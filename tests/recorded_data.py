"""Real recorded data, which the project does not ship: where it is absent, tests skip."""

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).parents[1]


def find_data(name: str) -> Path | None:
    """A file of the folder that UNHAUNT_DATA names, or else of ../shared/data; None if absent."""
    folder = os.environ.get("UNHAUNT_DATA") or _REPOSITORY.parent / "shared" / "data"
    path = Path(folder) / name
    return path if path.exists() else None


def find_case_file(name: str) -> Path | None:
    """A file of the folder `cases` beside that folder; None if absent."""
    folder = os.environ.get("UNHAUNT_DATA") or _REPOSITORY.parent / "shared" / "data"
    path = Path(folder).parent / "cases" / name
    return path if path.exists() else None


def recorded_data(name: str) -> Path:
    """The same for a test, which is skipped where the file is absent."""
    path = find_data(name)
    if path is None:
        pytest.skip(f"needs the recorded data {name}; name its folder in UNHAUNT_DATA")
    return path
