"""Real recorded data, which the project does not ship: where it is absent, tests skip."""

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).parents[1]


def recorded_data(name: str) -> Path:
    """A file of the folder that UNHAUNT_DATA names, or else of ../shared/data."""
    folder = os.environ.get("UNHAUNT_DATA") or _REPOSITORY.parent / "shared" / "data"
    path = Path(folder) / name
    if not path.exists():
        pytest.skip(f"needs the recorded data {path.name}; name its folder in UNHAUNT_DATA")
    return path
