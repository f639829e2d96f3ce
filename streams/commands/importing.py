"""`unhaunt import …`."""

import time
from typing import Annotated

import typer

from streams.commands.files import Force, check_outputs
from streams.commands.summaries import import_table
from streams.commands.terminal import progress_bar, standard_error
from streams.commands.times import milliseconds_of
from streams.recording.importing.datacratic import import_datacratic
from streams.recording.importing.jdata import import_jdata
from streams.recording.importing.online_retail import import_online_retail
from streams.recording.importing.pairs import Columns, Method, import_pairs
from streams.recording.importing.rows import ImportSummary
from streams.recording.sources import total_size

group = typer.Typer(
    name="import",
    no_args_is_help=True,
    help="Make a recording from a public data set, or from pairs of ids of one person.",
)

Output = Annotated[
    str,
    typer.Option(
        "-o",
        "--output",
        metavar="RECORDING",
        help="Recording to write, .jsonl or .jsonl.zst (compressed).",
    ),
]


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
    seed: Annotated[int, typer.Option(help="Of what is drawn: another seed, other draws.")] = 1,
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
        str, typer.Argument(metavar="FILE", help="The file of pairs, .csv or .csv.xz.")
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
        float, typer.Option(min=0, max=1, help="How probable a pair must be.")
    ] = 0.95,
    method: Annotated[
        Method | None,
        typer.Option(
            help="How it is known. Without it: inferred where there is a probability, else "
            "declared.",
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


def _show(summary: ImportSummary, output: str) -> None:
    console = standard_error()
    console.print(import_table(summary))
    for note in summary.notes:
        console.print(f"Note: {note}")
    console.print(f"Written to {output}. Next: unhaunt backtest {output}")
