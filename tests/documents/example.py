"""The example of README, which other pages go on with."""

from pathlib import Path

from tests.documents.pages import Page


def first_recording(folder: Path) -> Path:
    """Write the recording of README's example into a folder, under the name that it has there."""
    [lines] = Page("README.md").blocks("jsonl")
    path = folder / "first.jsonl"
    path.write_text(lines)
    return path
