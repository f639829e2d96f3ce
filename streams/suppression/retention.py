"""How long facts stay because of others: as long as what they act on matters (SPEC 3)."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from streams.suppression.claims import FOREVER, OwnedLine
from streams.suppression.evidence import Evidence, LineKey

Key = TypeVar("Key")


class Ending(NamedTuple):
    """When a fact matters no more: infinity if never."""

    kind: str
    """The attribute of `Evidence` that has it."""
    key: Any
    end: float


def refund_ends(evidence: Evidence, line_ends: Mapping[LineKey, int]) -> dict[tuple[str, str], int]:
    """When each partial refund, by event and product, may go: not before its line."""
    return {
        key: max(refund.ts, line_ends.get((refund.order_id, key[1]), refund.ts))
        for key, refund in evidence.refunds.items()
    }


def voided_ends(evidence: Evidence, line_ends: Mapping[LineKey, int]) -> dict[str, int]:
    """When it may be forgotten that an order is void: not before the order's lines."""
    ends = dict(evidence.voided)
    for (order_id, _), end in line_ends.items():
        if order_id in ends:
            ends[order_id] = max(ends[order_id], end)
    return ends


def drop_ended(facts: dict[Key, Any], ends: Mapping[Key, int], cutoff: int) -> Iterator[int]:
    """Remove the facts that ended before the cutoff; the ends of those that stay."""
    for key, end in ends.items():
        if end < cutoff:
            del facts[key]
        else:
            yield end


def keep_what_prevents_lapsing(owned: Iterable[OwnedLine], line_ends: dict[LineKey, int]) -> None:
    """Let each line end no sooner than those bought before it that it keeps from lapsing."""
    latest = -FOREVER
    for _, bought_at_once in groupby(sorted(owned, key=_bought), key=_bought):
        lines = list(bought_at_once)
        for key, _, _ in lines:
            line_ends[key] = int(max(line_ends[key], latest))
        ends = (times.ends for _, _, times in lines if times.lapses is not None)
        latest = max(latest, *ends, -FOREVER)


def _bought(owned: OwnedLine) -> int:
    return owned.line.ts
