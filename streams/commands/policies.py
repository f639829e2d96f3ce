"""The policy that a command works with, where it comes from, and the formats of the topics."""

import os
from pathlib import Path

from streams.policy_file import read_policy
from streams.settings import Settings
from streams.suppression.policy import Policy


def policy_in_force(path: Path | None) -> tuple[Policy, str]:
    """The policy and where it comes from: this file, or that of `UNHAUNT_POLICY`, or the default.

    Raises `PolicyError` and `SettingsError`.
    """
    if path is not None:
        return read_policy(path), str(path)
    named = Settings.from_environment(os.environ).policy
    if named:
        return read_policy(Path(named)), f"{named}, which UNHAUNT_POLICY names"
    return Policy.default(), "the defaults; UNHAUNT_POLICY names no file"


def formats_in_force() -> dict[str, str]:
    """The formats of topics that `UNHAUNT_FORMATS` names. Raises `SettingsError`."""
    return Settings.from_environment(os.environ).format_by_topic
