"""Whether a worker has started, is ready and is alive, and why (or why not)."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from streams.engine.checkpoint.commit_timeout import ANSWER_SECONDS
from streams.engine.telemetry.liveness import Liveness
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


def startup(liveness: Liveness, _: Settings) -> Check:
    """Whether it has once had partitions with their state restored."""
    if liveness.has_restored:
        return Check(True, "it has joined the group and restored what it was assigned")
    return Check(False, _stage(liveness))


def ready(liveness: Liveness, _: Settings) -> Check:
    """Whether it works: partitions are assigned and restored, and the group hears of it."""
    if liveness.stage != "working":
        return Check(False, _stage(liveness))
    if not liveness.hears_group:
        return Check(False, "the group's coordinator does not answer")
    return Check(True, _stage(liveness))


def live(liveness: Liveness, settings: Settings) -> Check:
    """Whether it gets anywhere; if not, nothing but a restart can help.

    Whoever waits for the group is alive. That its event loop moves shows in that it answers.
    """
    patience = {
        "joining": float("inf"),
        "restoring": RESTORE_SECONDS,
        "working": settings.transaction_seconds + ANSWER_SECONDS + WORK_SECONDS,
    }[liveness.stage]
    stage = _stage(liveness)
    if liveness.silence > patience:
        stage += f", but has got nowhere for {liveness.silence:.0f} seconds (allowed: {patience})"
        return Check(False, stage)
    return Check(True, stage)


def _stage(liveness: Liveness) -> str:
    if liveness.stage == "joining":
        return "it waits for the group to assign partitions"
    if liveness.stage == "restoring":
        return (
            f"it restores its state: {liveness.restored:,} records are done since the start, "
            f"at most {liveness.left:,} are left"
        )
    return f"it works on {liveness.partitions} partition{'' if liveness.partitions == 1 else 's'}"


CHECKS: Final[Mapping[str, Callable[[Liveness, Settings], Check]]] = {
    "startup": startup,
    "ready": ready,
    "live": live,
}
"""By the last part of their path."""
