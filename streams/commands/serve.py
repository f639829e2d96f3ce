"""`unhaunt serve`."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from streams import logs
from streams.commands.policies import policy_in_force
from streams.settings import Settings

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt serve\n\n"
    "  UNHAUNT_BROKERS=kafka-1:9092 UNHAUNT_POLICY=policy.toml unhaunt serve --folder view\n\n"
    "  curl http://127.0.0.1:8085/v1/persons/ann"
)


def serve(
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Where to listen. By default only this machine can ask: who can, can read the "
            "list of anybody.",
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=1, max=65_535, help="The port.")] = 8085,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep the lists here rather than in memory, and go on from there after a restart.",
        ),
    ] = None,
) -> None:
    """Answer ad servers: the list of a person, and the decision on a request, over HTTP.

    It follows the topics of lists and of the catalog, and decides by the policy that
    UNHAUNT_POLICY names, which should be that of the workers. Until it has read everything it
    answers with 503. While the brokers are away it answers by what it has, says in every answer how
    old that is, and relies on it as the policy says under [stale].

    GET /v1/persons/{user_id} is the list of a person, with an ETag. POST /v1/decide takes a request
    for an ad, or a list of them. GET /health/live and /health/ready are for whoever runs it, and
    GET /openapi.json describes all of it. Ctrl-C or SIGTERM stops it.
    """
    settings = Settings.from_environment(os.environ)
    logs.set_up(settings.log_level)
    policy, _ = policy_in_force(None)
    # Kafka and HTTP take a while to import, which no other command should wait for.
    from streams.view import View, service  # noqa: PLC0415

    with View(settings, policy, folder) as view:
        service.serve(view, host, port)
