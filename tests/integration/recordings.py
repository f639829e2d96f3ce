"""Recordings for the running worker, and what a backtest makes of them."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import orjson

from streams.recording.backtest import Backtest, Counts
from streams.recording.files import RecordedRecord, read
from streams.recording.partitioning import partition_of
from streams.suppression.policy import Policy
from tests.builders import as_json
from tests.integration.deployment import INPUTS
from tests.oracle.generate import START, random_recording
from tests.oracle.invalid import too_large_record


class Expected(NamedTuple):
    """What a worker is to say, as `Deployment` reads it, without `as_of`."""

    decisions: dict[int, list[dict[str, Any]]]
    lists: dict[str, dict[str, Any]]
    counts: Counts


def expected(records: Iterable[RecordedRecord], policy: str, partitions: int) -> Expected:
    """What a backtest says of a recording whose records are in the partitions of their keys."""
    backtest = Backtest(Policy.from_toml(policy))
    decisions = defaultdict(list)
    for decision in as_json(list(backtest.run(records))):
        decisions[partition_of(decision["user_id"].encode(), partitions)].append(decision)
    lists = {
        standing["user_id"]: standing
        for standing in as_json(list(backtest.lists()))
        if standing["entries"] or standing["granted"]
    }
    return Expected(dict(decisions), lists, backtest.counts)


def without_as_of(
    decisions: dict[int, list[dict[str, Any]]],
) -> dict[int, list[dict[str, Any]]]:
    """The decisions as a backtest gives them."""
    return {
        number: [{k: v for k, v in decision.items() if k != "as_of"} for decision in of_partition]
        for number, of_partition in decisions.items()
    }


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
    if isinstance(value, dict) and isinstance(value.get("user_id"), str):
        line["value"] = {**value, "user_id": prefix + value["user_id"]}
        person = person or line["value"]["user_id"]
    line["partition"] = 0 if person is None else partition_of(person.encode(), partitions)
    return line
