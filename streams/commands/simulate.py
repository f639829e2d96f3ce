"""`unhaunt simulate`."""

from typing import Annotated, Final

import typer

from streams.commands.files import Force, check_outputs
from streams.commands.terminal import busy, progress_bar
from streams.plain_text import print_plain
from streams.recording.files import UNNUMBERED, Writer
from streams.recording.line_order import in_line_order
from streams.recording.simulated import simulate as simulated
from streams.wording import counted

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt simulate -o shop.jsonl.zst && unhaunt backtest shop.jsonl.zst\n\n"
    "  unhaunt simulate --persons 100 --partitions 32 -o small.jsonl\n\n"
    "  unhaunt simulate --linked 10 -o devices.jsonl.zst"
)


def simulate(
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Recording to write, .jsonl or .jsonl.zst."
        ),
    ],
    persons: Annotated[int, typer.Option(min=1, metavar="N", help="So many people.")] = 3000,
    partitions: Annotated[
        int, typer.Option(min=1, metavar="N", help="So many partitions of each topic.")
    ] = 4,
    linked: Annotated[
        float,
        typer.Option(
            min=0,
            max=100,
            metavar="PERCENT",
            help="So many of a hundred people are known by several ids: they have devices, share a "
            "tablet, sign in and out.",
        ),
    ] = 0,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Of what is drawn: another seed, other draws.")
    ] = 1,
    force: Force = False,
) -> None:
    """Write the recording that `unhaunt demo` shows: a simulated shop, and people its ads follow.

    They browse, buy, return, dismiss and opt out for forty days; a few records are broken, late or
    repeated, as they are in life. The same options give the same records.
    """
    check_outputs([], {"-o": output}, force=force)
    with busy("Simulating"):
        records = list(simulated(seed, persons, partitions, linked))
    with Writer(output) as writer, progress_bar("Writing", len(records)) as advance:
        for record in in_line_order(records):
            record.offset = UNNUMBERED  # a replay cannot give offsets back
            writer.write(record)
            advance(1)
    print_plain(f"{output}: {counted(len(records), 'record')}")
