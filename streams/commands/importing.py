"""`unhaunt import …`."""

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from streams.commands.files import Force, check_outputs
from streams.commands.recordings import readable
from streams.commands.summaries import import_table
from streams.commands.terminal import progress_bar, standard_error, table
from streams.commands.times import milliseconds_of
from streams.errors import UserError
from streams.recording.importing.columns import TableOptions
from streams.recording.importing.datacratic import import_datacratic
from streams.recording.importing.event_reading import READABLE
from streams.recording.importing.event_rows import kind_of
from streams.recording.importing.events import EventOptions, EventSummary, import_events
from streams.recording.importing.jdata import import_jdata
from streams.recording.importing.online_retail import import_online_retail
from streams.recording.importing.pairs import Columns, Method, import_pairs
from streams.recording.importing.rows import ImportSummary
from streams.recording.sources import total_size

group = typer.Typer(
    name="import",
    no_args_is_help=True,
    help="Make a recording from files of events, a public data set, or pairs of ids.",
)

MOST_NOTED: Final = 10
"""So many kinds of what was not read as it stands are shown, the most frequent."""

Output = Annotated[
    str,
    typer.Option(
        "-o",
        "--output",
        metavar="RECORDING",
        help="Recording to write, .jsonl or .jsonl.zst (compressed).",
    ),
]


Pairs = list[str] | None
"""Options of two sides that may be said several times."""


@group.command(
    "events",
    epilog=(
        "Examples:\n\n"
        "  unhaunt import events --format segment monday.ndjson.gz -o monday.jsonl.zst\n\n"
        "  unhaunt import events --format auto --topic purchases *.json -o all.jsonl\n\n"
        "  unhaunt import events --format ga4 export.parquet --skip-broken -o ga4.jsonl\n\n"
        "  unhaunt import events --format segment --topic identities *.ndjson -o ids.jsonl\n\n"
        "  unhaunt import events --format openrtb --time received_at bids.ndjson -o bids.jsonl\n\n"
        "  unhaunt import events --format segment orders.csv --set type=track "
        "--set 'event=Order Completed' --rename customer=userId --rename ordered_at=timestamp "
        "--rename order=properties.order_id --rename sku=properties.products.0.product_id "
        "-o orders.jsonl"
    ),
)
def events(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Files of events: .ndjson, .jsonl or .json with one a line, .csv or .tsv, also "
            "compressed as .gz, .xz or .zst; .parquet; - for standard input.",
        ),
    ],
    output: Output,
    format_name: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help=f"What they are: {', '.join(READABLE)}. segment:signed_in, ga4:linked and so on "
            "have statements about ids come out as well, as in UNHAUNT_FORMATS.",
        ),
    ],
    topic: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The topic of records in Unhaunt's own format, which do not say it: needed with "
            "unhaunt and auto. Events of other formats say themselves what they are; with "
            "identities only what they say of ids is written.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="The field with the person's id, such as user_data.external_id. Without it the "
            "first id that the format has for people.",
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="The field that says when an event came: ISO 8601, or a number of seconds or "
            "parts of one. Without it an event came when it happened.",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Names of the columns, separated by commas, for tables whose first line does not "
            "name them.",
        ),
    ] = None,
    rename: Annotated[
        Pairs,
        typer.Option(
            metavar="COLUMN=PATH",
            help="Where a column stands in an event, such as sku=properties.products.0.product_id; "
            "said as often as you like.",
        ),
    ] = None,
    constant: Annotated[
        Pairs,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="What stands in every event of a table, such as type=track.",
        ),
    ] = None,
    candidates: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="For bid requests whose impressions bring no candidates: a JSON array of them.",
        ),
    ] = None,
    partitions: Annotated[
        int, typer.Option(min=1, metavar="N", help="So many partitions of each topic.")
    ] = 4,
    skip_broken: Annotated[
        bool,
        typer.Option("--skip-broken", help="Leave broken lines out; they are counted and named."),
    ] = False,
    force: Force = False,
) -> None:
    """Import events as other systems write them, or your own.

    Each becomes a record in Unhaunt's own format on the topic that it is for, as a worker would
    read it (`unhaunt formats check`); what is about something else is counted. The columns of
    tables are named after the fields of an event, with points: `properties.order_id`. Records are
    in the order of their times, each in the partition of its key.

    A line that cannot be read ends it: the message says which, and what was expected.
    """
    check_outputs(files, {"-o": output}, force=force)
    options = EventOptions(
        format_name,
        topic,
        key,
        time,
        TableOptions(
            [name.strip() for name in columns.split(",")] if columns else (),
            _pairs(rename, "--rename"),
            _pairs(constant, "--set"),
        ),
        _candidates(candidates),
        partitions,
        skip_broken,
    )
    sources = readable(files, kind_of)
    with progress_bar("Reading", total_size(sources), then="Writing") as advance:
        summary = import_events(sources, output, options, advance)
    _show(summary, output, _details(summary))


def _candidates(path: Path | None) -> list[Mapping[str, Any]]:
    if path is None:
        return []
    from streams.view.openrtb_options import read_candidates  # noqa: PLC0415 -- slow to import

    return read_candidates(path)


def _pairs(texts: Pairs, option: str) -> list[tuple[str, str]]:
    """The two sides of each. Raises `UserError`."""
    for text in texts or ():
        if "=" not in text:
            raise UserError(f"{option}: expected two sides and = between them, got '{text}'")
    return [(left, right) for left, _, right in (text.partition("=") for text in texts or ())]


def _details(summary: EventSummary) -> Iterator[str | Table]:
    """The broken lines that were left out, and what was not read as it stands."""
    for line in summary.broken:
        yield f"Left out: {line}"
    if summary.more_broken:
        yield f"And {summary.more_broken:,} more."
    noted = summary.counts.notes.ranked()[:MOST_NOTED]
    if noted:
        made = table("Times", "What", "Field", "For example", numbers=("Times",))
        for each in noted:
            example = each["examples"][0]
            words = f"event {example['record'] - 1}: {example['note']}"
            what = each["kind"].replace("_", " ")
            made.add_row(f"{each['count']:,}", what, each["field"], words)
        yield made


@group.command(
    "jdata",
    epilog=(
        "Example:\n\n"
        "  unhaunt import jdata JData_Action_201602.csv JData_Action_201603.csv "
        "--products JData_Product.csv -o jdata.jsonl.zst"
    ),
)
def jdata(
    actions: Annotated[
        list[str],
        typer.Argument(metavar="ACTIONS", help="Files of actions, .csv or .csv.xz."),
    ],
    products: Annotated[
        str, typer.Option(metavar="FILE", help="The file of products, .csv or .csv.xz.")
    ],
    output: Output,
    force: Force = False,
) -> None:
    """Import JData, the shopping actions of the JD contest of 2016.

    Views and clicks become requests, whose candidates are the products that the person looked at
    most recently; removals from the cart become dismissals; orders become purchases; the products
    become the catalog. Repeated rows of the source join to one.
    """
    check_outputs([*actions, products], {"-o": output}, force=force)
    with progress_bar("Reading", total_size([*actions, products]), then="Writing") as advance:
        summary = import_jdata(actions, products, output, progress=advance)
    _show(summary, output)


@group.command(
    "online-retail",
    epilog=(
        "Examples:\n\n"
        "  unhaunt import online-retail online_retail.csv.xz -o retail.jsonl.zst\n\n"
        "  unhaunt import online-retail online_retail.csv.xz --lines 50000 -o part.jsonl.zst"
    ),
)
def online_retail(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The file of invoice lines, .csv or .csv.xz.")
    ],
    output: Output,
    lines: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Only the first so many lines of the source."),
    ] = None,
    force: Force = False,
) -> None:
    """Import Online Retail, the invoices of a UK gift shop in 2010 and 2011.

    Invoices become purchases, cancellations refunds of an earlier order. The data knows no ads:
    an hour after each invoice a request is constructed, with the customer's last products as
    candidates.
    """
    check_outputs([file], {"-o": output}, force=force)
    with progress_bar("Reading", total_size([file]), then="Writing") as advance:
        summary = import_online_retail(file, output, limit=lines, progress=advance)
    _show(summary, output)


@group.command(
    "datacratic",
    epilog=(
        "Examples:\n\n"
        "  unhaunt import datacratic datacratic_auctions.jsonl.xz -o auctions.jsonl.zst\n\n"
        "  unhaunt import datacratic datacratic_auctions.jsonl.xz --repeat 20 -o load.jsonl.zst"
    ),
)
def datacratic(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The file of auctions, .jsonl or .jsonl.xz.")
    ],
    output: Output,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Of what is drawn: another seed, other draws.")
    ] = 1,
    repeat: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="The auctions so many times, one round after the other."
        ),
    ] = 1,
    force: Force = False,
) -> None:
    """Import Datacratic's auctions, 32 seconds of bid requests of 2012, as a load with real skew.

    Each auction of a known user becomes a request at its time. The data knows neither products nor
    what came of an auction: candidates are drawn by Zipf's law, and so are, for each seven
    requests, five impressions, two dismissals and one purchase. The same input and seed give the
    same records.
    """
    check_outputs([file], {"-o": output}, force=force)
    with progress_bar("Reading", total_size([file]), then="Writing") as advance:
        summary = import_datacratic(file, output, seed=seed, repeat=repeat, progress=advance)
    _show(summary, output)


@group.command(
    "pairs",
    epilog=(
        "Examples:\n\n"
        "  unhaunt import pairs devices.csv --leaf device --hub customer -o pairs.jsonl\n\n"
        "  unhaunt import pairs predictions.csv --leaf unique_id_l --hub unique_id_r "
        "--probability match_probability --at-least 0.99 -o pairs.jsonl"
    ),
)
def pairs(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="The file of pairs: .csv or .tsv, also compressed, or .parquet."
        ),
    ],
    leaf: Annotated[
        str, typer.Option(metavar="COLUMN", help="The column of the ids that are linked.")
    ],
    hub: Annotated[
        str, typer.Option(metavar="COLUMN", help="The column of the persons that they belong to.")
    ],
    output: Output,
    probability: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The column that says how probable a pair is."),
    ] = None,
    at_least: Annotated[
        float, typer.Option(min=0, max=1, metavar="N", help="How probable a pair must be.")
    ] = 0.95,
    method: Annotated[
        Method | None,
        typer.Option(
            metavar="METHOD",
            help="How it is known: authenticated, declared, observed or inferred. Without it: "
            "inferred where there is a probability, else declared.",
        ),
    ] = None,
    said_at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="When it is said. Without it: now."),
    ] = None,
    force: Force = False,
) -> None:
    """Import pairs of ids, as a CRM or Splink has them: each says that the two are linked.

    Of a link that is inferred only refusals are shared: opt-outs, and personalised ads denied.
    Send the recording with `unhaunt replay --append --by-key`. Importing a pair again changes
    nothing; one that is no longer right is taken back by a statement that says `unlinked`.
    """
    check_outputs([file], {"-o": output}, force=force)
    ts = round(time.time() * 1_000) if said_at is None else milliseconds_of(said_at, "--at")
    known_by = method or ("declared" if probability is None else "inferred")
    with progress_bar("Reading", total_size([file]), then="Writing") as advance:
        summary = import_pairs(
            file,
            output,
            Columns(leaf, hub, probability),
            ts,
            known_by,
            at_least=at_least,
            progress=advance,
        )
    _show(summary, output)


def _show(summary: ImportSummary, output: str, details: Iterable[str | Table] = ()) -> None:
    console = standard_error()
    console.print(import_table(summary))
    for detail in details:
        console.print(detail)
    for note in summary.notes:
        console.print(f"Note: {note}")
    console.print(f"Written to {output}. Next: unhaunt backtest {output}")
