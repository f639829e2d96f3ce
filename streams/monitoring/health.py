"""Whether a worker has started, is ready and is alive, and why (or why not)."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from streams.engine.checkpoint.answer import ANSWER_SECONDS
from streams.engine.telemetry.liveness import Pulse
from streams.settings import Settings

RESTORE_SECONDS: Final = 120
"""A restore that gets nowhere for so long is stuck. A broker that says nothing ends it sooner."""
WORK_SECONDS: Final = 30
"""So long the work between two signs of life may take, beyond what a checkpoint may."""


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to a probe."""

    ok: bool
    why: str
    """In words, for who looks at a pod that does not get ready."""
    workers: dict[str, "Check"] = {}
    """Of a unit: what each of its workers says."""


def startup(pulse: Pulse, _: Settings) -> Check:
    """Whether it has once had partitions with their state restored."""
    if pulse.has_restored:
        return Check(True, "it has joined the group and restored what it was assigned")
    return Check(False, _stage(pulse))


def ready(pulse: Pulse, _: Settings) -> Check:
    """Whether it works: partitions are assigned and restored, and the group hears of it."""
    if pulse.stage != "working":
        return Check(False, _stage(pulse))
    if not pulse.hears_group:
        return Check(False, "the group's coordinator does not answer")
    return Check(True, _stage(pulse))


def live(pulse: Pulse, settings: Settings) -> Check:
    """Whether it gets anywhere; if not, nothing but a restart can help.

    Whoever waits for the group is alive. That its event loop moves shows in that it answers.
    """
    patience = {
        "joining": float("inf"),
        "restoring": RESTORE_SECONDS,
        "working": settings.transaction_seconds + ANSWER_SECONDS + WORK_SECONDS,
    }[pulse.stage]
    said = _stage(pulse)
    if pulse.silence > patience:
        said += f", but has got nowhere for {pulse.silence:.0f} seconds (allowed: {patience})"
        return Check(False, said)
    return Check(True, said)


def _stage(pulse: Pulse) -> str:
    if pulse.stage == "joining":
        return "it waits for the group to assign partitions"
    if pulse.stage == "restoring":
        return (
            f"it restores its state: {pulse.restored:,} records are done since the start, "
            f"at most {pulse.left:,} are left"
        )
    return f"it works on {pulse.partitions} partition{'' if pulse.partitions == 1 else 's'}"


CHECKS: Final[Mapping[str, Callable[[Pulse, Settings], Check]]] = {
    "startup": startup,
    "ready": ready,
    "live": live,
}
"""By the last part of their path."""
