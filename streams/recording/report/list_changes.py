"""How the lists grow and shrink over time."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from schemas.records import Event, Request
from streams.recording.report.part import Part
from streams.suppression.claims import FOREVER, Claim
from streams.suppression.join import Join

HOUR: Final = 3_600_000

Entry = tuple[str, str, str]
"""Scope, value and reason: however often it is said again, it is one thing that is off."""

_NOBODY: Final[Mapping[Entry, float]] = {}


class ListChanges(Part):
    """Counts what is put on people's lists, what ends there and what is undone, by the hour.

    The hour is that of the partition's clock when the evidence was taken, in hours since the epoch.
    What ends by itself is counted ahead, in the hour in which it will.
    """

    def __init__(self) -> None:
        self.added: Counter[int] = Counter()
        """Entries that came onto a list."""
        self.ended: Counter[int] = Counter()
        """Entries whose time was over."""
        self.undone: Counter[int] = Counter()
        """Entries that went before their time: sent back, taken back, granted, or forgotten."""
        self.persons: Counter[int] = Counter()
        """How many more persons, or fewer, have entries from this hour on."""
        self._standing: dict[str, Mapping[Entry, float]] = {}
        self._read: dict[str, list[Claim]] = {}

    def take(self, event: Event, clock: int, join: Join) -> None:
        """Note what evidence that was taken has changed."""
        person = join.persons.get(event.user_id)
        if isinstance(event, Request) or person is None:
            return
        claims = person.reading(join.policy, join.catalog).claims()
        if claims == self._read.get(event.user_id, []):
            return
        self._read[event.user_id] = claims
        before = self._standing.get(event.user_id, _NOBODY)
        after = _standing(claims, clock)
        self._standing[event.user_id] = after
        hour = clock // HOUR
        self._count_entries(before, after, clock, hour)
        last_before, last_after = (max(each.values(), default=clock) for each in (before, after))
        self._count_person(last_before, last_after, clock, hour)

    def _count_entries(
        self, before: Mapping[Entry, float], after: Mapping[Entry, float], clock: int, hour: int
    ) -> None:
        for entry, until in before.items() - after.items():
            if until > clock:
                self._expect_end(until, -1)
                self.undone[hour] += entry not in after
        for entry, until in after.items() - before.items():
            self._expect_end(until, 1)
            self.added[hour] += before.get(entry, clock) <= clock

    def _expect_end(self, until: float, change: int) -> None:
        if until != FOREVER:
            self.ended[int(until) // HOUR] += change

    def _count_person(self, before: float, after: float, clock: int, hour: int) -> None:
        """`before` and `after`: when the last entry ends, as was and as is known."""
        if before > clock:
            self._expect_no_list(before, -1)
        else:
            self.persons[hour] += after > clock
        if after > clock:
            self._expect_no_list(after, 1)
        elif before > clock:
            self.persons[hour] -= 1

    def _expect_no_list(self, until: float, change: int) -> None:
        if until != FOREVER:
            self.persons[int(until) // HOUR] -= change


def _standing(claims: list[Claim], clock: int) -> dict[Entry, float]:
    """What the claims put on the list, and when it ends."""
    standing: dict[Entry, float] = {}
    for claim in claims:
        until = FOREVER if claim.until is None else claim.until
        if until > clock:
            entry = claim.scope, claim.value, claim.reason
            standing[entry] = max(until, standing.get(entry, until))
    return standing
