"""`unhaunt explain`."""

import os
import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from msgspec import structs

from schemas.records import Request
from streams.commands.explanation_words import Line, explanation_in_words, held_in_words
from streams.commands.files import STANDARD_OUTPUT, whole_file
from streams.commands.policies import formats_in_force, policy_in_force
from streams.commands.recordings import HELP, readable
from streams.commands.terminal import (
    ASKING,
    busy,
    progress_bar,
    standard_error,
    standard_output,
)
from streams.commands.times import milliseconds_of
from streams.errors import UserError
from streams.plain_text import print_plain, printable
from streams.recording.files import read
from streams.recording.one_person import Known, OnePerson
from streams.recording.parallel.processes import without_garbage_collection
from streams.recording.sources import total_size
from streams.settings import Settings
from streams.suppression.explanation import candidate_of, held
from streams.suppression.explanation import explain as explained
from streams.suppression.policy import Policy

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt explain recording.jsonl --user ann --product mug-7\n\n"
    "  unhaunt explain recording.jsonl --user ann --request r1\n\n"
    "  unhaunt explain --live --user ann              all that is held about ann\n\n"
    "  unhaunt explain --live --user ann --product mug-7 --json"
)

IN_A_TIME: Final = re.compile(r"(?<=\d) (?=\d\d:\d\d:\d\d)| (?=UTC\b)")
NO_BREAK: Final = "\N{NO-BREAK SPACE}"
"""Keeps a time on one line; not printable itself, so in no text that is shown."""


def explain(
    user: Annotated[str, typer.Option("--user", metavar="ID", help="The person.")],
    recordings: Annotated[
        list[str] | None,
        typer.Argument(metavar="RECORDING", help=HELP),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Look at what a deployment knows now, by its changelog.")
    ] = False,
    product: Annotated[
        str | None, typer.Option(metavar="ID", help="The product; without it, all that is held.")
    ] = None,
    request: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="A recorded request of the person: each of its candidates."
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When: an ISO time (UTC unless it says otherwise) or epoch milliseconds. Without "
            "it the newest event time of the person's partition.",
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Policy (TOML) instead of the one that UNHAUNT_POLICY names."
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object rather than sentences.")
    ] = False,
) -> None:
    """Explain why a product is shown to a person or not, or tell all that is held about them.

    Names the claims that cover the product, the evidence behind each, what was lifted or undone
    and why, what would undo it, and when it ends. The product is judged by what the catalog says
    of it, or else by what the person's own records do, as on another's site and as a display ad;
    `--request` explains a decision as it was made. Without either, it tells the evidence, until
    when each piece is kept, what follows from it, and the list that stands.

    `--at` in a recording means: by what was taken while no record of the person's partition was
    newer than that. So what is older, but came later, is not known yet. With `--live` it means: by
    what is kept now.
    """
    _refuse_mistakes(user, recordings, live, request, at)
    chosen, source = policy_in_force(policy)
    time = None if at is None else milliseconds_of(at, "--at")
    if live:
        known = _known_now(user, chosen, source)
    else:
        known = _known_in(recordings or [], user, chosen, request, time)
    explanation = _explanation(known, user, product, time)
    if json:
        with whole_file(STANDARD_OUTPUT) as write:
            write(orjson.dumps(explanation, option=orjson.OPT_APPEND_NEWLINE))
    else:
        _print(
            explanation_in_words(explanation)
            if "candidates" in explanation
            else held_in_words(explanation)
        )


def _refuse_mistakes(
    user: str, recordings: list[str] | None, live: bool, request: str | None, at: str | None
) -> None:
    """Raises `UserError` for options that do not go together, and for an id that is no text."""
    if bool(recordings) == live:
        raise UserError(
            "Expected either recordings or --live, as in `unhaunt explain recording.jsonl --user "
            "ann` or `unhaunt explain --live --user ann`."
        )
    if request is not None and (live or at is not None):
        raise UserError(
            "--request: not with --live or --at. A recorded request has its time, and only a "
            "recording tells what was known by then; --product explains one product at any time."
        )
    if not user.isascii() and user != user.encode(errors="replace").decode():
        raise UserError(f"--user: expected text in UTF-8, got {user!a}")


def _known_now(user: str, policy: Policy, source: str) -> Known:
    from streams.recording.live.person_reading import PersonReading  # noqa: PLC0415 -- slow to import

    with busy(ASKING):
        reading = PersonReading(Settings.from_environment(os.environ), user)
    with progress_bar("Reading", reading.records) as advance:
        join, is_read_otherwise = reading.read(policy, advance)
    if is_read_otherwise:
        standard_error().print(
            f"The workers decide by another policy than this, which is from {source}; name theirs "
            "with --policy."
        )
    return Known(join)


def _known_in(
    recordings: list[str], user: str, policy: Policy, request: str | None, time: int | None
) -> Known:
    sources = readable(recordings)
    with without_garbage_collection(), progress_bar("Reading", total_size(sources)) as advance:
        person = OnePerson(read(sources, advance), user, policy, formats_in_force())
    if request is not None:
        return person.before(request)
    return person.at(time)


def _explanation(known: Known, user: str, product: str | None, time: int | None) -> dict[str, Any]:
    """What there is to say; the time is that of the request, or else the newest event time."""
    join, events, asked = known
    if asked is None:
        at = join.newest or 0 if time is None else time
        if product is None:
            return held(join, user, at, events)
        candidate = candidate_of(product, join, user, events)
        asked = Request(request_id="", user_id=user, ts=at, candidates=[candidate])
    elif product is not None:
        named = [each for each in asked.candidates if each.product_id == product]
        if not named:
            wanted = ", ".join(each.product_id for each in asked.candidates)
            raise UserError(f"--product: no candidate of this request; these are: {wanted}")
        asked = structs.replace(asked, candidates=named)
    return explained(join, asked, events)


def _print(lines: Iterable[Line]) -> None:
    """Print lines, folded to the width there is, with all that is no plain text escaped."""
    width = standard_output().width
    for depth, line in lines:
        shown = printable(line)
        folded = textwrap.fill(
            IN_A_TIME.sub(NO_BREAK, shown),
            width,
            initial_indent="  " * depth,
            subsequent_indent="  " * (depth + 1),
            break_on_hyphens=False,
        )
        print_plain(folded.replace(NO_BREAK, " "))
