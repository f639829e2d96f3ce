"""A person's mistakes become one clear line; only the program's own become a traceback."""

import sys
from collections.abc import Callable
from typing import Final

import typer

from streams.errors import FailedCheck, SourceError, UserError
from streams.plain_text import print_plain
from streams.wording import sentence

FAILED_CHECK: Final = 1
USER_MISTAKE: Final = 2
"""Exit code for what the person at the command line can put right."""

INTERRUPTED: Final = 130


def _to_standard_error(message: str) -> None:
    print_plain(message, file=sys.stderr)


def exit_code_of(
    command: Callable[[], object], write: Callable[[str], None] = _to_standard_error
) -> int:
    """Run a command; returns the exit code, after one message to the person where it is 1 or 2.

    What is no mistake of a person's is raised.
    """
    try:
        result = command()
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        message = _explained(error)
        if message is None:
            raise
        if message:
            write(message)
        return FAILED_CHECK if isinstance(error, FailedCheck) else USER_MISTAKE
    return result if isinstance(result, int) else 0


def _explained(error: Exception) -> str | None:
    """What to tell the person; None when it is no mistake of theirs."""
    # Here, since help waits for what is imported above.
    from streams.settings import SettingsError  # noqa: PLC0415
    from streams.suppression.policy_document import PolicyError  # noqa: PLC0415

    if isinstance(error, UserError | SettingsError | PolicyError | SourceError):
        return str(error)
    if isinstance(error, _USAGE_ERROR):
        return _usage(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    # Only where it has been imported can it have been raised.
    kafka = sys.modules.get("confluent_kafka")
    if kafka is not None and isinstance(error, kafka.KafkaException):
        return f"Kafka: {error.args[0].str()}"
    return None


_USAGE_ERROR: Final = typer.BadParameter.__bases__
"""The errors of a command line that does not fit; typer exports only this one of them."""


def _usage(error: Exception) -> str:
    """Empty for a bare command of a group, of which the help has been shown instead."""
    message = str(error.format_message())  # type: ignore[attr-defined]
    message = message.replace("Value error, ", "")  # of pydantic's, by which Typer reads values
    context = getattr(error, "ctx", None)
    if not message or context is None:
        return message.rstrip(".")
    return f"{sentence(message)} `{context.command_path} --help` explains."
