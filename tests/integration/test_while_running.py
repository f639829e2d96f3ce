"""What a worker that is running says when something happens, or when nothing does."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord, record_of
from streams.supervision.worker_process import WorkerProcess
from tests.builders import DAY, NOW, catalog_line, dismissal, line, purchase, recorded, request
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.kafka.clients import transaction, unique
from tests.waiting import SECONDS

pytestmark = pytest.mark.kafka

PARTITIONS = 6


class Running(NamedTuple):
    """A worker that is running, and its deployment."""

    deployment: Deployment
    worker: WorkerProcess

    def happen(self, *lines: dict[str, Any]) -> None:
        self.deployment.load(_at_home(recorded(lines)))

    def list_of(self, user_id: str) -> Any:
        """The values of the entries of a person's list; None when it ended or never began."""
        suppression_list = self.deployment.lists().get(user_id)
        return suppression_list and [entry["value"] for entry in suppression_list["entries"]]

    def wait_until_list_is(self, user_id: str, values: list[str] | None) -> None:
        self.deployment.wait_until(
            lambda: self.list_of(user_id) == values, f"the list of {user_id}", self.worker
        )

    def decision(self, request_id: str) -> dict[str, Any]:
        """The decision on a request, when it comes."""
        decisions: list[dict[str, Any]] = []

        def is_there() -> bool:
            for of_partition in self.deployment.decisions().values():
                decisions.extend(d for d in of_partition if d["request_id"] == request_id)
            return bool(decisions)

        self.deployment.wait_until(is_there, f"the decision on {request_id}", self.worker)
        return decisions[0]


@pytest.fixture(scope="module")
def running(deploy: Deploy) -> Iterator[Running]:
    """One worker for all tests, each of which has people of its own in a partition of its own."""
    deployment = deploy(PARTITIONS)
    with deployment.worker() as worker:
        running = Running(deployment, worker)
        running.happen(line(request(request_id="ready", user_id=someone(0))))
        running.decision("ready")
        yield running


def someone(partition: int, name: str = "somebody") -> str:
    """A person in this partition."""
    return next(
        person
        for person in (f"{name}-{number}" for number in range(1_000))
        if partition_of(person.encode(), PARTITIONS) == partition
    )


def test_a_request_is_answered_by_what_was_said_before_it(running: Running) -> None:
    ann = someone(0, "ann")
    running.happen(line(purchase(user_id=ann)))
    running.wait_until_list_is(ann, ["tv"])
    running.happen(line(request("tv", "radio", request_id="after", user_id=ann, ts=NOW + 1)))
    decision = running.decision("after")
    assert [answer["product_id"] for answer in decision["suppressed"]] == ["tv"]
    assert decision["allowed"] == ["radio"]
    assert decision["as_of"] == {"purchases": NOW}


def test_a_list_that_ends_with_time_becomes_a_tombstone_though_its_person_says_nothing(
    running: Running,
) -> None:
    ann, somebody_else = someone(1, "ann"), someone(1, "else")
    running.happen(line(dismissal("removed_from_cart", product_id="tv", user_id=ann)))
    running.wait_until_list_is(ann, ["tv"])
    running.happen(line(request(user_id=somebody_else, ts=NOW + 14 * DAY)))
    running.wait_until_list_is(ann, None)
    published = [
        m.value() for m in running.deployment.read("suppressions") if m.key() == ann.encode()
    ]
    assert published[-1] is None


def test_a_change_of_the_catalog_changes_lists_though_nobody_says_anything(
    running: Running,
) -> None:
    ann = someone(2, "ann")
    running.happen(line(purchase("bicycle", user_id=ann)))
    running.wait_until_list_is(ann, ["bicycle"])
    running.happen(catalog_line("bicycle", item_group_id="bicycles"))
    running.wait_until_list_is(ann, ["bicycles"])


def test_a_product_that_is_not_right_is_buried_though_nobody_says_anything(
    running: Running,
) -> None:
    running.deployment.load([record_of("catalog", b"tv", b"{oops", NOW, headers=[("trace", b"1")])])
    running.deployment.wait_until(
        lambda: bool(running.deployment.read("dead-letters")), "the dead letter", running.worker
    )
    [message] = running.deployment.read("dead-letters")
    headers = dict(message.headers())
    assert (message.key(), message.value()) == (b"tv", b"{oops")
    assert (headers["unhaunt.error"], headers["trace"]) == (b"not_json", b"1")


def test_evidence_that_comes_late_counts_from_when_it_arrives(running: Running) -> None:
    ann = someone(3, "ann")
    running.happen(line(request(request_id="before", user_id=ann, ts=NOW + DAY)))
    assert running.decision("before")["allowed"] == ["tv"]
    running.happen(line(purchase(user_id=ann, ts=NOW)))
    running.wait_until_list_is(ann, ["tv"])
    running.happen(line(request(request_id="now", user_id=ann, ts=NOW + DAY)))
    assert running.decision("now")["allowed"] == []
    assert running.decision("before")["allowed"] == ["tv"]


def test_a_topic_that_has_fallen_silent_does_not_hold_the_others_up(running: Running) -> None:
    ann = someone(4, "ann")
    running.happen(line(dismissal("not_interested", product_id="tv", user_id=ann)))
    running.wait_until_list_is(ann, ["tv"])
    running.happen(line(request("tv", "radio", request_id="later", user_id=ann, ts=NOW + DAY)))
    assert running.decision("later")["allowed"] == ["radio"]


def test_a_transaction_that_stays_open_holds_nothing_up_but_what_comes_after_it(
    running: Running,
) -> None:
    settings = running.deployment.settings
    ann = someone(5, "ann")
    [bought] = recorded([line(purchase(user_id=ann))])
    producer = transaction(settings.kafka.brokers, unique("producer"))
    producer.produce(settings.topic("purchases"), bought.value, bought.key, 5, timestamp=NOW)
    assert producer.flush(SECONDS) == 0
    running.happen(line(request(request_id="meanwhile", user_id=ann, ts=NOW + 1)))
    assert running.decision("meanwhile")["allowed"] == ["tv"]
    producer.commit_transaction(SECONDS)
    running.wait_until_list_is(ann, ["tv"])
    running.happen(line(request(request_id="afterwards", user_id=ann, ts=NOW + 2)))
    assert running.decision("afterwards")["allowed"] == []


def _at_home(records: list[RecordedRecord]) -> list[RecordedRecord]:
    for record in records:
        if record.topic != "catalog" and record.key is not None:
            record.partition = partition_of(record.key, PARTITIONS)
    return records
