"""`unhaunt report`."""

import math
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Final

import orjson
import typer

from streams.commands.files import JSON_TO_READ, STANDARD_OUTPUT, Force, check_outputs, whole_file
from streams.commands.policies import formats_in_force, policy_in_force
from streams.commands.recordings import Recordings, readable
from streams.commands.terminal import ADDING_UP, progress_bar, standard_error, tell_if_empty
from streams.errors import UserError
from streams.recording.parallel.messages import Run
from streams.recording.parallel.processes import processes_for, start
from streams.recording.report.ads import HELD_OUT, LEAKED, LET_THROUGH, STOPPED
from streams.recording.report.analysis import ReportAnalysis
from streams.recording.report.figures import About, figures
from streams.recording.sources import total_size
from streams.wording import counted

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt report recording.jsonl.zst -o report.html\n\n"
    "  unhaunt report march.jsonl april.jsonl --policy stricter.toml --cpm 2.50 -o report.html\n\n"
    "  unhaunt report recording.jsonl.zst --json - | less"
)

NOT_STOPPED: Final = (
    (HELD_OUT, "let through for the holdout"),
    (LEAKED, "let through before the reason had arrived"),
    (LET_THROUGH, "let through by the policy"),
)


def report(
    recordings: Recordings,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FILE", help="Page to write, HTML."),
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the same figures as JSON; - for standard output."),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Policy (TOML) instead of the one that UNHAUNT_POLICY names."
        ),
    ] = None,
    cpm: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="PRICE",
            help="What a thousand ads cost, in any currency, to see savings in it.",
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Show what a policy does to recorded traffic: one page with charts and tables.

    Says how many ads would have followed people after they bought or said no, what was stopped
    and why, how long that took and what leaked, what it saves, how the lists grow and shrink, what
    follows people most, what the holdout shows of lost sales, and what was wrong with the input.
    The page is one file, needs no network to be opened, and may be sent on: it names products,
    brands and sites, but no persons.
    """
    if output is None and json is None:
        raise UserError("Nothing to write: name a page (-o report.html), --json FILE, or both.")
    if cpm is not None and not math.isfinite(cpm):
        raise UserError(f"--cpm: expected a price, got {cpm}")
    check_outputs(recordings, {"-o": output, "--json": json}, force=force)
    chosen, source = policy_in_force(policy)
    drawing = None if output is None else _drawing()
    new_analysis = partial(ReportAnalysis, chosen)
    sources = readable(recordings)
    run = Run(sources, [chosen], new_analysis, formats=formats_in_force())
    with start(run, processes_for(sources)) as parallel:
        with progress_bar("Reading", total_size(sources)) as advance:
            events = parallel.read(advance)
        with progress_bar("Deciding", events, then=ADDING_UP) as advance:
            parallel.decide(advance, _unwritten)
            parallel.lists(_unwritten)
            analysis, counts = parallel.done()
    # A page may be sent on: where files lie here is nobody's business.
    named = source if policy is None else policy.name
    about = About([Path(str(path)).name for path in sources], chosen, named, cpm)
    made = figures(about, analysis, counts)
    with whole_file(json) as write_json:
        write_json(orjson.dumps(made, option=JSON_TO_READ))
    if drawing is not None:
        charts = drawing.charts_of(made)
        with progress_bar("Drawing", len(charts)) as advance, whole_file(output) as write:
            write(drawing.page(made, charts, advance).encode())
    tell_if_empty(sources, counts.all_records)
    _tell(made, [path for path in (output, json) if path not in (None, STANDARD_OUTPUT)])


def _drawing() -> ModuleType:
    """The module that draws the page. Raises `UserError` where it is not installed."""
    try:
        from streams.recording.report import page  # noqa: PLC0415 -- only an extra brings it
    except ImportError as error:
        raise UserError(
            "What draws the page is not installed. Install it with: pip install 'unhaunt[report]'. "
            "The figures alone can be had without: --json FILE"
        ) from error
    return page


def _unwritten(_: bytes) -> None:
    """No lines of output are wanted."""


def _tell(made: dict[str, Any], written: list[str | None]) -> None:
    console = standard_error()
    followed = made["followed"]["ordered_or_rejected"]
    console.print(
        f"{followed['all']:,} of {counted(made['ads']['all'], 'ad')} would have followed people "
        f"after they bought or said no{_what_became_of(followed)}."
    )
    if made["links"]["ads_stopped"]:
        console.print(
            f"{counted(made['links']['ads_stopped'], 'ad')} would have followed people from one of "
            "their ids to another: stopped."
        )
    if written:
        console.print(f"Written to {' and '.join(map(str, written))}.")


def _what_became_of(followed: dict[str, int]) -> str:
    """What adds up to all of these ads."""
    if not followed["all"]:
        return ""
    percent = 100 * followed[STOPPED] / followed["all"]
    others = [f"{followed[each]:,} {words}" for each, words in NOT_STOPPED if followed[each]]
    return f", of these {', '.join([f'{followed[STOPPED]:,} stopped ({percent:.2f} %)', *others])}"
