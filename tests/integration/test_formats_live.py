"""A running worker takes events in other formats, one deployment after the other all there are.

Each record comes twice, so that whatever is counted twice shows.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson
import pytest

from schemas import generate
from schemas.adapters.formats import ADAPTERS, AUTO, read, readers_of
from schemas.decoding import InvalidRecord
from schemas.records import Input, events_of
from streams.dead_letters.letter import Selection
from streams.dead_letters.replay import DeadLetterReplay, Fate
from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord, numbered, record_of
from streams.supervision.worker_process import WorkerProcess
from tests.builders import NOW, TOPIC_OF
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, counts_of
from tests.integration.recordings import expected, without_as_of

pytestmark = pytest.mark.kafka

EXAMPLES = Path(generate.__file__).parent / "examples" / "formats"
PARTITIONS = 3
TOPICS = ("preferences", "purchases", "impressions", "dismissals")
KINDS = (*ADAPTERS, AUTO)
FORMATS = [
    dict(zip(TOPICS, kinds, strict=True)) for kinds in (KINDS[: len(TOPICS)], KINDS[len(TOPICS) :])
]
"""The formats of two deployments, which together have all."""


class Run(NamedTuple):
    """The examples of four formats, each sent twice, that a worker has worked off."""

    formats: dict[str, str]
    records: list[RecordedRecord]
    """Without the repeats."""
    deployment: Deployment
    worker: WorkerProcess


OWN_RECORD = orjson.dumps(
    {
        "event_id": "e1",
        "event": "order_completed",
        "order_id": "o1",
        "products": [{"product_id": "mug-7"}],
    }
)
"""In our own format, which the purchases are not in."""


def examples(topic: str, kind: str) -> Iterator[RecordedRecord]:
    """The examples of a format, each about a person of its own; a few in a wrong partition."""
    for number, path in enumerate(sorted((EXAMPLES / kind).iterdir())):
        text = path.read_text()
        if "data_base64" not in text:  # where the person cannot be replaced
            for name in ("ann", "b7e0"):
                text = text.replace(f'"{name}"', f'"{name}-{kind}-{path.stem}"')
                text = text.replace(f"user_id={name}", f"user_id={name}-{kind}-{path.stem}")
        shown = orjson.loads(text)
        key = None if shown["key"] is None else shown["key"].encode()
        yield record_of(
            topic,
            key,
            orjson.dumps(shown["value"]),
            shown["timestamp"],
            partition=(partition_of(key or b"", PARTITIONS) + (number % 5 == 4)) % PARTITIONS,
            headers=[
                (name, content.encode()) for name, content in shown.get("headers", {}).items()
            ],
        )


@pytest.fixture(scope="module")
def runs(deploy: Deploy) -> Iterator[list[Run]]:
    """Both deployments at the same time, since joining a group takes long."""
    with ExitStack() as stack:
        runs = []
        for formats in FORMATS:
            records = [record for pair in formats.items() for record in examples(*pair)]
            home = partition_of(b"bob", PARTITIONS)
            records.append(record_of("purchases", b"bob", OWN_RECORD, NOW, partition=home))
            records = list(numbered(records))
            deployment = deploy(PARTITIONS)
            deployment.load(records * 2)
            setting = ",".join(f"{topic}={kind}" for topic, kind in formats.items())
            worker = stack.enter_context(deployment.worker(formats=setting))
            runs.append(Run(formats, records, deployment, worker))
        for run in runs:
            run.deployment.wait_until_consumed(run.worker)
            run.deployment.wait_until_lists_are(in_our_own_format(run).lists, run.worker)
            run.deployment.load(in_our_own_format(run).requests)
        for run in runs:
            run.deployment.wait_until_consumed(run.worker)
            assert run.worker.stop() == 0
        yield runs


@pytest.fixture(params=range(len(FORMATS)), ids=lambda number: "-".join(FORMATS[number].values()))
def run(runs: list[Run], request: pytest.FixtureRequest) -> Run:
    return runs[request.param]


def read_by(run: Run, record: RecordedRecord) -> Input | InvalidRecord | None:
    readers = readers_of(run.formats)
    key, value, headers = record.key, record.value, record.headers
    try:
        return read(readers, record.topic, key, value, record.timestamp, headers)
    except InvalidRecord as refused:
        return refused


class OurOwn(NamedTuple):
    """What is to become of the records, and what follows from what they say as SPEC 2 has it."""

    fates: Counter[str]
    lists: dict[str, dict[str, Any]]
    requests: list[RecordedRecord]
    """One of each person who has a list, for something of each of its entries and for socks."""
    decisions: dict[int, list[dict[str, Any]]]


def in_our_own_format(run: Run) -> OurOwn:
    fates: Counter[str] = Counter()
    own = []
    for record in run.records:
        found = read_by(run, record)
        if found is None:
            fates["ignored"] += 1
        elif isinstance(found, InvalidRecord):
            fates["dead"] += 1
        else:
            fates["joined"] += 1
            home = partition_of(found.user_id.encode(), PARTITIONS)
            fates["rerouted"] += home != record.partition
            for event in events_of(found):
                content = orjson.dumps(msgspec.to_builtins(event))
                own.append(
                    record_of(
                        TOPIC_OF[type(event)],
                        found.user_id.encode(),
                        content,
                        record.timestamp,
                        partition=home,
                    )
                )
    lists = expected(list(numbered(own)), "", PARTITIONS).lists
    after = max(record.timestamp for record in own) + 1
    requests = [request_of(user_id, entries, after) for user_id, entries in sorted(lists.items())]
    decided = expected(list(numbered([*own, *requests])), "", PARTITIONS).decisions
    return OurOwn(fates, lists, requests, decided)


FIELD_OF = {"brand": "brand", "advertiser": "advertiser_id"}
"""The attribute by which a candidate is in a scope."""


def request_of(user_id: str, suppression_list: dict[str, Any], ts: int) -> RecordedRecord:
    candidates: list[dict[str, Any]] = [{"product_id": "socks-3"}]
    for number, entry in enumerate(suppression_list["entries"]):
        scope, value = entry["scope"], entry["value"]
        candidate: dict[str, Any] = {"product_id": f"product-{number}"}
        if scope in ("product", "group"):
            candidate = {"product_id": value}
        elif scope == "category":
            candidate["categories"] = [value]
        elif scope in FIELD_OF:
            candidate[FIELD_OF[scope]] = value
        candidates.append(candidate)
    request = orjson.dumps({"request_id": user_id, "candidates": candidates})
    home = partition_of(user_id.encode(), PARTITIONS)
    return record_of("impression-requests", user_id.encode(), request, ts, partition=home)


def test_a_request_afterwards_is_decided_as_if_all_had_been_in_our_own_format(run: Run) -> None:
    assert without_as_of(run.deployment.decisions()) == in_our_own_format(run).decisions


def test_what_people_bought_or_rejected_in_each_format_is_suppressed(run: Run) -> None:
    people = {
        decision["user_id"]
        for decisions in run.deployment.decisions().values()
        for decision in decisions
        if decision["suppressed"]
    }
    # A few impressions leave nobody with a list.
    for kind in set(run.formats.values()) - {"pixel"}:
        assert any(f"-{kind}-" in user_id for user_id in people), kind


def test_the_lists_are_those_of_the_same_events_in_our_own_format(run: Run) -> None:
    assert run.deployment.lists() == in_our_own_format(run).lists


def test_every_record_is_joined_or_dead_or_ignored_or_rerouted(run: Run) -> None:
    counts = counts_of(run.worker)
    own = in_our_own_format(run)
    assert own.fates["rerouted"]
    fates = Counter({name: 2 * count for name, count in own.fates.items()})
    fates["decided"] = len(own.requests)
    assert fates == {
        "decided": counts["decided"],
        "joined": counts["joined"],
        "dead": counts["dead"].total(),
        "ignored": counts["ignored"].total(),
        "rerouted": counts["rerouted"],
    }
    assert counts["consumed"].total() == fates.total()


def test_what_cannot_be_placed_is_in_the_dead_letters_with_the_reason(run: Run) -> None:
    refused = {
        (record.topic, record.value): problem.detail
        for record in run.records
        if isinstance(problem := read_by(run, record), InvalidRecord)
    }
    prefix = run.deployment.settings.topic_prefix
    dead_lettered = {}
    for message in run.deployment.read("dead-letters"):
        headers = dict(message.headers())
        topic = headers["unhaunt.topic"].decode().removeprefix(prefix)
        dead_lettered[topic, message.value()] = headers["unhaunt.detail"].decode()
    assert dead_lettered == refused


def test_a_replay_judges_dead_letters_by_the_format_that_their_topic_has_now(run: Run) -> None:
    def fit(formats: str) -> list[bytes | None]:
        settings = msgspec.structs.replace(run.deployment.settings, formats=formats)
        fates = DeadLetterReplay(settings, Selection()).fates()
        return [letter.value for letter, fate in fates if fate is Fate.SENT]

    assert fit(",".join(f"{topic}={kind}" for topic, kind in run.formats.items())) == []
    assert fit("") == [OWN_RECORD] * 2
