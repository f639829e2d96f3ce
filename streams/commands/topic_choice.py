"""Choosing topics by their default names."""

from collections.abc import Collection, Sequence
from typing import Annotated

import typer

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


def chosen_topics(names: Sequence[str] | None, topics: Collection[str]) -> tuple[str, ...]:
    """The names in the order of these topics. Raises `UserError` for what is none of them."""
    for name in names or ():
        if name not in topics:
            raise UserError(f"--topic: expected one of {', '.join(topics)}, got '{name}'")
    return tuple(name for name in topics if name in (names or ()))
