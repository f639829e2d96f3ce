"""`unhaunt settings`."""

import os
from typing import Final

from streams.commands.terminal import standard_output, table
from streams.settings import Settings, described

EXAMPLES: Final = (
    "Examples:\n\n  unhaunt settings\n\n  UNHAUNT_TOPIC_PREFIX=shop. unhaunt settings | grep TOPIC"
)


def settings() -> None:
    """List every setting: its variable, the value in force, the default, what it means.

    Settings are variables of the environment. A value that differs from its default is bold. A
    variable that begins with UNHAUNT_ and is no setting, or a value that is not right, is an error
    here as it is for a worker.
    """
    made = table("Variable", "Value", "Default", "Meaning")
    for name, value, default, meaning in described(Settings.from_environment(os.environ)):
        style = "bold" if value != default else ""
        made.add_row(name, value or '""', default or '""', meaning, style=style)
    standard_output().print(made)
