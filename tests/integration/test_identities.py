"""People with several ids: what one says reaches the others, whatever dies meanwhile (SPEC 9)."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from schemas.records import Event
from schemas.topics import SHARES
from streams.kafka.offsets import committed
from streams.kafka.partitioner import partition_of
from streams.recording.files import read
from tests.builders import DAY, NOW, purchase, recorded, refund, request
from tests.command_line import run
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.integration.recorded import recorded as recorded_now
from tests.integration.recordings import Expected, expected, without_as_of
from tests.linked import linked, placed
from tests.waiting import SECONDS

pytestmark = pytest.mark.kafka

PARTITIONS = 4
PEOPLE = 1_000
ONE_BY_ONE = {"batch_records": 1}
"""Makes a worker slow enough for something to happen to it meanwhile."""


class Story(NamedTuple):
    """What befell a worker, next to one that nothing befell."""

    expected: Expected
    disturbed: Deployment
    undisturbed: Deployment
    on_their_way: int
    """Shares that were committed and not yet taken when the worker was killed."""


def _said() -> Iterator[Event]:
    for number in range(PEOPLE):
        account, phone, laptop = _ids(number)
        ts = NOW + number
        yield linked(phone, account, ts)
        yield linked(laptop, account, ts)
        yield purchase("tv", event_id=f"b{number}", order_id=f"o{number}", user_id=phone, ts=ts)
        if number % 3 == 0:
            yield refund(event_id=f"r{number}", order_id=f"o{number}", user_id=laptop, ts=ts + 1)


def _asked() -> Iterator[Event]:
    for number in range(PEOPLE):
        _, _, laptop = _ids(number)
        yield request("tv", "mug", request_id=f"q{number}", user_id=laptop, ts=NOW + DAY + number)


def _ids(number: int) -> tuple[str, str, str]:
    return f"account-{number}", f"phone-{number}", f"laptop-{number}"


@pytest.fixture(scope="module")
def story(deploy: Deploy) -> Story:
    """A worker is killed while shares are on their way; requests come when all has arrived."""
    said = recorded(placed(*_said(), partitions=PARTITIONS))
    asked = recorded(placed(*_asked(), partitions=PARTITIONS))
    before, outcome = (expected(part, "", PARTITIONS) for part in (said, said + asked))
    undisturbed, disturbed = deploy(PARTITIONS), deploy(PARTITIONS)
    undisturbed.load(said)
    disturbed.load(said)
    with disturbed.worker(**ONE_BY_ONE) as worker:
        disturbed.wait_until(lambda: _on_their_way(disturbed) > 0, "shares", worker)
        worker.process.kill()
        worker.process.wait()
    on_their_way = _on_their_way(disturbed)
    with disturbed.worker() as worker, undisturbed.worker() as other:
        for deployment, process in ((disturbed, worker), (undisturbed, other)):
            deployment.wait_until_lists_are(before.lists, process)
            deployment.load(asked)
            deployment.wait_until_consumed(process)
            deployment.wait_until_lists_are(outcome.lists, process)
            assert process.stop() == 0
    return Story(outcome, disturbed, undisturbed, on_their_way)


def _on_their_way(deployment: Deployment) -> int:
    """How many shares are committed that the group has not taken."""
    topic = deployment.settings.topic(SHARES)
    partitions = [(topic, number) for number in range(deployment.partitions)]
    taken = {
        partition: reached.offset
        for partition, reached in committed(deployment.settings, partitions, SECONDS).items()
    }
    return sum(
        message.offset() >= taken.get((topic, message.partition()), 0)
        for message in deployment.read(SHARES)
    )


@pytest.fixture(params=["disturbed", "undisturbed"])
def deployment(story: Story, request: pytest.FixtureRequest) -> Deployment:
    return story.disturbed if request.param == "disturbed" else story.undisturbed


def test_it_was_between_a_leaf_and_its_hub_that_the_worker_was_killed(story: Story) -> None:
    assert story.on_their_way > 0


def test_ids_of_one_person_are_in_different_partitions() -> None:
    homes = [{partition_of(each.encode(), PARTITIONS) for each in _ids(n)} for n in range(PEOPLE)]
    assert sum(len(found) > 1 for found in homes) > PEOPLE / 2


def test_every_list_is_the_backtests(story: Story, deployment: Deployment) -> None:
    assert deployment.lists() == story.expected.lists
    laptop = deployment.lists()["laptop-1"]
    assert [(entry["reason"], entry["via"]) for entry in laptop["entries"]] == [
        ("purchased", "person")
    ]


def test_every_decision_is_the_backtests(story: Story, deployment: Deployment) -> None:
    assert without_as_of(deployment.decisions()) == story.expected.decisions


def test_the_state_is_to_the_byte_what_the_backtest_would_store(
    story: Story, deployment: Deployment
) -> None:
    assert deployment.persons() == story.expected.persons


def test_no_list_is_published_twice(deployment: Deployment) -> None:
    by_person: dict[bytes, list[bytes]] = {}
    for message in deployment.read("suppressions"):
        by_person.setdefault(message.key(), []).append(message.value())
    assert not [key for key, of in by_person.items() if any(a == b for a, b in pairwise(of))]


def test_nothing_is_shared_twice_and_all_of_it_lies_where_it_belongs(
    deployment: Deployment,
) -> None:
    messages = deployment.read(SHARES)
    assert all(m.partition() == partition_of(m.key(), PARTITIONS) for m in messages)
    contents = Counter((message.key(), _untimed(message.value())) for message in messages)
    assert set(contents.values()) == {1}


def _untimed(value: bytes) -> bytes:
    share = orjson.loads(value)
    del share["ts"]
    return orjson.dumps(share)


def test_all_shares_were_taken_in_the_end(deployment: Deployment) -> None:
    assert _on_their_way(deployment) == 0


# --- recorded ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recording(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "all.jsonl"
    recorded_now(story.undisturbed.settings, path)
    return path


def _lists_of(recording: Path, folder: Path, *options: object) -> bytes:
    output = folder / "lists.jsonl"
    result = run("backtest", recording, "--force", "--lists", output, *options)
    assert result.exit_code == 0, result.stderr
    return output.read_bytes()


def test_statements_and_shares_are_recorded(story: Story, recording: Path) -> None:
    topics = Counter(record.topic for record in read([recording]))
    assert topics["identities"] == 2 * PEOPLE
    assert topics[SHARES] == len(story.undisturbed.read(SHARES))


def test_a_backtest_of_the_recorded_topics_ends_with_the_workers_lists(
    story: Story, recording: Path, tmp_path: Path
) -> None:
    said = map(orjson.loads, _lists_of(recording, tmp_path).splitlines())
    lists = {each["user_id"]: each for each in said if each["entries"] or each["granted"]}
    assert lists == story.undisturbed.lists()


def test_two_processes_say_the_same_of_it_to_the_byte(recording: Path, tmp_path: Path) -> None:
    by_one = _lists_of(recording, tmp_path, "--processes", 1)
    assert _lists_of(recording, tmp_path, "--processes", 2) == by_one


def test_without_its_shares_it_ends_with_the_same_lists(recording: Path, tmp_path: Path) -> None:
    without = tmp_path / "without.jsonl"
    lines = recording.read_bytes().splitlines(keepends=True)
    without.write_bytes(b"".join(line for line in lines if b'"topic":"shares"' not in line))
    assert without.read_bytes() != recording.read_bytes()
    derived = _lists_of(without, tmp_path, "--processes", 2)
    assert derived == _lists_of(recording, tmp_path)
