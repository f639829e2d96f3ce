"""`unhaunt backtest`."""

import time
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer

from schemas.outputs import Decision, SuppressionList
from streams.commands.comparisons import compare
from streams.commands.files import (
    JSON_TO_READ,
    STANDARD_OUTPUT,
    Force,
    check_outputs,
    records_file,
    whole_file,
)
from streams.commands.policies import formats_in_force, policy_in_force
from streams.commands.recordings import Recordings, readable
from streams.commands.summaries import backtest_figures, backtest_table, followed_lines
from streams.commands.terminal import (
    ADDING_UP,
    progress_bar,
    standard_error,
    standard_output,
    tell_if_empty,
)
from streams.errors import UserError
from streams.policy_file import is_empty, read_policy
from streams.recording.parallel.messages import Run
from streams.recording.parallel.processes import processes_for, start
from streams.recording.sources import total_size
from streams.recording.summary import Summary

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt backtest recording.jsonl.zst\n\n"
    "  unhaunt backtest march.jsonl april.jsonl --policy stricter.toml --decisions out.jsonl\n\n"
    "  unhaunt backtest recording.jsonl --lists - | head\n\n"
    "  zstdcat *.jsonl.zst | unhaunt backtest - --decisions decisions.parquet\n\n"
    "  unhaunt backtest recording.jsonl --json figures.json\n\n"
    "  unhaunt backtest recording.jsonl.zst --policy now.toml --policy stricter.toml"
)


def backtest(
    recordings: Recordings,
    policy: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Policy (TOML) instead of the one that UNHAUNT_POLICY names. Said several times, "
            "the others are compared with the first.",
        ),
    ] = None,
    decisions: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the decisions in order, as Parquet where the name ends in .parquet, else "
            "as JSON Lines; - for standard output.",
        ),
    ] = None,
    lists: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the final list of every person with evidence, as Parquet or JSON Lines "
            "likewise; - for standard output.",
        ),
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the figures of the summary or of the comparison as JSON; - for standard "
            "output.",
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="How many processes share the work; one a core if not said."
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Decide on a recording without a broker, and sum up what came of it.

    Takes the same events in the same order through the same rules as a worker: so the decisions
    are those that a worker would make. The summary also says how many ads would have followed
    people to what they had ordered or removed from the cart, and how many of these were stopped. It
    goes to standard output, or to standard error where records or JSON go there. UNHAUNT_FORMATS
    says of topics in other formats how to read them, as to a worker.

    With several policies it says what the others change: which candidates are shown no more, which
    are shown again, by reason, category and person, with examples.
    """
    outputs = {"--decisions": decisions, "--lists": lists, "--json": json}
    check_outputs(recordings, outputs, force=force)
    if policy is not None and len(policy) > 1:
        _refuse_beside_a_comparison(decisions, lists)
        policies = [(read_policy(path), str(path)) for path in policy]
        for path in filter(is_empty, policy):
            standard_error().print(f"Note: {path} is empty, so it is the default policy.")
        compare(readable(recordings), policies, processes, json)
        return
    chosen, source = policy_in_force(policy[0] if policy else None)
    formats = formats_in_force()
    with (
        records_file(decisions, Decision) as write_decision,
        records_file(lists, SuppressionList) as write_list,
        whole_file(json) as write_json,
    ):
        sources = readable(recordings)
        started = time.perf_counter()
        run = Run(
            sources, [chosen], Summary, decisions is not None, lists is not None, formats=formats
        )
        with start(run, processes or processes_for(sources)) as parallel:
            with progress_bar("Reading", total_size(sources)) as advance:
                events = parallel.read(advance)
            with progress_bar("Deciding", events, then=ADDING_UP) as advance:
                parallel.decide(advance, write_decision)
                parallel.lists(write_list)
                summary, counts = parallel.done()
        figures = backtest_figures(chosen.version, counts, summary)
        write_json(orjson.dumps(figures, option=JSON_TO_READ))
    seconds = time.perf_counter() - started
    console = standard_error() if STANDARD_OUTPUT in outputs.values() else standard_output()
    tell_if_empty(sources, counts.all_records)
    console.print(f"Policy {chosen.version}, from {source}")
    console.print(backtest_table(counts, summary, seconds))
    for line in followed_lines(summary):
        console.print(line)


def _refuse_beside_a_comparison(decisions: str | None, lists: str | None) -> None:
    if decisions is not None or lists is not None:
        raise UserError(
            "--decisions and --lists are those of one policy; run the policies one by one for them."
        )
