"""`unhaunt strimzi`."""

import os
from typing import Annotated, Final, Literal

import typer

from streams.plain_text import print_plain
from streams.settings import Settings

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt strimzi --cluster kafka --partitions 32 | kubectl apply --namespace kafka -f -\n\n"
    "  UNHAUNT_TOPIC_PREFIX=shop. unhaunt strimzi --authentication tls > shop.yaml"
)


def strimzi(
    cluster: Annotated[
        str, typer.Option(metavar="NAME", help="Name of the Kafka resource that they belong to.")
    ] = "kafka",
    partitions: Annotated[
        int, typer.Option(min=1, metavar="N", help="Partitions of each topic.")
    ] = 8,
    replication: Annotated[
        int, typer.Option(min=1, metavar="N", help="Replicas of each topic.")
    ] = 3,
    authentication: Annotated[
        Literal["scram-sha-512", "tls"],
        typer.Option(
            metavar="scram-sha-512|tls",
            help="How the workers show who they are: by password or by certificate.",
        ),
    ] = "scram-sha-512",
) -> None:
    """Print the deployment as resources for Strimzi: its topics, and the user of its workers.

    A KafkaTopic for every topic that `unhaunt topics apply` would create, and a KafkaUser with the
    least rights that let a worker work. Names come from UNHAUNT_APPLICATION and
    UNHAUNT_TOPIC_PREFIX. No broker is asked.
    """
    import yaml  # noqa: PLC0415 -- slow to import, as is what follows

    from streams.kafka.strimzi import resources  # noqa: PLC0415

    made = resources(
        Settings.from_environment(os.environ), cluster, partitions, replication, authentication
    )
    print_plain(yaml.safe_dump_all(made, sort_keys=False), end="")
