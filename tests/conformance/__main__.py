"""Write the cases, or see whether those that are there have drifted: `--check`."""

import argparse
from pathlib import Path
from typing import Final

from tests.conformance.rules import RULES

FOLDER: Final = Path(__file__).parents[2] / "schemas" / "conformance" / "cases"


def files() -> dict[str, bytes]:
    """What each file should hold, by its name."""
    return {f"{rule.name}.json": rule.written() for rule in RULES}


def drifted(folder: Path) -> list[str]:
    """The files that are missing, changed or no longer made."""
    there = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    should = files()
    return sorted(name for name in there | should if there.get(name) != should.get(name))


def write(folder: Path) -> None:
    """Write what has drifted, and remove what is no longer made."""
    for name in drifted(folder):
        content = files().get(name)
        if content is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(content)


def main() -> int:
    """Run the command. The exit code is 1 when `--check` finds a file that drifted."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on drift")
    if not parser.parse_args().check:
        write(FOLDER)
        return 0
    for name in drifted(FOLDER):
        print(f"{name} has drifted from the domain: run `python -m tests.conformance`")
    return 1 if drifted(FOLDER) else 0


if __name__ == "__main__":
    raise SystemExit(main())
