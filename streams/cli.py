"""The command line: `unhaunt …`. Each command has its module in `streams.commands`."""

import sys
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from streams import __version__, build
from streams.commands.errors import exit_code_of
from streams.plain_text import print_plain

COMMANDS: Final = {
    "demo": "See the whole thing work, with nothing installed but Unhaunt.",
    "worker": "Run a worker: join what people did, decide on requests, keep the lists.",
    "serve": ("Answer ad servers: the list of a person, and the decision on a request, over HTTP."),
    "topics": "The topics of a deployment: see what is missing, create it, check that all fits.",
    "schemas": (
        "The schemas of topics in a schema registry: bring them there, check that they fit."
    ),
    "strimzi": (
        "Print the deployment as resources for Strimzi: its topics, and the user of its workers."
    ),
    "formats": "Events as other systems write them: see what is read of them before going live.",
    "catalog": "The catalog: see whether events name products as it does.",
    "dead-letters": (
        "The records that broke the contract: list them, look at one, send them back."
    ),
    "record": (
        "Write topics of a cluster into a recording: to replay them, or to try policies on them."
    ),
    "replay": "Put a recording back onto the topics of a cluster.",
    "backtest": "Decide on a recording without a broker, and sum up what came of it.",
    "report": "Show what a policy does to recorded traffic: one page with charts and tables.",
    "explain": (
        "Explain why a product is shown to a person or not, or tell all that is held about them."
    ),
    "verify": "Test a policy: small recordings, each with the decisions and lists expected of it.",
    "anonymise": (
        "Replace the ids in recordings by keyed hashes, so that they can be shared as test cases."
    ),
    "import": "Make a recording from files of events, a public data set, or pairs of ids.",
    "simulate": (
        "Write the recording that `unhaunt demo` shows: a simulated shop, and people its ads "
        "follow."
    ),
    "policy": (
        "The policy: for how long, and how widely, what somebody bought or rejected is off."
    ),
    "settings": "List every setting: its variable, the value in force, the default, what it means.",
}
"""Each with the first sentence of its help, so that listing them imports none of them."""

MODULES: Final = {"dead-letters": "dead_letters", "import": "importing"}
"""Those whose names cannot be a module's."""

MARKUP: Final = "markdown"
"""How help is written."""


def command(name: str) -> Any:
    """One of the commands, or a group of them, with all of its options: this imports its module."""
    module = import_module(f"streams.commands.{MODULES.get(name, name)}")
    around = typer.Typer(rich_markup_mode=MARKUP)
    if hasattr(module, "group"):
        around.add_typer(module.group)
    else:
        around.command(epilog=module.EXAMPLES)(getattr(module, name))
    return typer.main.get_group(around).commands[name]


def _shown_of_a_value(parameter: Any, **_: object) -> str | None:
    """What help says of an option's value: its metavar, where Typer would name Python's type."""
    return parameter.metavar if isinstance(parameter, TyperOption) else None


for _parameter in (TyperArgument, TyperOption):
    setattr(_parameter, "display_type_rich", _shown_of_a_value)  # noqa: B010 -- not mypy's to know


class CommandLine(TyperGroup):
    """The commands, with a person's mistakes told in one line (see `streams.commands.errors`).

    A command is imported when it is called, or asked for its own help.
    """

    def __init__(self, **extra: Any) -> None:
        super().__init__(**extra)
        for name, summary in COMMANDS.items():
            self.add_command(TyperCommand(name, help=summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the arguments name, rather than its line in the list."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else command(name), rest

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command that the arguments name, and exit with its code."""
        extra["standalone_mode"] = False
        run = super().main
        sys.exit(exit_code_of(lambda: run(*args, **extra)))


app = typer.Typer(
    name="unhaunt",
    cls=CommandLine,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=MARKUP,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Where to begin:\n\n"
        "  unhaunt demo                          see it work, on a broker of its own\n\n"
        "  unhaunt backtest recording.jsonl      decide without a broker, and sum up\n\n"
        "  unhaunt report rec.jsonl -o rec.html  the same in charts, to look at\n\n"
        "  unhaunt topics apply                  create the topics of a deployment\n\n"
        "  unhaunt worker                        join, decide, and keep the lists"
    ),
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        print_plain(f"unhaunt {__version__} ({build()})")
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


def main() -> None:
    """The console script."""
    app()
