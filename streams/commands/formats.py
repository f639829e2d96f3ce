"""`unhaunt formats …`."""

from collections.abc import Mapping
from typing import Annotated

import orjson
import typer

from streams.commands.files import JSON_TO_READ, STANDARD_OUTPUT, whole_file
from streams.commands.policies import formats_in_force, policy_in_force
from streams.commands.recordings import Recordings, readable
from streams.commands.terminal import (
    progress_bar,
    standard_error,
    standard_output,
    table,
)
from streams.errors import FailedCheck, UserError
from streams.recording.files import read
from streams.recording.format_check import FormatCheck, check_formats
from streams.recording.sources import total_size
from streams.wording import counted

group = typer.Typer(
    name="formats",
    no_args_is_help=True,
    help="Events as other systems write them: see what is read of them before going live.",
)


@group.command(
    "check",
    epilog=(
        "Examples:\n\n"
        "  UNHAUNT_FORMATS=purchases=segment unhaunt formats check recording.jsonl\n\n"
        "  UNHAUNT_FORMATS=purchases=auto unhaunt formats check monday.jsonl.zst --json"
    ),
)
def check(
    recordings: Recordings,
    is_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
) -> None:
    """Say what is read of recorded events in other formats, and what is wrong with them.

    Reads each topic as UNHAUNT_FORMATS says, by the policy that UNHAUNT_POLICY names. For each
    format it shows how many records were used, ignored (they are about something else) and buried
    (they go to the dead letters), and what was left out, corrected or derived, the most frequent
    first, each with an example.

    Exits with 1 when a record is buried.
    """
    formats = formats_in_force()
    policy, _ = policy_in_force(None)
    sources = readable(recordings)
    with progress_bar("Reading", total_size(sources)) as advance:
        found = check_formats(read(sources, advance), formats, policy)
    if not found:
        raise UserError("There is no record of an input topic but the catalog in the recording.")
    if is_json:
        shown = {name: each.figures() for name, each in found.items()}
        with whole_file(STANDARD_OUTPUT) as write:
            write(orjson.dumps(shown, option=JSON_TO_READ))
    else:
        _show(found)
    if not formats:
        standard_error().print(
            "UNHAUNT_FORMATS names no topic: all were read as Unhaunt's own format."
        )
    buried = sum(each.buried for each in found.values())
    if buried:
        records = sum(each.records for each in found.values())
        raise FailedCheck(
            f"{buried:,} of {counted(records, 'record')} would go to the dead letters."
        )


def _show(found: Mapping[str, FormatCheck]) -> None:
    console = standard_output()
    for number, (name, each) in enumerate(found.items()):
        if number:
            console.print()
        console.print(f"{name}: {_summary(each)}")
        if each.ignored_events:
            names = each.figures()["ignored_events"].items()
            ignored = ", ".join(f"{name} ({count:,})" for name, count in names)
            console.print(f"Ignored: {ignored}")
        problems = each.problems()
        if not problems:
            console.print("Everything was read as it stands.")
            continue
        made = table("Times", "What", "Field", "For example", numbers=("Times",))
        for problem in problems:
            kind = problem.get("code") or ""
            what = f"{problem['kind'].replace('_', ' ')}{': ' if kind else ''}{kind}"
            example = problem["examples"][0]
            words = f"record {example['record']}: {example['note']}"
            made.add_row(f"{problem['count']:,}", what, problem["field"], words)
        console.print(made)


def _summary(check: FormatCheck) -> str:
    """So many records, and what became of them, in words."""
    events = ", ".join(f"{topic} {count:,}" for topic, count in check.figures()["events"].items())
    used = f"{check.used:,} used" + (f" ({events})" if events else "")
    records = counted(check.records, "record")
    return f"{records}: {used}, {check.ignored:,} ignored, {check.buried:,} buried"
