"""The lists of several ids of one person, read as one list (SPEC 9)."""

from collections.abc import Sequence

from msgspec import UNSET

from schemas.outputs import ListEntry, SuppressionList
from streams.suppression.claims import list_order
from streams.suppression.scope_claims import joined


def union_of(lists: Sequence[SuppressionList]) -> SuppressionList | None:
    """What is held against whoever has all of these lists; None where there are none.

    It has the entries of all of them, and grants what any of them grants. Entries that say the same
    are one, as on one list: `because` names what is behind any of them, and the price is that of
    `joined`. It is under the id of the first list, and of the time and the policy of the newest.
    """
    if len(lists) < 2:
        return lists[0] if lists else None
    entries: dict[tuple[int, str, int, int, int], ListEntry] = {}
    for each in lists:
        for entry in each.entries:
            place = list_order(entry)
            known = entries.get(place)
            entries[place] = entry if known is None else joined(known, entry)
    newest = max(lists, key=lambda each: each.ts)
    forgotten = sum(each.forgotten for each in lists if each.forgotten is not UNSET)
    return SuppressionList(
        lists[0].user_id,
        newest.ts,
        newest.policy,
        sorted({preference for each in lists for preference in each.granted}),
        [entries[place] for place in sorted(entries)],
        forgotten or UNSET,
    )
