"""Golden cases: a small recording, and the decisions and lists that are expected of it.

A case is a folder that is named after what it shows:

- `recording.jsonl` or `recording.ndjson`, which may be compressed
- `policy.toml`, if the case needs one of its own
- `decisions.jsonl` and `lists.jsonl`: what is expected, as a backtest writes it

Whatever else lies in the folder is for people.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from schemas.outputs import Decision, SuppressionList, to_json
from streams.errors import SourceError
from streams.recording.backtest import Backtest
from streams.recording.compression import DECODERS
from streams.recording.files import KINDS, read
from streams.recording.sources import lines_of, open_source
from streams.suppression.policy import Policy

RECORDINGS: Final = tuple(
    f"recording{kind}{compression}" for kind in KINDS for compression in ("", *DECODERS)
)
POLICY: Final = "policy.toml"
DECISIONS: Final = "decisions.jsonl"
LISTS: Final = "lists.jsonl"

Output = TypeVar("Output", Decision, SuppressionList)


class GoldenError(SourceError):
    """A folder or a file of a case that cannot be used; says which, and what was expected."""


class Case(NamedTuple):
    """A folder with a recording."""

    name: str
    folder: Path
    recording: Path

    @property
    def policy_file(self) -> Path | None:
        """The case's own policy, if it has one."""
        path = self.folder / POLICY
        return path if path.exists() else None


class Outcome(NamedTuple):
    """The decisions in their order, and the final lists by person."""

    decisions: Sequence[Decision]
    lists: Sequence[SuppressionList]


def find_cases(folder: Path) -> list[Case]:
    """The folder itself if it is a case, or all cases below it, by name.

    Raises `GoldenError` when there is none, or a case has two recordings.
    """
    if not folder.is_dir():
        raise GoldenError(f"{folder}: no such folder")
    found: dict[Path, Case] = {}
    for name in RECORDINGS:
        for path in folder.rglob(name):
            parent = path.parent
            if parent in found:
                other = found[parent].recording.name
                raise GoldenError(f"{parent}: expected one recording, got {other} and {name}")
            named = str(parent.relative_to(folder)) if parent != folder else parent.resolve().name
            found[parent] = Case(named, parent, path)
    if not found:
        raise GoldenError(
            f"{folder}: there is no case in it. A case is a folder with a {RECORDINGS[0]}; "
            "`unhaunt verify --help` explains."
        )
    return sorted(found.values())


def outcome(case: Case, policy: Policy) -> Outcome:
    """What comes of a case now. Raises `RecordingError` for a line that is no record."""
    test = Backtest(policy)
    decisions = list(test.run(read([case.recording])))
    return Outcome(decisions, sorted(test.lists(), key=lambda each: each.user_id))


def expected(case: Case) -> Outcome:
    """What is expected of a case. Raises `GoldenError` for a file that is absent or wrong."""
    return Outcome(
        _read(case.folder / DECISIONS, Decision), _read(case.folder / LISTS, SuppressionList)
    )


def write(case: Case, outcome: Outcome) -> bool:
    """Make this what is expected of a case; returns whether it is news."""
    is_news = False
    for name, values in ((DECISIONS, outcome.decisions), (LISTS, outcome.lists)):
        path = case.folder / name
        content = b"".join(to_json(value) + b"\n" for value in values)
        if not path.exists() or path.read_bytes() != content:
            unfinished = path.with_name(f"{name}.part")
            unfinished.write_bytes(content)
            os.replace(unfinished, path)
            is_news = True
    return is_news


def _read(path: Path, output: type[Output]) -> list[Output]:
    if not path.exists():
        raise GoldenError(f"{path}: is missing. `unhaunt verify --update` writes it.")
    decode = msgspec.json.Decoder(output).decode
    values = []
    with open_source(path, KINDS) as lines:
        for number, line in enumerate(lines_of(lines, path), start=1):
            try:
                values.append(decode(line))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                message = str(error).replace(" - at `$.", " in `")
                raise GoldenError(
                    f"{path}, line {number}: {message}. `unhaunt verify --update` writes it anew."
                ) from error
    return values
