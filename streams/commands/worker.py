"""`unhaunt worker`."""

import logging
import os
import signal
from pathlib import Path
from socket import socket
from typing import Annotated, Final

import typer

from streams import __version__, build, logs
from streams.commands.errors import exit_code_of
from streams.commands.policies import policy_in_force
from streams.commands.signals import end_upon_sigterm
from streams.errors import UserError
from streams.policy_file import PolicyFile
from streams.settings import Settings

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt worker\n\n"
    "  UNHAUNT_BROKERS=kafka-1:9092,kafka-2:9092 UNHAUNT_POLICY=policy.toml unhaunt worker\n\n"
    "  UNHAUNT_INSTANCE=shop unhaunt worker --processes 4\n\n"
    "  UNHAUNT_HTTP_PORT=9108 unhaunt worker      with /metrics and /health/… at that port"
)

logger = logging.getLogger("streams.worker")

UNIT_WORKER: Final = ("-P", "-m", "streams.commands.unit_worker")
"""What Python is given to run one of several workers."""


def worker(
    processes: Annotated[
        int,
        typer.Option(
            "--processes",
            metavar="N",
            min=1,
            help="Run so many workers as one unit, up to one for each partition.",
        ),
    ] = 1,
) -> int:
    """Run a worker: join what people did, decide on requests, keep the lists.

    Start as many as you like with the same UNHAUNT_APPLICATION, up to one for each partition:
    they share the work. The topics must be there (`unhaunt topics apply`). Settings come from the
    environment (`unhaunt settings` lists them). Ctrl-C or SIGTERM stops it in good order. The
    policy file is read again when it changes, or at once upon SIGHUP.

    A worker keeps one core busy. With --processes N there are N of them, named UNHAUNT_INSTANCE-1
    and so on (the host's name, where that is not set), each with its own state folder, caches and
    other memory: what the settings allow a worker, N workers take N times. One that dies is
    started again. If it dies 3 times within a minute, or cannot work for a reason that it names,
    all are stopped, with exit code 1 or 2.

    With UNHAUNT_HTTP_PORT it tells how it is: /metrics for Prometheus, and /health/startup,
    /health/ready and /health/live for who runs it. Several processes answer at one port.
    """
    end_upon_sigterm()
    settings = Settings.from_environment(os.environ)
    logs.set_up(settings.log_level, settings.log_format)
    # Until it is listened to, a SIGHUP must not end anything, nor can it be missed: the policy file
    # is looked at all the same.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def run() -> int:
        if processes > 1:
            return run_unit(settings, processes)
        run_alone(settings)
        return 0

    # In a log of JSON a mistake is a line like any other.
    return exit_code_of(run, logger.error) if settings.log_format == "json" else run()


def run_alone(settings: Settings, listener: socket | None = None) -> None:
    """Run one worker, in this process, until it is told to stop.

    It answers by HTTP at `listener`, or else where the settings say.
    """
    # Kafka and Faust take a while to import, which no other command should wait for.
    from streams.kafka.acls.check import explained_refusals, require_rights  # noqa: PLC0415
    from streams.kafka.topics import require  # noqa: PLC0415
    from streams.monitoring.http_port import listener_of  # noqa: PLC0415
    from streams.worker import run_worker  # noqa: PLC0415

    answers_at = listener or listener_of(settings)
    policy = PolicyFile(Path(settings.policy) if settings.policy else None)
    require_rights(settings)
    topics, partitions = require(settings)
    logger.info("unhaunt %s (%s)", __version__, build())
    with explained_refusals(settings):
        run_worker(settings, policy, topics, partitions, answers_at)


def run_unit(settings: Settings, processes: int) -> int:
    """Run workers in processes of their own until they are told to stop; returns the exit code.

    What would be wrong for all of them is found here, and said once.
    """
    from streams.kafka.acls.check import require_rights  # noqa: PLC0415
    from streams.kafka.registry.schema_registry import registry_of  # noqa: PLC0415
    from streams.kafka.topics import require  # noqa: PLC0415
    from streams.monitoring.http_port import listener_of  # noqa: PLC0415
    from streams.supervision.worker_unit import WorkerUnit  # noqa: PLC0415

    answers_at = listener_of(settings)
    policy_in_force(None)
    require_rights(settings)
    _, partitions = require(settings)
    if processes > partitions:
        raise UserError(
            f"--processes {processes}: expected at most {partitions}, the number of partitions "
            "that the topics have, since a worker without a partition has nothing to do."
        )
    registry_of(settings)
    return WorkerUnit(settings, processes, UNIT_WORKER).run(answers_at)
