"""Recordings for the running worker, and what a backtest makes of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import orjson

from schemas.decoding import InvalidRecord, decode
from schemas.outputs import SuppressionList, to_json
from schemas.topics import PERSON_TOPICS
from streams.engine.state.store import PERSON
from streams.kafka.partitioner import partition_of
from streams.recording.backtest import Backtest
from streams.recording.backtest_counts import BacktestCounts
from streams.recording.files import RecordedRecord, read
from streams.suppression.policy import Policy
from tests.builders import as_json
from tests.integration.deployment import INPUTS
from tests.oracle.generate import START, random_recording
from tests.oracle.invalid import too_large_record
from tests.oracle.toml_text import to_toml


class Expected(NamedTuple):
    """What a worker is to say and to keep, as `Deployment` reads it."""

    decisions: dict[int, list[dict[str, Any]]]
    """Without `as_of`, which is left out where two runs are compared."""
    as_of: dict[int, list[dict[str, int]]]
    lists: dict[str, dict[str, Any]]
    persons: dict[int, dict[bytes, bytes]]
    counts: BacktestCounts


def expected(records: Sequence[RecordedRecord], policy: str, partitions: int) -> Expected:
    """What a backtest says of a recording whose records are in the partitions of their keys."""
    backtest = Backtest(Policy.from_toml(policy))
    decisions = defaultdict(list)
    for decision in as_json(list(backtest.run(records))):
        decisions[partition_of(decision["user_id"].encode(), partitions)].append(decision)
    lists = {
        current.user_id: current
        for current in backtest.lists()
        if current.entries or current.granted
    }
    return Expected(
        dict(decisions), as_of(records), as_json(lists), _stored(backtest, lists), backtest.counts
    )


def as_of(records: Iterable[RecordedRecord]) -> dict[int, list[dict[str, int]]]:
    """Each decision's `as_of`, in the order of the requests: records by their place (SPEC 6)."""
    clocks: dict[tuple[int, str], int] = {}
    ordered = []
    for record in records:
        try:
            event = decode(record.topic, record.key, record.value, record.timestamp)
        except (InvalidRecord, KeyError):
            continue
        stream = (record.partition, record.topic)
        clocks[stream] = max(event.ts, clocks.get(stream, event.ts))
        rank = PERSON_TOPICS.index(record.topic)
        ordered.append((record.partition, clocks[stream], rank, record.offset, event.ts))
    newest: dict[int, dict[str, int]] = defaultdict(dict)
    seen = defaultdict(list)
    for number, _, rank, _, ts in sorted(ordered):
        topic = PERSON_TOPICS[rank]
        if topic == "impression-requests":
            seen[number].append(dict(newest[number]))
        elif topic in ("purchases", "dismissals"):
            newest[number][topic] = max(ts, newest[number].get(topic, ts))
    return dict(seen)


def as_of_of(decisions: dict[int, list[dict[str, Any]]]) -> dict[int, list[dict[str, int]]]:
    """What the decisions of a worker say of how fresh they are."""
    return {number: [decision["as_of"] for decision in decisions[number]] for number in decisions}


def _stored(backtest: Backtest, lists: dict[str, SuppressionList]) -> dict[int, dict[bytes, bytes]]:
    """The persons of a backtest in the form in which a worker stores them."""
    stored: dict[int, dict[bytes, bytes]] = {}
    for number, (join,) in backtest.joins.items():
        stored[number] = {}
        for user_id, person in sorted(join.persons.items()):
            if user_id in lists:
                content = to_json(lists[user_id])
                person.published = blake2b(content, digest_size=8).hexdigest()
            if person:
                stored[number][PERSON + user_id.encode()] = person.to_bytes()
    return stored


def without_as_of(
    decisions: dict[int, list[dict[str, Any]]],
) -> dict[int, list[dict[str, Any]]]:
    """The decisions as a backtest gives them."""
    return {
        number: [{k: v for k, v in decision.items() if k != "as_of"} for decision in of_partition]
        for number, of_partition in decisions.items()
    }


def random_policy(seed: int) -> str:
    """The policy of the first random recording from this one on that has one, as TOML."""
    policies = (random_recording(number)[1] for number in count(seed))
    return to_toml(next(filter(None, policies)))


def random_records(seeds: Iterable[int], partitions: int, folder: Path) -> list[RecordedRecord]:
    """Random recordings in one, of different people, every record where its key belongs.

    Among what is not right in them is always a record that is too large.
    """
    placed = []
    for seed in seeds:
        newest = 0
        recording, _ = random_recording(seed, size=150)
        recording.append(too_large_record(Random(seed), "large", 0, START))
        for index, line in enumerate(recording):
            newest = max(newest, line["timestamp"])
            placed.append((newest, seed, index, _of_somebody_else(line, f"{seed}-", partitions)))
    placed.sort(key=lambda entry: entry[:3])
    path = folder / "random.jsonl"
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for *_, line in placed))
    return [record for record in read([path]) if record.topic in INPUTS]


def _of_somebody_else(line: dict[str, Any], prefix: str, partitions: int) -> dict[str, Any]:
    line = {name: field for name, field in line.items() if name not in ("offset", "partition")}
    line["headers"] = {"trace": prefix}
    if line["topic"] == "catalog":
        return line
    value = line.get("value")
    person = line.get("key")
    if person is not None:
        person = line["key"] = prefix + person
    if isinstance(value, dict):
        ids = {name: value[name] for name in ("user_id", "person_id") if _names(value, name)}
        line["value"] = {**value, **{name: prefix + each for name, each in ids.items()}}
        person = person or line["value"].get("user_id")
    line["partition"] = 0 if person is None else partition_of(person.encode(), partitions)
    return line


def _names(value: dict[str, Any], field: str) -> bool:
    """Whether a field names an id; nobody is not made somebody."""
    return isinstance(value.get(field), str) and (field == "user_id" or value[field] != "")
