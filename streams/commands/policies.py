"""The policy that a command works with, where it comes from, and the formats of the topics."""

import os
from pathlib import Path

from streams.policy_file import is_empty, read_policy
from streams.settings import Settings
from streams.suppression.policy import Policy


def policy_in_force(path: Path | None) -> tuple[Policy, str]:
    """The policy and where it comes from: this file, or that of `UNHAUNT_POLICY`, or the default.

    Raises `PolicyError` and `SettingsError`.
    """
    if path is not None:
        return read_policy(path), f"{path}{_remark(path)}"
    named = Settings.from_environment(os.environ).policy
    if named:
        path = Path(named)
        return read_policy(path), f"{path}, which UNHAUNT_POLICY names{_remark(path)}"
    return Policy.default(), "the defaults; UNHAUNT_POLICY names no file"


def _remark(path: Path) -> str:
    return "; it is empty, so the defaults hold" if is_empty(path) else ""


def formats_in_force() -> dict[str, str]:
    """The formats of topics that `UNHAUNT_FORMATS` names. Raises `SettingsError`."""
    return Settings.from_environment(os.environ).format_by_topic
