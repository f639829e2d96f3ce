"""Which facts count for an id: its own, as far as they count, and its guests' (SPEC 9)."""

from bisect import bisect_left
from collections.abc import Iterable, Set
from typing import Any

from msgspec import structs

from streams.suppression.aliases import KIND_OF
from streams.suppression.claims import Claim
from streams.suppression.evidence import Change, Evidence, join_facts
from streams.suppression.facts import Fact, FactSet
from streams.suppression.identities.fact_sets import (
    Key,
    as_evidence,
    facts_of,
    find_fact,
    join_found,
    joined,
    newest_in,
    selected,
)
from streams.suppression.identities.links import Links
from streams.suppression.policy import Policy


def counting(own: Evidence, links: Links, policy: Policy) -> FactSet:
    """Those of the id's own facts that count; the very same set of kinds where all do."""
    standing, facts = links.standing(policy), facts_of(own)
    return facts if standing.all_counts else selected(facts, standing.counts)


def counting_union(own: Evidence, links: Links, policy: Policy) -> Evidence:
    """All that counts for the id, as evidence that is nobody else's."""
    facts = joined([counting(own, links, policy), *links.guests(policy)])
    evidence = as_evidence(facts)
    evidence.newest = newest_in(facts) or 0
    return evidence


def follow(
    counting: Evidence, keys: Iterable[Key], own: Evidence, links: Links, policy: Policy
) -> list[Change] | None:
    """Let what counts follow what there is under these keys; returns what changed in it.

    None where it has to be put together anew, since something no longer counts.
    """
    standing, guests = links.standing(policy), links.guests(policy)
    changes: list[Change] = []
    for key in dict.fromkeys(keys):
        fact, known = join_found(guests, key), find_fact(counting, key)
        own_fact = find_fact(own, key)
        if own_fact is not None and standing.counts(own_fact):
            fact = own_fact if fact is None else join_facts(own_fact, fact)
        if fact == known:
            continue
        if fact is None or (known is not None and type(known) is not type(fact)):
            return None
        changes.append((known, fact))
    for known, fact in changes:
        _put(counting, known, fact)
    _follow_newest(counting, changes)
    return changes


def _follow_newest(counting: Evidence, changes: list[Change]) -> None:
    """Let the time of the newest of some facts follow a change of them."""
    for known, fact in changes:
        if counting.newest <= 0 or (known is not None and known.ts >= counting.newest):
            counting.newest = newest_in(facts_of(counting)) or 0
            return
        counting.newest = max(fact.ts, counting.newest)


def _put(counting: Evidence, known: Fact | None, fact: Fact) -> None:
    kind = KIND_OF[type(fact)]
    facts: tuple[Any, ...] = getattr(counting, kind)
    identity_of = fact.identity_of
    at = bisect_left(facts, identity_of(fact), key=identity_of)
    rest = facts[at:] if known is None else facts[at + 1 :]
    setattr(counting, kind, (*facts[:at], fact, *rest))


def full_union(own: Evidence, links: Links, policy: Policy) -> FactSet:
    """The same with all of the id's own facts."""
    return joined([facts_of(own), *links.guests(policy)])


def newest(counts: Evidence, own: Evidence, links: Links, policy: Policy) -> int | None:
    """The event time of the newest evidence that counts, which these facts are; None without any.

    Where all of the id's own counts, it has its time even if it is no longer kept.
    """
    if not counts:
        return None
    if own and (links.standing(policy).all_counts or counting(own, links, policy) == facts_of(own)):
        return max(counts.newest, own.newest)
    return counts.newest


def with_origin(claims: Iterable[Claim], own: FactSet) -> list[Claim]:
    """The claims, and of those that rest on nothing of these facts that they are of others."""
    said = said_by(own)
    return [
        structs.replace(claim, via="person") if is_of_others(claim, said) else claim
        for claim in claims
    ]


def is_of_others(claim: Claim, said: Set[str]) -> bool:
    """Whether a claim rests on evidence, and on none that was reported of the very id."""
    because = claim.because
    if len(because) == 1:
        return because[0] not in said
    return bool(because) and said.isdisjoint(because)


def said_by(own: FactSet) -> set[str]:
    """The ids of the events that an id's own facts rest on, of those that can claim anything."""
    said: set[str] = set()
    for line in own.lines:
        said.add(line.event_id)
        if line.first is not None:
            said.add(line.first.event_id)
    said.update([each.event_id for each in own.dismissals])
    said.update([each.impression_id for each in own.impressions])
    said.update([each.event_id for each in own.preferences])
    return said
