"""What a benchmark says while it runs."""

import sys


def note(text: str) -> None:
    """Say on stderr how far a benchmark is, or what it leaves out and why."""
    print(text, file=sys.stderr, flush=True)
