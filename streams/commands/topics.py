"""`unhaunt topics …`."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.terminal import ASKING, busy, standard_output, table
from streams.plain_text import print_plain
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.kafka.topics import Plan

group = typer.Typer(
    name="topics",
    no_args_is_help=True,
    help="The topics of a deployment: see what is missing, create it, check that all fits.",
)

Partitions = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Partitions of new topics. Without it as many as the topics that are there, or 8.",
    ),
]
Replication = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Replicas of new topics. Without it 3, or as many as there are brokers if fewer.",
    ),
]

WHY_PARTITIONS_STAY = """\
The number of partitions of a topic is never changed: the next record of a person would go to
another partition than all that is known of them. To have another number, create new topics with it
under another UNHAUNT_TOPIC_PREFIX and UNHAUNT_APPLICATION, and replay the records into these."""


@group.command(
    "plan",
    epilog=(
        "Examples:\n\n"
        "  unhaunt topics plan\n\n"
        "  UNHAUNT_BROKERS=kafka-1:9092 unhaunt topics plan --partitions 32"
    ),
)
def plan(partitions: Partitions = None, replication: Replication = None) -> None:
    """Show which topics are missing and which differ from what they must be. Changes nothing."""
    from streams.kafka.topics import plan as make_plan  # noqa: PLC0415 -- slow to import

    with busy(ASKING):
        planned = make_plan(Settings.from_environment(os.environ), partitions, replication)
    _show_missing(planned, "Missing; `unhaunt topics apply` creates them:")
    _show_wrong(planned)
    if not (planned.missing or planned.unequal or planned.differing):
        print_plain("All topics are there and as they must be.")


@group.command(
    "apply",
    epilog=(
        "Examples:\n\n"
        "  unhaunt topics apply\n\n"
        "  unhaunt topics apply --partitions 32 --replication 3"
    ),
)
def apply(partitions: Partitions = None, replication: Replication = None) -> None:
    """Create the topics that are missing.

    A topic that is there is left as it is. Where one is wrong that is said, and the exit code is
    1; where a number of partitions is wrong, nothing is created either.
    """
    from streams.kafka import topics  # noqa: PLC0415 -- slow to import

    settings = Settings.from_environment(os.environ)
    with busy(ASKING):
        planned = topics.plan(settings, partitions, replication)
    if planned.unequal:
        _show_wrong(planned)
        raise typer.Exit(1)
    with busy("Creating topics"):
        topics.create(settings, planned)
    _show_missing(planned, "Created:")
    _show_wrong(planned)
    if planned.differing:
        raise typer.Exit(1)
    if not planned.missing:
        print_plain("All topics are there and as they must be.")


@group.command("check", epilog="Example:\n\n  unhaunt topics check && unhaunt worker")
def check() -> None:
    """Check that the topics are fit for a worker; the exit code is 1 when they are not.

    The required topics must be there, all topics with a person's records must have the same number
    of partitions, and each must have its cleanup policy, as far as the broker tells it.
    """
    from streams.kafka.topics import plan as make_plan  # noqa: PLC0415 -- slow to import

    with busy(ASKING):
        planned = make_plan(Settings.from_environment(os.environ))
    required = [topic.name for topic in planned.missing if not topic.is_optional]
    for name in required:
        print_plain(f"{name}: missing; `unhaunt topics apply` creates it")
    _show_wrong(planned)
    if required or planned.unequal or planned.differing:
        raise typer.Exit(1)
    print_plain(f"The topics are fit for a worker. Partitions: {planned.partitions}")
    for topic in planned.missing:
        print_plain(f"{topic.name}: not there, which is all right: it is optional")


@group.command(
    "acls",
    epilog=(
        "Examples:\n\n"
        "  unhaunt topics acls --principal User:unhaunt\n\n"
        "  unhaunt topics acls --principal User:unhaunt > acls.sh    for who may run it\n\n"
        "  unhaunt topics acls --view --principal User:ads           for unhaunt serve"
    ),
)
def acls(
    principal: Annotated[
        str,
        typer.Option(metavar="PRINCIPAL", help="Whom the brokers take the workers for."),
    ] = "User:unhaunt",
    view: Annotated[
        bool,
        typer.Option("--view", help="Those of a view, such as `unhaunt serve`, and no worker's."),
    ] = False,
) -> None:
    """Print the ACLs that a worker needs, as calls of Kafka's own kafka-acls.sh.

    They are the least: without any one of them a worker does not start, and says which. Nothing is
    asked of the brokers, and nothing changed.
    """
    from streams.kafka.acls.commands import commands  # noqa: PLC0415
    from streams.kafka.acls.grants import view_grants, worker_grants  # noqa: PLC0415 -- slow

    settings = Settings.from_environment(os.environ)
    grants = view_grants(settings) if view else worker_grants(settings)
    for line in commands(grants, principal, settings.kafka.brokers):
        print_plain(line)


def _show_missing(planned: "Plan", title: str) -> None:
    if not planned.missing:
        return
    made = table(
        "Topic", "Partitions", "Replicas", "Cleanup", "", numbers=("Partitions", "Replicas")
    )
    for topic in planned.missing:
        made.add_row(
            topic.name,
            str(planned.partitions),
            str(planned.replication),
            topic.cleanup,
            "optional" if topic.is_optional else "",
        )
    print_plain(title)
    standard_output().print(made)


def _show_wrong(planned: "Plan") -> None:
    for sentence in (*planned.unequal, *planned.differing):
        print_plain(sentence)
    if planned.unequal:
        print_plain(WHY_PARTITIONS_STAY)
    if planned.differing:
        print_plain(
            "A cleanup policy is not changed here, since that may delete records. Kafka does it "
            "with: kafka-configs.sh --bootstrap-server HOST --alter --entity-type topics "
            "--entity-name TOPIC --add-config cleanup.policy=POLICY"
        )
