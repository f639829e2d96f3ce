"""`unhaunt backtest`."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from streams.commands.files import STANDARD_OUTPUT, json_lines
from streams.commands.policies import policy_in_force
from streams.commands.summaries import Lists, backtest_table, followed_lines
from streams.commands.terminal import progress_bar, standard_error
from streams.errors import UserError
from streams.recording.backtest import Backtest
from streams.recording.files import read
from streams.recording.sources import total_size
from streams.recording.summary import Summary

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt backtest recording.jsonl.zst\n\n"
    "  unhaunt backtest march.jsonl april.jsonl --policy stricter.toml --decisions out.jsonl\n\n"
    "  unhaunt backtest recording.jsonl --lists - | head"
)

STEPS_AT_ONCE: Final = 1_000
"""The progress bar moves on so many events at a time."""


def backtest(
    recordings: Annotated[
        list[str],
        typer.Argument(metavar="RECORDING", help="Recordings, .jsonl or .jsonl.zst, in order."),
    ],
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Policy (TOML) instead of the one that UNHAUNT_POLICY names."
        ),
    ] = None,
    decisions: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the decisions as JSON Lines, in order; - for standard output.",
        ),
    ] = None,
    lists: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the final list of every person with evidence as JSON Lines; "
            "- for standard output.",
        ),
    ] = None,
) -> None:
    """Decide on a recording without a broker, and sum up what came of it.

    Takes the same events in the same order through the same rules as a worker: so the decisions
    are those that a worker would make, and two policies can be compared on one recording. The
    summary, on standard error, also says how many ads would have followed people to what they had
    ordered or removed from the cart, and how many of these were stopped.
    """
    _refuse_clashes(recordings, decisions, lists)
    chosen, source = policy_in_force(policy)
    test, summary, counted = Backtest(chosen), Summary(), Lists()
    started = time.perf_counter()
    with (
        _without_garbage_collection(),
        json_lines(decisions) as write_decision,
        json_lines(lists) as write_list,
    ):
        with progress_bar("Reading", total_size(recordings)) as advance:
            events = test.read(read(recordings, advance), summary.observe)
        with progress_bar("Deciding", events) as advance:
            for number, decision in enumerate(test.steps(), start=1):
                if decision is not None:
                    write_decision(decision)
                    summary.add(decision)
                if number % STEPS_AT_ONCE == 0:
                    advance(STEPS_AT_ONCE)
        with progress_bar("Listing", test.persons) as advance:
            for each in test.lists():
                write_list(each)
                counted.add(each)
                advance(1)
    seconds = time.perf_counter() - started
    console = standard_error()
    console.print(f"Policy {chosen.version}, from {source}")
    console.print(backtest_table(test.counts, summary, counted, seconds))
    for line in followed_lines(summary):
        console.print(line)


def _refuse_clashes(recordings: list[str], decisions: str | None, lists: str | None) -> None:
    """Raises `UserError` when one file would be written over another."""
    if decisions == lists == STANDARD_OUTPUT:
        raise UserError(
            "Only one of --decisions and --lists can go to standard output; name a file for the "
            "other."
        )
    written = [path for path in (decisions, lists) if path not in (None, STANDARD_OUTPUT)]
    places = [Path(path).resolve() for path in (*recordings, *filter(None, written))]
    for path in filter(None, written):
        place = Path(path).resolve()
        if places.count(place) > 1 and (place.is_file() or not place.exists()):
            raise UserError(
                f"{path}: named more than once; what is written needs a file of its own."
            )


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """What a backtest makes it keeps, or drops without cycles: half of its time went on looking."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
