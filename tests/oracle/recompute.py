"""A whole recording taken record by record, in the order of SPEC 6."""

from dataclasses import dataclass
from typing import Any

from tests.oracle.persons import Persons
from tests.oracle.policy import merged
from tests.oracle.validation import RefusedError, catalog_line, person_event

RANKED_TOPICS = [
    "identities",
    "preferences",
    "purchases",
    "dismissals",
    "impressions",
    "impression-requests",
]


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


def run(records, policy=None):
    """Decisions, lists and dead letters of a recording (SPEC 8 lines, as dicts, in file order).

    `policy` is what a user's policy file parses to; it is taken to be a right one.
    """
    policy = merged(policy)
    dead = []
    catalog = read_catalog(records, dead)
    placed = in_order_of_the_merge(records, policy, dead)

    persons = Persons(policy, catalog)
    decisions = []
    for partition, event in placed:
        decision = persons.apply(event, partition)
        if decision is not None:
            decisions.append(decision)
    lists = {user_id: persons.list_of(user_id) for user_id in persons.with_evidence()}
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


def in_order_of_the_merge(records, policy, dead):
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
                of_somebody(event, policy)
            except RefusedError as refused:
                dead.append((index, refused.code))
                continue
            clock = event["ts"] if clock is None else max(clock, event["ts"])
            placed.append(((clock, topic_rank, partition, offset), partition, event))
    placed.sort(key=lambda item: item[0])
    return [(partition, event) for _, partition, event in placed]


def of_somebody(event, policy):
    """Refuse a statement about an id that stands for nobody, or for everybody."""
    if event["topic"] == "identities":
        ids = [event["user_id"], event["person_id"] or event["user_id"]]
        if any(each.lower() in policy["identity"]["blocked"] for each in ids):
            raise RefusedError("unknown_value")
