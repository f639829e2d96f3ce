"""What a person undid: order lines that came back, and dismissals that were restored (SPEC 3)."""

from bisect import bisect_left, insort
from typing import Final, final

from mypy_extensions import mypyc_attr

from streams.suppression.evidence import Evidence
from streams.suppression.facts import (
    Acting,
    Fact,
    Line,
    LineKey,
    Refund,
    Reinstatement,
    Rejection,
    Restoration,
    Target,
)

Named = tuple[Target | None, str | None]
"""Target and reason of a restoration."""


@mypyc_attr(acyclic=True)
@final
class Undone:
    """Returns by order line and restorations by what they name, for as many as there may be."""

    __slots__ = ("_reinstated", "_restored", "_returned", "_void")

    def __init__(self, evidence: Evidence) -> None:
        self._returned: dict[LineKey, int] = {}
        self._void: dict[str, int] = {order.order_id: order.ts for order in evidence.voided}
        self._reinstated: dict[str, int] = {
            order.order_id: order.ts for order in evidence.reinstated
        }
        self._restored: dict[Named, list[int]] = {}
        for refund in evidence.refunds:
            self.take_back(None, refund)
        for restoration in evidence.restorations:
            self.add_restoration(restoration)

    def take_back(self, known: Fact | None, fact: Acting) -> None:
        """Count what takes an order back or brings it back, in place of what the fact was."""
        if not isinstance(fact, Refund):
            times = self._reinstated if isinstance(fact, Reinstatement) else self._void
            times[fact.order_id] = fact.ts
            return
        if isinstance(known, Refund):
            key = known.order_id, known.product_id
            self._returned[key] -= known.quantity
        key = fact.order_id, fact.product_id
        self._returned[key] = self._returned.get(key, 0) + fact.quantity

    def add_restoration(self, restoration: Restoration) -> None:
        """Count a restoration that was not known before."""
        named = restoration.target, restoration.reason
        insort(self._restored.setdefault(named, []), restoration.ts)

    def kept(self, line: Line) -> int:
        """How many of an order line were kept; 0 where it is not owned."""
        if not self._void and not self._returned:
            return line.quantity
        if self._is_void(line.order_id):
            return 0
        returned = self._returned.get((line.order_id, line.product_id), 0)
        return max(0, line.quantity - returned)

    def _is_void(self, order_id: str) -> bool:
        """Whether an order came back as a whole, and was not reinstated later."""
        void = self._void.get(order_id)
        if void is None:
            return False
        reinstated = self._reinstated.get(order_id)
        return reinstated is None or reinstated <= void

    def restored_at(self, rejection: Rejection) -> int | None:
        """When a dismissal was first taken back; None if it never was."""
        if not self._restored:
            return None
        first: int | None = None
        target, reason = rejection.target, rejection.reason
        for named in ((target, reason), (target, None), (None, reason), (None, None)):
            times = self._restored.get(named)
            if times is not None:
                at = bisect_left(times, rejection.ts)
                if at < len(times) and (first is None or times[at] < first):
                    first = times[at]
        return first


def restores(restoration: Restoration, rejection: Rejection) -> bool:
    """Whether a restoration takes back a dismissal."""
    return (
        restoration.ts >= rejection.ts
        and restoration.target in (None, rejection.target)
        and restoration.reason in (None, rejection.reason)
    )


NOTHING_UNDONE: Final = Undone(Evidence())
