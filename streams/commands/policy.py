"""`unhaunt policy …`."""

from pathlib import Path
from typing import Annotated

import orjson
import tomli_w
import typer

from streams.commands.files import STANDARD_OUTPUT, whole_file
from streams.commands.policies import policy_in_force
from streams.plain_text import print_plain, printable
from streams.policy_file import is_empty, read_policy
from streams.suppression.policy_document import remarks

group = typer.Typer(
    name="policy",
    no_args_is_help=True,
    help="The policy: for how long, and how widely, what somebody bought or rejected is off.",
)


@group.command(
    "show",
    epilog=(
        "Examples:\n\n"
        "  unhaunt policy show\n\n"
        "  unhaunt policy show > policy.toml      begin a policy of your own\n\n"
        "  unhaunt policy show policy.toml        with the defaults that it does not override\n\n"
        "  unhaunt policy show --json             for a view in another language"
    ),
)
def show(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A policy instead of the one in force."),
    ] = None,
    is_json: Annotated[bool, typer.Option("--json", help="Show it as JSON.")] = False,
) -> None:
    """Show the policy in force as TOML, with all defaults filled in.

    That is the policy of the file that UNHAUNT_POLICY names, and the default one when it names
    none.
    """
    policy, source = policy_in_force(file)
    if is_json:
        text = orjson.dumps(policy.document, option=orjson.OPT_INDENT_2).decode() + "\n"
    else:
        text = f"# From {printable(source)}.\n{tomli_w.dumps(policy.document)}"
    with whole_file(STANDARD_OUTPUT) as write:
        write(text.encode())


@group.command("check", epilog="Example:\n\n  unhaunt policy check policy.toml")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The policy to check, TOML.")],
) -> None:
    """Check a policy file, and name every key and value in it that is not right.

    Exits with 0 when the file can be used and with 2 when it cannot.
    """
    policy = read_policy(file)
    if is_empty(file):
        print_plain(f"{file} is empty, so it is the default policy")
    else:
        print_plain(f"{file} is a valid policy, version {policy.version}")
    for remark in remarks(policy.document):
        print_plain(f"{file}: {remark}")
