"""`unhaunt verify`."""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from streams.commands.policies import policy_in_force
from streams.commands.terminal import progress_bar
from streams.errors import FailedCheck
from streams.plain_text import print_plain
from streams.policy_file import read_policy
from streams.recording.differences import Difference, differences
from streams.recording.golden import Case, GoldenError, expected, find_cases, outcome, write
from streams.wording import counted

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt verify cases --policy policy.toml\n\n"
    "  unhaunt verify cases --policy policy.toml --update      then read the difference\n\n"
    "  unhaunt verify cases/a-refund-lifts-the-claim"
)

MOST_SHOWN: Final = 20
"""Differences of one case; the others are counted."""

LONGEST: Final = 400
"""Characters of a line; what is longer is cut."""


class Verdict(NamedTuple):
    """What came of a case."""

    case: Case
    state: str
    decisions: int
    lists: int
    differences: Sequence[Difference]


def verify(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder with cases, or a case.")
    ],
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Policy (TOML) of the cases that have none of their own, instead of the one that "
            "UNHAUNT_POLICY names.",
        ),
    ] = None,
    update: Annotated[
        bool,
        typer.Option(
            "--update",
            help="Write what comes out now as what is expected, and show what that changes.",
        ),
    ] = False,
) -> None:
    """Test a policy: small recordings, each with the decisions and lists expected of it.

    A case is a folder, at any depth, whose name says what it shows. In it lie `recording.jsonl`
    (or `.ndjson`, compressed or not), `decisions.jsonl` and `lists.jsonl`, as `unhaunt backtest`
    writes them, and `policy.toml` if the case has a policy of its own. `--update` writes what is
    expected the first time, and again after a change that is meant; put it under version control,
    and read the difference.

    Exits with 0 when all cases come out as expected, and with 1 when one does not. The policy's
    version is not compared. Times are shown in UTC.
    """
    cases = find_cases(folder)
    with progress_bar("Verifying", len(cases)) as advance:
        verdicts = []
        for case in cases:
            verdicts.append(_verdict(case, policy, update))
            advance(1)
    for line in _lines(verdicts):
        print_plain(line)
    failed = sum(verdict.state == "FAILED" for verdict in verdicts)
    if failed:
        raise FailedCheck(
            f"{failed} of {counted(len(cases), 'case')} failed. If that is how it should be, "
            "--update makes it what is expected."
        )


def _verdict(case: Case, policy: Path | None, is_update: bool) -> Verdict:
    chosen = read_policy(case.policy_file) if case.policy_file else policy_in_force(policy)[0]
    got = outcome(case, chosen)
    state = "ok"
    found: list[Difference] = []
    try:
        found = list(differences(expected(case), got))
    except GoldenError:
        if not is_update:
            raise
        state = "new"
    if found:
        state = "FAILED"
    if is_update and write(case, got) and state != "new":
        state = "updated"
    return Verdict(case, state, len(got.decisions), len(got.lists), found)


def _lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """A line for each case, and then the differences of those that have any."""
    states = max(len(verdict.state) for verdict in verdicts)
    names = max(len(verdict.case.name) for verdict in verdicts)
    for verdict in verdicts:
        yield f"{verdict.state:{states}}  {verdict.case.name:{names}}  {_summary(verdict)}"
    for verdict in verdicts:
        if verdict.differences:
            yield ""
            yield verdict.case.name
            for line in _shown(verdict.differences):
                yield f"  {line if len(line) <= LONGEST else line[:LONGEST] + '…'}"


def _summary(verdict: Verdict) -> str:
    summary = f"{counted(verdict.decisions, 'decision')}, {counted(verdict.lists, 'list')}"
    if verdict.differences:
        summary += f": {counted(len(verdict.differences), 'difference')}"
    return summary


def _shown(differences: Sequence[Difference]) -> Iterator[str]:
    for about, group in groupby(islice(differences, MOST_SHOWN), key=lambda each: each.about):
        yield about
        for _, what, was, now in group:
            yield f"  {what}"
            yield f"    expected  {was}"
            yield f"    got       {now}"
    if len(differences) > MOST_SHOWN:
        yield f"and {counted(len(differences) - MOST_SHOWN, 'more difference')}"
