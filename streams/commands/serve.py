"""`unhaunt serve`."""

import logging
import os
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Annotated, Final

import typer

from schemas.openrtb.bid_request import USER_IDS
from streams import logs
from streams.commands.terminal import busy, standard_output
from streams.errors import UserError
from streams.settings import ServeSettings, Settings
from streams.suppression.policy import Policy

if TYPE_CHECKING:
    from streams.view.access import Access
    from streams.view.recorded import RecordedView

logger = logging.getLogger(__name__)

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt serve --demo\n\n"
    "  UNHAUNT_BROKERS=kafka-1:9092 UNHAUNT_POLICY=policy.toml unhaunt serve --folder view\n\n"
    "  unhaunt serve --person user.id --person id5-sync.com --candidates shop.json\n\n"
    "  curl http://127.0.0.1:8085/v1/persons/ann"
)
KNOWN_PERSON: Final = "person-0049"
"""Somebody in the built-in recording who has a list at its end."""


def serve(
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Where to listen. By default only this machine can ask: who can, can read the "
            "list of anybody. Elsewhere it needs tokens and TLS.",
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
    person: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PLACE",
            help="Where a bid request names the person by ids that the topics' keys are: user.id, "
            "user.buyeruid, device.ifa, or the source of extended ids. May be said several times: "
            "the lists of all ids that are there count together. By default the first two.",
        ),
    ] = None,
    candidates: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="For bid requests whose impressions bring no candidates: a JSON array of them.",
        ),
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure",
            help="Listen elsewhere than on this machine without tokens or TLS, where the network "
            "keeps everybody else away.",
        ),
    ] = False,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            help="Answer by the lists at the end of the built-in recording, without Kafka.",
        ),
    ] = False,
) -> None:
    """Answer ad servers: the list of a person, and the decision on a request, over HTTP.

    It follows the topics of lists and of the catalog, and decides by the policy that
    UNHAUNT_POLICY names, which should be that of the workers. Until it has read everything it
    answers with 503. While the brokers are away it answers by what it has, says in every answer how
    old that is, and relies on it as the policy says under [stale].

    GET /v1/persons/{user_id} is the list of a person, with an ETag. POST /v1/decide takes a request
    for an ad, by one id of the person or several, or a list of requests. POST /v1/openrtb takes a
    bid request of OpenRTB, which it gives back with what is suppressed in it. GET /health/live,
    /health/ready and /metrics are for whoever runs it, and GET /openapi.json describes all of it.
    Ctrl-C or SIGTERM stops it.
    """
    if demo and folder is not None:
        raise UserError("--demo keeps its lists in memory: leave --folder out.")
    settings = Settings.from_environment(os.environ)
    # Kafka and HTTP take a while to import, which no other command should wait for.
    from streams.view import View  # noqa: PLC0415
    from streams.view.openrtb_options import (  # noqa: PLC0415
        OpenRtbOptions,
        read_candidates,
        require_places,
    )
    from streams.view.server import serve as answer  # noqa: PLC0415
    from streams.view.service import Service  # noqa: PLC0415

    require_places(person or ())
    openrtb = OpenRtbOptions(person or USER_IDS, read_candidates(candidates) if candidates else ())
    logs.set_up(settings.log_level, settings.log_format)
    access = _access(settings.serve, host, insecure)
    with _listener(host, port) as listener:
        if demo:
            recorded = _recorded()
            _print_what_to_ask(f"{'https' if access.tls else 'http'}://{host}:{port}")
            answer(Service(recorded, openrtb, settings.serve, access), listener)
        else:
            with View(settings, folder) as view:
                answer(Service(view, openrtb, settings.serve, access), listener)


def _listener(host: str, port: int) -> socket:
    """Raises `UserError` where it cannot listen there, before anything is read."""
    from streams.monitoring.http_port import bind  # noqa: PLC0415 -- slow to import

    try:
        return bind(host, port)
    except OSError as error:
        raise UserError(
            f"--host {host} --port {port}: cannot listen there: {error.strerror}. Choose another "
            "--port, or end what has this one."
        ) from error


def _access(settings: ServeSettings, host: str, insecure: bool) -> "Access":
    """Raises `UserError` where others than this machine could ask without a token or TLS."""
    from streams.view.access import Access, missing_protection  # noqa: PLC0415

    if missing := missing_protection(settings, host):
        if not insecure:
            raise UserError(
                f"--host {host}: others than this machine may ask there, so it needs "
                f"{' and '.join(missing)}; or --insecure, where the network keeps everybody away "
                "who should not read anybody's list."
            )
        logger.warning(
            "--insecure: whoever reaches %s can read anybody's list, without %s",
            host,
            " or ".join(missing),
        )
    return Access(settings, host)


def _recorded() -> "RecordedView":
    from streams.recording.simulated import DEMO_POLICY, simulate  # noqa: PLC0415
    from streams.view.recorded import RecordedView  # noqa: PLC0415

    with busy("Deciding on the built-in recording"):
        return RecordedView(simulate(), Policy.from_toml(DEMO_POLICY))


def _print_what_to_ask(address: str) -> None:
    # A line to copy is not to be broken.
    standard_output().print(f"For a browser: {address}/v1/persons/{KNOWN_PERSON}", soft_wrap=True)
