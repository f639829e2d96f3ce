"""A whole recording taken record by record, in the order of SPEC 6."""

from dataclasses import dataclass
from typing import Any

from tests.oracle.decision import decide, list_of_person
from tests.oracle.evidence import facts_of, joined, still_there
from tests.oracle.policy import merged
from tests.oracle.validation import RefusedError, catalog_line, person_event

RANKED_TOPICS = ["preferences", "purchases", "dismissals", "impressions", "impression-requests"]


@dataclass
class Outcome:
    """What a recording comes to.

    decisions: as in SPEC 5 without `as_of`, in the order of the merge
    lists: by user_id for every person with evidence; None is a tombstone
    dead: (index of the record, code) in the order of the file
    """

    decisions: list[dict[str, Any]]
    lists: dict[str, dict[str, Any] | None]
    dead: list[tuple[int, str]]


@dataclass
class Person:
    partition: int
    ts: int  # of the newest evidence
    facts: list[dict[str, Any]]


def run(records, policy=None):
    """Decisions, lists and dead letters of a recording (SPEC 8 lines, as dicts, in file order).

    `policy` is what a user's policy file parses to; it is taken to be a right one.
    """
    policy = merged(policy)
    dead = []
    catalog = read_catalog(records, dead)
    placed = in_order_of_the_merge(records, dead)

    newest = {}  # partition number -> newest event time taken so far
    persons = {}  # user_id -> Person
    decisions = []
    for partition, event in placed:
        newest[partition] = max(event["ts"], newest.get(partition, event["ts"]))
        person = persons.get(event["user_id"])
        facts = person.facts if person else []
        # What is gone by now has left before this record joins.
        facts = still_there(facts, newest[partition], policy, catalog)
        if event["topic"] == "impression-requests":
            decisions.append(decide(event, facts, policy, catalog))
            continue
        reported = facts_of(event)
        if not reported:
            continue  # no fact, no evidence: an order that lists nothing
        if not facts:
            # Nothing is left, so nothing is remembered, of what was said before.
            person = persons[event["user_id"]] = Person(partition, event["ts"], [])
        person.ts = max(person.ts, event["ts"])
        facts = joined(facts + reported)
        person.facts = still_there(facts, newest[partition], policy, catalog)

    lists = {}
    for user_id, person in persons.items():
        now = newest[person.partition]
        facts = still_there(person.facts, now, policy, catalog)
        lists[user_id] = list_of_person(user_id, facts, policy, catalog, ts=person.ts, newest=now)
    return Outcome(decisions, lists, sorted(dead))


def read_catalog(records, dead):
    """The products as the catalog's last lines have them; refused lines are added to `dead`."""
    catalog = {}
    for index, record in enumerate(records):
        if record["topic"] != "catalog":
            continue
        try:
            product_id, product = catalog_line(record)
        except RefusedError as refused:
            dead.append((index, refused.code))
            continue
        if product is None:
            catalog.pop(product_id, None)
        else:
            catalog[product_id] = product
    return catalog


def in_order_of_the_merge(records, dead):
    """[(partition number, event)] of all right records; refused ones are added to `dead`."""
    sequences = {}  # (topic rank, partition) -> [(offset, index, record)]
    next_offset = {}
    for index, record in enumerate(records):
        if record["topic"] not in RANKED_TOPICS:
            continue
        where = (RANKED_TOPICS.index(record["topic"]), record.get("partition") or 0)
        offset = record.get("offset")
        if offset is None:
            offset = next_offset.get(where, 0)
        next_offset[where] = offset + 1
        sequences.setdefault(where, []).append((offset, index, record))

    placed = []
    for (topic_rank, partition), sequence in sequences.items():
        clock = None
        for offset, index, record in sorted(sequence, key=lambda item: item[:2]):
            try:
                event = person_event(record)
            except RefusedError as refused:
                dead.append((index, refused.code))
                continue
            clock = event["ts"] if clock is None else max(clock, event["ts"])
            placed.append(((clock, topic_rank, partition, offset), partition, event))
    placed.sort(key=lambda item: item[0])
    return [(partition, event) for _, partition, event in placed]
