"""`unhaunt schemas …`."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import typer

from streams.commands.terminal import busy, standard_output, table
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.kafka.registry.registration import Subject

ASKING_THE_REGISTRY: Final = "Asking the registry"

group = typer.Typer(
    name="schemas",
    no_args_is_help=True,
    help="The schemas of topics in a schema registry: bring them there, check that they fit.",
)


@group.command(
    "register",
    epilog=(
        "Examples:\n\n"
        "  unhaunt schemas register\n\n"
        "  UNHAUNT_SCHEMAS=decisions=avro UNHAUNT_SCHEMA_REGISTRY_URL=http://registry:8081 "
        "unhaunt schemas register"
    ),
)
def register() -> None:
    """Register the schemas of the topics that UNHAUNT_SCHEMAS names, as this version has them.

    Each stands under the topic's name and "-value". What the registry does not take by the rules
    that it has for a subject is said, and the exit code is then 1.
    """
    from streams.kafka.registry import registration as registered_schemas  # noqa: PLC0415 -- slow to import

    with busy(ASKING_THE_REGISTRY):
        found = list(registered_schemas.register(Settings.from_environment(os.environ)))
    _show(found)


@group.command("check", epilog="Example:\n\n  unhaunt schemas check && unhaunt worker")
def check() -> None:
    """Check that the registry has the schemas, or would take them. Changes nothing.

    The exit code is 1 where it would not, by the rules that it has for the subject.
    """
    from streams.kafka.registry.registration import subjects  # noqa: PLC0415 -- slow to import

    with busy(ASKING_THE_REGISTRY):
        found = list(subjects(Settings.from_environment(os.environ)))
    _show(found)


def _show(found: Sequence["Subject"]) -> None:
    made = table("Subject", "Kind", "Id", "", numbers=("Id",))
    for subject in found:
        problem = "not compatible with what is there" if not subject.is_compatible else ""
        if subject.schema_id is None and not problem:
            problem = "`unhaunt schemas register` brings it there"
        made.add_row(subject.name, subject.kind, str(subject.schema_id or ""), problem)
    standard_output().print(made)
    if not all(subject.is_compatible for subject in found):
        raise typer.Exit(1)
