"""Choosing topics by their default names."""

from collections.abc import Sequence
from typing import Annotated

import typer

from schemas.topics import TOPICS
from streams.errors import UserError

ChosenTopics = Annotated[
    list[str] | None,
    typer.Option(
        "--topic",
        metavar="NAME",
        help="Only this topic, such as purchases. Without it all input topics; outputs, such as "
        "decisions, only when they are named.",
    ),
]


def chosen_topics(names: Sequence[str] | None) -> tuple[str, ...]:
    """The names in the order of the contract. Raises `UserError` for what is no topic of it."""
    for name in names or ():
        if name not in TOPICS:
            raise UserError(f"--topic: expected one of {', '.join(TOPICS)}, got '{name}'")
    return tuple(name for name in TOPICS if name in (names or ()))
