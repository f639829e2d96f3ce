"""deploy/disaster.md, done by its own lines: a cluster is lost, and another one takes its place."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import confluent_kafka
import msgspec
import pytest
from confluent_kafka.admin import AdminClient

from schemas.topics import PERSON_TOPICS
from streams.kafka.offsets import committed, watermarks
from streams.kafka.topic_partition import TopicPartition
from streams.recording.files import RecordedRecord
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.settings import Settings
from tests.deploy.followed import follow
from tests.documents.pages import Page, blocks, section, shell_lines
from tests.integration.conftest import settings_of
from tests.integration.deployment import INPUTS, SECONDS, Deployment, read_topic
from tests.integration.recordings import expected
from tests.kafka.cluster import HOST, KafkaCluster, free_ports
from tests.kafka.mirror_maker import MirrorMaker, require_mirror_maker
from tests.waiting import wait_until

pytestmark = [pytest.mark.deploy, pytest.mark.kafka]

PAGE: Final = Page("deploy/disaster.md")
PARTITIONS: Final = 2
RECORDS: Final = list(simulate(persons=300, partitions=PARTITIONS))
THIRD: Final = len(RECORDS) // 3
NEXT_POLICY: Final = DEMO_POLICY.replace('version = "demo"', 'version = "demo-2"')


@pytest.fixture(scope="module")
def second(is_asked_for: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """The cluster that is left."""
    if not is_asked_for:
        pytest.skip("`pytest -m deploy` does what the page says")
    require_mirror_maker()
    with KafkaCluster(tmp_path_factory.mktemp("second")) as cluster:
        yield cluster


@pytest.fixture
def first(
    second: KafkaCluster, kafka: KafkaCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployment]:
    """A deployment on the cluster that will be lost; commands are run in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    settings = settings_of(kafka.address, tmp_path / "first")
    Path(settings.state_folder).mkdir(parents=True)
    made = Deployment(msgspec.structs.replace(settings, session_seconds=6), PARTITIONS, DEMO_POLICY)
    yield made
    made.close()


def there(first: Deployment, second: KafkaCluster, folder: Path) -> Settings:
    """The settings of the same deployment on the other cluster, without a state."""
    kafka = msgspec.structs.replace(first.settings.kafka, brokers=second.address)
    state = folder / "second" / "state"
    state.mkdir(parents=True)
    return msgspec.structs.replace(first.settings, kafka=kafka, state_folder=str(state))


def follow_there(heading: str, settings: Settings, *changes: tuple[str, str]) -> None:
    """Do what stands under a heading, on the second cluster."""
    lines = shell_lines(section(PAGE.text, heading))
    follow(lines, settings, ("kafka-1.second:9092", settings.kafka.brokers), *changes)


# --- copying -------------------------------------------------------------------------------------


def properties_for(
    first: Settings, second: Settings, topics: Sequence[str], other: Mapping[str, str]
) -> str:
    """MirrorMaker's file as the page has it, for these topics and clusters of a broker each.

    `other` are properties that differ from the page's, or that it does not have.
    """
    [file] = PAGE.blocks("properties")
    lines = [line for line in file.splitlines() if not line.startswith("#")]
    properties = dict(line.split(" = ", 1) for line in lines)
    changed = {
        "first.bootstrap.servers": first.kafka.brokers,
        "second.bootstrap.servers": second.kafka.brokers,
        "first->second.topics": ", ".join(topics),
        "replication.factor": "1",
        "listeners": f"http://{HOST}:{free_ports(1)[0]}",
    }
    assert changed.keys() <= properties.keys()
    internal = (
        *("offset.storage", "status.storage", "config.storage"),
        *("offset-syncs.topic", "checkpoints.topic", "heartbeats.topic"),
    )
    changed |= {f"{name}.replication.factor": "1" for name in internal}
    properties |= changed | other
    return "".join(f"{name} = {value}\n" for name, value in properties.items())


def copy(
    first: Settings,
    second: Settings,
    topics: Sequence[str],
    folder: Path,
    until: Callable[[], bool] = lambda: True,
    **other: str,
) -> None:
    """Have MirrorMaker copy these topics until the second cluster has all of them, and `until`.

    `other` properties have _ for the dots.
    """
    others = {name.replace("_", "."): value for name, value in other.items()}
    wanted = {topic: contents(first, topic) for topic in topics}
    there = AdminClient({"bootstrap.servers": second.kafka.brokers})
    with MirrorMaker(folder, properties_for(first, second, topics, others)) as mirror_maker:

        def is_copied() -> bool:
            mirror_maker.check()
            known = there.list_topics(timeout=SECONDS).topics
            return wanted.keys() <= known.keys() and all(
                contents(second, topic) == wanted[topic] for topic in topics
            )

        wait_until(lambda: is_copied() and until(), "a copy")


def contents(settings: Settings, topic: str) -> list[tuple[object, ...]]:
    """What a topic holds for a reader of committed records, but for the offsets.

    Of a compacted topic it is the last of each key, since one copy may be compacted already.
    """
    found: list[tuple[object, ...]] = [
        (message.partition(), message.key(), message.value(), message.timestamp())
        for message in read_topic(settings, topic, PARTITIONS)
    ]
    if topic not in (settings.topic("catalog"), settings.changelog):
        return found
    last = {(partition, key): (value, *rest) for partition, key, value, *rest in found}
    return sorted((*where, *what) for where, what in last.items() if what[0] is not None)


def copied_topics() -> list[str]:
    """Those that the page names."""
    [topics] = re.findall(
        r"^first->second\.topics = (.+)$", PAGE.blocks("properties")[0], re.MULTILINE
    )
    return topics.split(", ")


def inputs(settings: Settings) -> list[str]:
    return [settings.topic(name) for name in INPUTS]


def forget_inputs(settings: Settings) -> None:
    """Delete what the topics of people hold so far, as their retention would."""
    partitions = [
        TopicPartition(settings.topic(t), n) for t in PERSON_TOPICS for n in range(PARTITIONS)
    ]
    ends = watermarks(settings, partitions, SECONDS)
    asked = [confluent_kafka.TopicPartition(*each, ends[each][1]) for each in partitions]
    client = AdminClient({"bootstrap.servers": settings.kafka.brokers})
    for deleted in client.delete_records(asked).values():
        deleted.result(SECONDS)


# --- what is done --------------------------------------------------------------------------------


def work_off(deployment: Deployment, records: Sequence[RecordedRecord]) -> None:
    deployment.load(records)
    with deployment.worker() as worker:
        deployment.wait_until_consumed(worker)
        worker.stop()


def without_requests(records: Sequence[RecordedRecord]) -> list[RecordedRecord]:
    return [record for record in records if record.topic != "impression-requests"]


def test_what_is_copied_is_all_that_workers_read_and_their_changelog() -> None:
    assert copied_topics() == [
        *sorted(INPUTS, key=copied_topics().index),
        "unhaunt-shares",
        "unhaunt-persons-changelog",
    ]


def test_from_the_inputs_everybody_has_the_list_again_and_old_requests_stay_unanswered(
    first: Deployment, second: KafkaCluster, tmp_path: Path
) -> None:
    work_off(first, RECORDS)
    settings = there(first, second, tmp_path)
    copy(first.settings, settings, inputs(settings), tmp_path)
    follow_there("From the inputs", settings)
    outcome = expected(without_requests(RECORDS), DEMO_POLICY, PARTITIONS)
    left = Deployment(settings, PARTITIONS, DEMO_POLICY)
    with left.worker() as worker:
        left.wait_until_lists_are(outcome.lists, worker)
    assert left.lists() == outcome.lists
    assert left.persons() == outcome.persons
    assert left.read("decisions") == []
    left.close()


def test_from_the_changelog_nothing_is_missing_that_the_inputs_no_longer_hold(
    first: Deployment, second: KafkaCluster, tmp_path: Path
) -> None:
    work_off(first, RECORDS[:THIRD])
    forget_inputs(first.settings)
    work_off(first, RECORDS[THIRD : 2 * THIRD])
    first.load(RECORDS[2 * THIRD :])
    settings = there(first, second, tmp_path)
    state = [settings.shares, settings.changelog]
    copy(first.settings, settings, [*inputs(settings), *state], tmp_path)
    long_before = ("2026-11-29T00:00:00.000", "2020-01-01T00:00:00.000")
    follow_there("From the changelog", settings, long_before)
    known = [*RECORDS[: 2 * THIRD], *without_requests(RECORDS[2 * THIRD :])]
    outcome = expected(known, NEXT_POLICY, PARTITIONS)
    left = Deployment(settings, PARTITIONS, NEXT_POLICY)
    with left.worker() as worker:
        left.wait_until_lists_are(outcome.lists, worker)
    assert left.lists() == outcome.lists
    assert left.persons() == outcome.persons
    left.close()


def test_offsets_that_mirror_maker_translates_are_refused(
    first: Deployment, second: KafkaCluster, tmp_path: Path
) -> None:
    work_off(first, RECORDS[:THIRD])
    settings = there(first, second, tmp_path)
    purchases = [TopicPartition(settings.topic("purchases"), n) for n in range(PARTITIONS)]

    def are_translated() -> bool:
        found = committed(settings, purchases, SECONDS)
        return any(each.offset > 0 and each.committed_by for each in found.values())

    translating = {
        "first->second_sync_group_offsets_enabled": "true",
        "sync_group_offsets_interval_seconds": "1",
        "emit_checkpoints_interval_seconds": "1",
        "refresh_groups_interval_seconds": "1",
    }
    topics = [*inputs(settings), settings.changelog]
    copy(first.settings, settings, topics, tmp_path, are_translated, **translating)
    left = Deployment(settings, PARTITIONS, DEMO_POLICY)
    with left.worker() as worker:
        assert worker.process.wait(SECONDS) == 2
    told = " ".join(PAGE.text.split())
    refusals = ("it is not the topic that was read", "records of the changelog are lost")
    assert [refusal for refusal in refusals if f"`{refusal}`" not in told] == []
    assert any(refusal in worker.log.read_text() for refusal in refusals)
    left.close()


def test_from_recordings_everybody_has_the_list_again(
    first: Deployment, second: KafkaCluster, tmp_path: Path
) -> None:
    keep, restore = (
        shell_lines(f"```sh\n{block}```")
        for block in blocks(section(PAGE.text, "From recordings"), "sh")
    )
    first.load(RECORDS)
    follow(keep, first.settings, ("--continuous ", ""))
    settings = there(first, second, tmp_path)
    follow(restore, settings, ("--partitions 8", f"--partitions {PARTITIONS}"))
    outcome = expected(without_requests(RECORDS), DEMO_POLICY, PARTITIONS)
    left = Deployment(settings, PARTITIONS, DEMO_POLICY)
    with left.worker() as worker:
        left.wait_until_lists_are(outcome.lists, worker)
    assert left.lists() == outcome.lists
    left.close()
