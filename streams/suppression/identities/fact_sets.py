"""Sets of facts that are never changed, and how sets of several ids are one (SPEC 9).

The facts of a kind are sorted by what they are known by. A dismissal and a restoration with one
`event_id` are versions of one fact, and so stand under one key.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, cast

from msgspec.structs import astuple, replace

from streams.suppression.aliases import KIND_OF
from streams.suppression.evidence import Evidence, find, join_facts
from streams.suppression.facts import NO_FACTS, Fact, FactSet, Rejection, Restoration

KINDS: Final = FactSet.__struct_fields__

EVENT: Final = "dismissals"
"""The kind under whose key restorations stand as well."""

EVENTS: Final = (EVENT, "restorations")
"""The two kinds of which one event is one fact."""

Key = tuple[str, Any]
"""A kind, and what a fact is known by among those of its kind."""

ByKind = Mapping[str, Sequence[Any]]
"""Facts by their kind, or what facts are known by."""


def key_of(fact: Fact) -> Key:
    """What a fact is known by."""
    kind = EVENT if isinstance(fact, Restoration) else KIND_OF[type(fact)]
    return kind, fact.identity_of(fact)


def facts_in(facts: FactSet) -> list[Fact]:
    """All of them."""
    return [fact for known in astuple(facts) for fact in known]


def size_of(facts: FactSet) -> int:
    """How many there are, besides the preferences."""
    size = -len(facts.preferences)
    for known in astuple(facts):
        size += len(known)
    return size


def newest_in(facts: FactSet) -> int | None:
    """The time of the newest of them; None where there are none."""
    newest: int | None = None
    for known in astuple(facts):
        for fact in known:
            ts: int = fact.ts
            if newest is None or ts > newest:
                newest = ts
    return newest


def facts_of(evidence: Evidence) -> FactSet:
    """The facts that evidence holds now."""
    return FactSet(
        evidence.lines,
        evidence.refunds,
        evidence.voided,
        evidence.reinstated,
        evidence.dismissals,
        evidence.restorations,
        evidence.impressions,
        evidence.preferences,
    )


def as_evidence(facts: FactSet) -> Evidence:
    """The facts as evidence, of which nothing is said of when it was reported."""
    evidence = Evidence()
    put_into(evidence, facts)
    return evidence


def put_into(evidence: Evidence, facts: FactSet) -> None:
    """Let evidence hold these facts, and no others."""
    for kind in KINDS:
        setattr(evidence, kind, getattr(facts, kind))


def fact_set(facts: Iterable[Fact]) -> FactSet:
    """The facts, no two of which have one key, as a set."""
    by_kind: dict[str, list[Any]] = {}
    for fact in facts:
        by_kind.setdefault(KIND_OF[type(fact)], []).append(fact)
    sorted_kinds: dict[str, Any] = {
        kind: tuple(sorted(each, key=each[0].identity_of)) for kind, each in by_kind.items()
    }
    return FactSet(**sorted_kinds)


def selected(facts: FactSet, is_wanted: Callable[[Fact], bool]) -> FactSet:
    """Those of the facts that are wanted; the very same set where all are."""
    kept: dict[str, Any] = {}
    is_all = True
    for kind, known in zip(KINDS, astuple(facts), strict=True):
        if known:
            wanted = tuple([fact for fact in known if is_wanted(fact)])
            is_all = is_all and len(wanted) == len(known)
            kept[kind] = known if len(wanted) == len(known) else wanted
    return facts if is_all else FactSet(**kept)


def find_fact(facts: FactSet | Evidence, key: Key) -> Fact | None:
    """The fact with a key."""
    kind, identity = key
    found: Fact | None = find(getattr(facts, kind), identity)
    if found is None and kind == EVENT:
        found = find(facts.restorations, identity)
    return found


def joined(sets: Sequence[FactSet]) -> FactSet:
    """The sets as one; of versions of one fact those of SPEC 3 stay."""
    sets = [facts for facts in sets if facts != NO_FACTS]
    if len(sets) < 2:
        return sets[0] if sets else NO_FACTS
    together: dict[str, Any] = {}
    for kind in KINDS:
        known = [facts for facts in sets if getattr(facts, kind)]
        if len(known) == 1:
            together[kind] = getattr(known[0], kind)
        elif known:
            by_identity = _join_all(fact for facts in known for fact in getattr(facts, kind))
            together[kind] = tuple([by_identity[each] for each in sorted(by_identity)])
    if "dismissals" in together and "restorations" in together:
        _decide_events(together)
    return FactSet(**together)


def join_found(sets: Iterable[FactSet], key: Key) -> Fact | None:
    """The fact with a key that all sets together have."""
    joint: Fact | None = None
    for facts in sets:
        found = find_fact(facts, key)
        if found is not None:
            joint = found if joint is None else join_facts(found, joint)
    return joint


def changed(facts: FactSet, put: ByKind, withdrawn: ByKind) -> FactSet:
    """The facts with some in the place of what had their keys, and without the keys of others."""
    kinds: dict[str, Any] = {
        kind: _changed(getattr(facts, kind), put.get(kind, ()), withdrawn.get(kind, ()))
        for kind in {**put, **withdrawn}
        if kind not in EVENTS
    }
    rejected, restored = put.get("dismissals", ()), put.get("restorations", ())
    gone = withdrawn.get(EVENT, ())
    if rejected or ((restored or gone) and facts.dismissals):
        replaced = [*gone, *[each.event_id for each in restored]]
        kinds["dismissals"] = _changed(facts.dismissals, rejected, replaced)
    if restored or ((rejected or gone) and facts.restorations):
        replaced = [*gone, *[each.event_id for each in rejected]]
        kinds["restorations"] = _changed(facts.restorations, restored, replaced)
    return replace(facts, **kinds)


def _changed(known: tuple[Any, ...], more: Sequence[Any], gone: Sequence[Any]) -> tuple[Any, ...]:
    """Facts of a kind without some identities, and with more facts in the place of their own."""
    left = list(known)
    for identity in gone:
        at = _place_in(left, identity)
        if at < len(left) and left[at].identity_of(left[at]) == identity:
            del left[at]
    for fact in more:
        identity = fact.identity_of(fact)
        at = _place_in(left, identity)
        if at < len(left) and fact.identity_of(left[at]) == identity:
            left[at] = fact
        else:
            left.insert(at, fact)
    return tuple(left)


def _place_in(facts: list[Any], identity: Any) -> int:
    """Where in the order of its kind a fact stands, or would stand."""
    return bisect_left(facts, identity, key=facts[0].identity_of) if facts else 0


def differing(before: FactSet, after: FactSet, kinds: Sequence[str] = KINDS) -> set[Key]:
    """The keys under which the one set has something else than the other, of some kinds."""
    keys: set[Key] = set()
    if before is after:
        return keys
    all_old, all_new = astuple(before), astuple(after)
    for at, kind in enumerate(KINDS):
        if all_old[at] is not all_new[at] and kind in kinds:
            old, new = _without_what_is_the_same(all_old[at], all_new[at])
            known = {fact.identity_of(fact): fact for fact in old}
            for fact in new:
                if known.pop(fact.identity_of(fact), None) != fact:
                    keys.add(key_of(fact))
            keys.update([key_of(fact) for fact in known.values()])
    return keys


def _without_what_is_the_same(
    old: tuple[Any, ...], new: tuple[Any, ...]
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The parts of two tuples of which the rest, at either end, is the very same."""
    shorter = min(len(old), len(new))
    first = 0
    while first < shorter and old[first] is new[first]:
        first += 1
    last = 0
    while last < shorter - first and old[-1 - last] is new[-1 - last]:
        last += 1
    return old[first : len(old) - last], new[first : len(new) - last]


def _join_all(facts: Iterable[Any]) -> dict[Any, Any]:
    by_identity: dict[Any, Any] = {}
    for fact in facts:
        identity = fact.identity_of(fact)
        known = by_identity.get(identity)
        by_identity[identity] = fact if known is None else join_facts(fact, known)
    return by_identity


def _decide_events(together: dict[str, Any]) -> None:
    """One event is one fact, whichever of the two it states."""
    dismissals: tuple[Rejection, ...] = together["dismissals"]
    restorations: tuple[Restoration, ...] = together["restorations"]
    gone: set[int] = set()
    for restoration in restorations:
        rejection = find(dismissals, restoration.event_id)
        if rejection is not None:
            stays = join_facts(cast(Fact, rejection), restoration)
            gone.add(id(rejection if stays is restoration else restoration))
    if gone:
        together["dismissals"] = tuple([each for each in dismissals if id(each) not in gone])
        together["restorations"] = tuple([each for each in restorations if id(each) not in gone])
