"""What a person took back (SPEC 3)."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from streams.suppression.evidence import Rejection, Restoration, Target


class Restorations:
    """Restorations by what they take back, for as many dismissals as there may be."""

    def __init__(self, restorations: Iterable[Restoration]) -> None:
        self._times: dict[tuple[Target | None, str | None], list[int]] = defaultdict(list)
        for restoration in restorations:
            self._times[restoration.target, restoration.reason].append(restoration.ts)
        for times in self._times.values():
            times.sort()

    def first(self, said: Rejection) -> int | None:
        """When a dismissal was first taken back; None if it never was."""
        if not self._times:
            return None
        found = []
        for target in {said.target, None}:
            for reason in (said.reason, None):
                times = self._times.get((target, reason), ())
                at = bisect_left(times, said.ts)
                if at < len(times):
                    found.append(times[at])
        return min(found, default=None)


NOTHING_RESTORED: Final = Restorations(())
