"""The words of the domain that have an order: scopes, reasons, and a day's length."""

from typing import Final, get_args

from schemas.outputs import Reason, Scope

DAY: Final = 86_400_000
"""One day in milliseconds (SPEC 1)."""

MINUTE: Final = 60_000

LATEST: Final = 2**63 - 1
"""No time lies after this: all times are 64-bit integers, and an end beyond it is cut to it."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
"""What a claim may cover, narrowest first (SPEC 5, step 3)."""

REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
"""Why a candidate may be suppressed, the one that ranks first at the front (SPEC 5, step 3)."""

CHANNELS: Final = ("display", "video", "native", "email", "push", "onsite")
"""Where an ad is shown (SPEC 2)."""

SCOPE_ORDER: Final[dict[str, int]] = {scope: order for order, scope in enumerate(SCOPES)}
REASON_RANK: Final[dict[str, int]] = {reason: rank for rank, reason in enumerate(REASONS)}

EVERYTHING: Final = "*"
"""The value of the scope `all` (SPEC 1)."""

FOREVER: Final = 1 << 70
"""When something ends that never does: after all times."""


def after(time: int, length: int) -> int:
    """The time so many milliseconds later."""
    end = time + length
    return end if end < LATEST else LATEST
