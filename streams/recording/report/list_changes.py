"""How the lists grow and shrink over time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from streams.recording.report.part import Part
from streams.suppression.claim_index import ClaimIndex
from streams.suppression.claims import Claim, ScopeValue, end_of
from streams.suppression.join import Join
from streams.suppression.words import FOREVER

HOUR: Final = 3_600_000

Entries = Mapping[str, int]
"""The reasons that hold for one scope value, each with its end: however often a reason is
repeated, it is one entry."""

_NOTHING: Final[Entries] = {}


class ListChanges(Part):
    """Counts what is put on people's lists, what ends there and what is undone, by the hour.

    The hour is that of the partition's clock when the evidence was applied, in hours since the
    epoch. What ends by itself is counted ahead, in the hour in which it will.
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
        self._lists: dict[str, _List] = {}

    def observe(self, user_id: str, clock: int, join: Join) -> None:
        """Note what evidence of a person that was just applied, or shared with them, changed."""
        person = join.persons.get(user_id)
        if person is None:
            return
        index = person.index(join.policy, join.catalog)
        current = self._lists.get(user_id)
        if current is None:
            current = self._lists[user_id] = _List(index)
        last_before = current.last_end(clock)
        hour = clock // HOUR
        for scope_value, after in current.changes(index, clock):
            before = current.entries.get(scope_value, _NOTHING)
            current.entries[scope_value] = after
            self._count_entries(before, after, clock, hour)
        self._count_person(last_before, current.last_end(clock), clock, hour)

    def _count_entries(self, before: Entries, after: Entries, clock: int, hour: int) -> None:
        for reason, until in before.items():
            if until > clock:
                self._expect_end(until, -1)
                self.undone[hour] += reason not in after
        for reason, until in after.items():
            self._expect_end(until, 1)
            self.added[hour] += before.get(reason, clock) <= clock

    def _expect_end(self, until: int, change: int) -> None:
        if until != FOREVER:
            self.ended[until // HOUR] += change

    def _count_person(self, before: int, after: int, clock: int, hour: int) -> None:
        """`before` and `after`: when the last entry ends, as was and as is known."""
        if before > clock:
            self._expect_no_list(before, -1)
        elif after > clock:
            self.persons[hour] += 1
        if after > clock:
            self._expect_no_list(after, 1)
        elif before > clock:
            self.persons[hour] -= 1

    def _expect_no_list(self, until: int, change: int) -> None:
        if until != FOREVER:
            self.persons[until // HOUR] -= change


class _List:
    """What is on a person's list."""

    __slots__ = ("_index", "entries")

    def __init__(self, index: ClaimIndex) -> None:
        self.entries: dict[ScopeValue, Entries] = {}
        self._index = index

    def last_end(self, clock: int) -> int:
        """When the last entry ends, or `clock` without any."""
        ends = (until for entries in self.entries.values() for until in entries.values())
        return max(ends, default=clock)

    def changes(self, index: ClaimIndex, clock: int) -> Iterator[tuple[ScopeValue, Entries]]:
        """The scope values whose evidence has changed, with the entries that they have now."""
        changed = {
            (counted.scope, counted.value): _entries(counted.claims, clock)
            for counted in index.changes()
        }
        if index is not self._index:  # begun anew, so that everything is a change
            self._index = index
            changed |= dict.fromkeys(self.entries.keys() - changed.keys(), _NOTHING)
        yield from changed.items()


def _entries(claims: Iterable[Claim], clock: int) -> Entries:
    """What claims on one scope value put on the list, and when it ends."""
    entries: dict[str, int] = {}
    for claim in claims:
        until = end_of(claim)
        if until > clock:
            entries[claim.reason] = max(until, entries.get(claim.reason, until))
    return entries
