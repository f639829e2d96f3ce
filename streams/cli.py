"""The command line: `unhaunt …`. Each command has its module in `streams.commands`."""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from streams import __version__, build
from streams.commands import (
    anonymise,
    backtest,
    dead_letters,
    demo,
    explain,
    formats,
    importing,
    policy,
    record,
    replay,
    report,
    schemas,
    serve,
    settings,
    simulate,
    strimzi,
    topics,
    verify,
    worker,
)
from streams.commands.errors import exit_code_of


class CommandLine(TyperGroup):
    """The commands, with a person's mistakes told in one line (see `streams.commands.errors`)."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command that the arguments name, and exit with its code."""
        extra["standalone_mode"] = False
        run = super().main
        sys.exit(exit_code_of(lambda: run(*args, **extra)))


app = typer.Typer(
    name="unhaunt",
    cls=CommandLine,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Where to begin:\n\n"
        "  unhaunt demo                          see it work, on a broker of its own\n\n"
        "  unhaunt backtest recording.jsonl      what it would have decided, without a broker\n\n"
        "  unhaunt report rec.jsonl -o rec.html  the same in charts, to look at\n\n"
        "  unhaunt topics apply                  create the topics of a deployment\n\n"
        "  unhaunt worker                        join, decide, and keep the lists"
    ),
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        print(f"unhaunt {__version__} ({build()})")
        raise typer.Exit


@app.callback()
def _unhaunt(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Stop ads from following people to what they have bought or rejected.

    Unhaunt joins requests for ads with purchases, dismissals, delivered impressions and
    preferences, person by person. It keeps for every person the list of what must no longer
    follow them, and decides for every request which candidates are suppressed, why, and until
    when.
    """


app.command(epilog=demo.EXAMPLES)(demo.demo)
app.command(epilog=worker.EXAMPLES)(worker.worker)
app.command(epilog=serve.EXAMPLES)(serve.serve)
app.add_typer(topics.group)
app.add_typer(schemas.group)
app.command(epilog=strimzi.EXAMPLES)(strimzi.strimzi)
app.add_typer(formats.group)
app.add_typer(dead_letters.group)
app.command(epilog=record.EXAMPLES)(record.record)
app.command(epilog=replay.EXAMPLES)(replay.replay)
app.command(epilog=backtest.EXAMPLES)(backtest.backtest)
app.command(epilog=report.EXAMPLES)(report.report)
app.command(epilog=explain.EXAMPLES)(explain.explain)
app.command(epilog=verify.EXAMPLES)(verify.verify)
app.command(epilog=anonymise.EXAMPLES)(anonymise.anonymise)
app.add_typer(importing.group)
app.command(epilog=simulate.EXAMPLES)(simulate.simulate)
app.add_typer(policy.group)
app.command(epilog=settings.EXAMPLES)(settings.settings)


def main() -> None:
    """The console script."""
    app()
