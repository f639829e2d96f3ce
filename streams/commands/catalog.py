"""`unhaunt catalog …`."""

import os
from collections.abc import Sequence
from typing import Annotated, Any, Final

import orjson
import typer

from streams.commands.files import JSON_TO_READ, STANDARD_OUTPUT, Force, check_outputs, whole_file
from streams.commands.policies import formats_in_force
from streams.commands.recordings import Recordings, readable
from streams.commands.terminal import (
    ASKING,
    busy,
    progress_bar,
    standard_error,
    standard_output,
    table,
)
from streams.errors import FailedCheck, UserError
from streams.recording.alias_proposals import Proposal
from streams.recording.catalog_check import CatalogCheck, RecordedCatalog, recorded_catalog
from streams.recording.files import line_of, read
from streams.recording.sources import AnyPath, total_size
from streams.settings import Settings
from streams.suppression.product_ids import looks_in_words
from streams.wording import counted

MOST_SHOWN: Final = 20
"""So many proposals are shown."""
LONGEST: Final = 60

group = typer.Typer(
    name="catalog",
    no_args_is_help=True,
    help="The catalog: see whether events name products as it does.",
)


@group.command(
    "check",
    epilog=(
        "Examples:\n\n"
        "  unhaunt catalog check recording.jsonl.zst\n\n"
        "  UNHAUNT_BROKERS=kafka:9092 unhaunt catalog check purchases.jsonl --live\n\n"
        "  unhaunt catalog check monday.jsonl --proposals aliases.jsonl\n\n"
        "  unhaunt replay aliases.jsonl --append --by-key"
    ),
)
def check(
    recordings: Recordings,
    live: Annotated[
        bool,
        typer.Option("--live", help="By the catalog of a deployment, not that of the recordings."),
    ] = False,
    proposals: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the records that give products the proposed aliases; - for standard "
            "output. Look through them, then send them: `unhaunt replay FILE --append --by-key`.",
        ),
    ] = None,
    allow: Annotated[
        float,
        typer.Option(
            min=0,
            max=100,
            metavar="PERCENT",
            help="So many of the ids of each topic may be unknown.",
        ),
    ] = 0,
    is_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
    force: Force = False,
) -> None:
    """Say which ids of products in recorded events the catalog does not know.

    What a shop's plugin names otherwise than the catalog does meets nothing: a purchase of
    `wc_post_id_1953` stops no ad for `1953`. For each topic this shows how many ids are unknown,
    which of them are the most frequent, and what they look like. Where an unknown id is a
    product's but for a prefix, case or leading zeros, it is proposed as an alias of that product.

    Reads each topic as UNHAUNT_FORMATS says. Exits with 1 when more ids of a topic are unknown
    than `--allow` says.
    """
    outputs = {"--proposals": proposals, "--json": STANDARD_OUTPUT if is_json else None}
    check_outputs(recordings, outputs, force=force)
    sources = readable(recordings)
    checked = CatalogCheck(_live_catalog() if live else _catalog_in(sources))
    if not checked.recorded.catalog.products:
        raise UserError(
            "There is no product in the catalog"
            + (
                ", so every id is unknown."
                if live
                else " of the recordings; --live takes that of a deployment."
            )
        )
    with progress_bar("Reading events", total_size(sources)) as advance:
        checked.read(read(sources, advance), formats_in_force())
    proposed = checked.proposals()
    figures = checked.figures(proposed)
    if not figures["topics"]:
        raise UserError("There is no event that names a product in the recording.")
    with whole_file(proposals) as write:
        for record in checked.recorded.with_aliases(proposed):
            write(line_of(record))
    if is_json:
        with whole_file(STANDARD_OUTPUT) as write:
            write(orjson.dumps(figures, option=JSON_TO_READ))
    elif proposals != "-":
        _show(figures, proposed)
    if proposed and proposals is None and not is_json:
        standard_error().print("--proposals FILE writes them as records that can be sent.")
    _fail(figures["topics"], allow)


def _catalog_in(recordings: Sequence[AnyPath]) -> RecordedCatalog:
    with progress_bar("Reading the catalog", total_size(recordings)) as advance:
        return recorded_catalog(read(recordings, advance))


def _live_catalog() -> RecordedCatalog:
    from streams.recording.live.catalog_reading import CatalogReading  # noqa: PLC0415 -- slow to import

    with busy(ASKING):
        reading = CatalogReading(Settings.from_environment(os.environ))
    with progress_bar("Reading the catalog", reading.records) as advance:
        return reading.read(advance)


def _show(figures: dict[str, Any], proposals: Sequence[Proposal]) -> None:
    console = standard_output()
    for topic in figures["topics"]:
        ids = counted(topic["named"], "id")
        unknown = f"{topic['unknown']:,} not in the catalog ({_percent(topic):.1f} %)"
        aliases = f", {topic['by_alias']:,} by an alias" if topic["by_alias"] else ""
        console.print(f"{topic['topic']}: {ids}, {unknown}{aliases}")
        if topic["unknown"]:
            most = ", ".join(
                f"{_short(each['id'])} ({each['count']:,})" for each in topic["most_frequent"]
            )
            console.print(f"  Most often: {most}")
            console.print(f"  They look like this: {looks_in_words(topic)}")
    if not proposals:
        return
    console.print()
    made = table("Times", "Unknown id", "May be", "Since it is known", numbers=("Times",))
    for proposal in proposals[:MOST_SHOWN]:
        named = (_short(proposal.alias), _short(proposal.product_id))
        made.add_row(f"{proposal.times:,}", *named, proposal.why)
    console.print(made)
    if len(proposals) > MOST_SHOWN:
        console.print(f"And {len(proposals) - MOST_SHOWN:,} more.")


def _fail(topics: Sequence[dict[str, Any]], allow: float) -> None:
    """Raises `FailedCheck` when more ids of a topic are unknown than may be."""
    failed = [
        f"{_percent(topic):.1f} % of the ids in {topic['topic']}"
        for topic in topics
        if _percent(topic) > allow
    ]
    if failed:
        raise FailedCheck(f"The catalog does not know {', '.join(failed)}.")


def _percent(topic: dict[str, Any]) -> float:
    unknown: int = topic["unknown"]
    named: int = topic["named"]
    return 100 * unknown / named


def _short(product_id: str) -> str:
    return product_id if len(product_id) <= LONGEST else product_id[:LONGEST] + "…"
