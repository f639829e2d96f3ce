"""What ids of one person share goes by a topic from one task of a worker to another (SPEC 9)."""

import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from schemas.records import Event
from schemas.topics import SHARES
from streams.agents import review
from streams.agents.supplier import SuppressTasks
from streams.kafka.partitioner import partition_of
from streams.settings import Settings
from streams.suppression.catalog import Catalog
from streams.suppression.policy import Policy
from tests.builders import DAY, NOW, line, purchase, refund, request
from tests.engine.in_memory import InMemoryEngine
from tests.linked import ids_of, linked, unlinked

PARTITIONS = 3
ACCOUNT, PHONE, LAPTOP = ids_of(PARTITIONS, "account", "phone", "laptop")
ONE_PERSON = (linked(PHONE, ACCOUNT, NOW), linked(LAPTOP, ACCOUNT, NOW + 1))
BOUGHT = purchase("tv", user_id=PHONE, ts=NOW + 2)
SELDOM = Settings(dead_letter_percent=0, checkpoint_milliseconds=3_600_000)
"""Checkpoints are taken when they are asked for."""


def nothing() -> None:
    """There is nothing new in the catalog."""


class Worker:
    """A worker with all partitions, whose shares reach it when they are said to arrive."""

    def __init__(self, folder: Path) -> None:
        reader: Any = SimpleNamespace(
            catalog=Catalog(), invalid=deque(), position=0, fetch=nothing, update=nothing
        )
        self.tasks = SuppressTasks(SELDOM, Policy.default(), {}, reader)
        self.engine = InMemoryEngine(self.tasks, folder, SELDOM, PARTITIONS)
        self._arrived = 0
        self.offsets: dict[tuple[str, int], int] = {}
        """Those after the last record of each stream and partition."""

    def feed(self, *events: Event) -> None:
        """Let the topics hold these events, each in its person's partition."""
        for event in events:
            said = line(event)
            self._feed(said["topic"], said["key"].encode(), orjson.dumps(said["value"]))

    def feed_share(self, user_id: str, value: bytes) -> None:
        """Let the topic of shares hold this."""
        self._feed(SHARES, user_id.encode(), value)

    def shares(self) -> list[Any]:
        """The shares that were committed."""
        topic = SELDOM.topic(SHARES)
        return [sent for sent in self.engine.producer.committed if sent.topic == topic]

    def arrive(self) -> int:
        """Let the topic of shares hold what was committed since the last time."""
        new = self.shares()[self._arrived :]
        self._arrived += len(new)
        for sent in new:
            assert sent.partition == partition_of(sent.key, PARTITIONS)
            self._feed(SHARES, sent.key, sent.value)
        return len(new)

    def run(self) -> None:
        """Process and commit everything, until there is nothing left to share."""
        self.engine.run()
        while self.arrive():
            self.engine.run()

    def use(self, policy: Policy) -> None:
        """Let another policy be in force."""
        change = partial(self.tasks.use, policy)
        self.engine.call(self.engine.engine.between_checkpoints(change))

    def lists(self) -> dict[str, list[str]]:
        """Why something is on each person's last list."""
        topic, last = SELDOM.topic("suppressions"), {}
        for sent in self.engine.producer.committed:
            if sent.topic == topic:
                entries = orjson.loads(sent.value)["entries"] if sent.value else []
                last[sent.key.decode()] = [entry["reason"] for entry in entries]
        return last

    def _feed(self, stream: str, key: bytes, value: bytes) -> None:
        number = partition_of(key, PARTITIONS)
        offset = self.offsets.get((stream, number), 0)
        self.offsets[stream, number] = offset + 1
        record = SimpleNamespace(offset=offset, timestamp=NOW, key=key, value=value, headers=())
        self.engine.feed(stream, record, number=number)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(tmp_path)
    with worker.engine:
        yield worker


def work_off(*parts: Iterable[Event]) -> dict[str, list[str]]:
    """The last lists of a worker that has all shared and committed after each of these parts."""
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(Path(folder))
        with worker.engine:
            for part in parts:
                worker.feed(*part)
                worker.run()
            return worker.lists()


def test_what_was_bought_on_one_id_is_on_the_lists_of_all_two_checkpoints_later(
    worker: Worker,
) -> None:
    worker.feed(*ONE_PERSON)
    worker.run()
    worker.feed(BOUGHT)
    for reached in ({PHONE}, {PHONE, ACCOUNT}, {PHONE, ACCOUNT, LAPTOP}):
        worker.engine.run()
        assert {user_id for user_id, reasons in worker.lists().items() if reasons} == reached
        worker.arrive()


def test_shares_go_with_the_checkpoint_or_not_at_all(worker: Worker) -> None:
    worker.feed(*ONE_PERSON, BOUGHT)
    worker.engine.strategy.error = ConnectionError("the broker is gone")
    with pytest.raises(ConnectionError):
        worker.engine.run()
    assert worker.shares() == []


def test_nobody_who_is_not_linked_shares_anything(worker: Worker) -> None:
    worker.feed(BOUGHT, purchase("mug", user_id=LAPTOP))
    worker.run()
    assert worker.shares() == []


def test_a_share_is_what_changed_and_no_more(worker: Worker) -> None:
    first = [
        purchase(f"p{n}", event_id=f"e{n}", order_id=f"o{n}", user_id=PHONE) for n in range(50)
    ]
    worker.feed(*ONE_PERSON, *first)
    worker.run()
    before = len(worker.shares())
    worker.feed(BOUGHT)
    worker.run()
    small = worker.shares()[before:]
    assert [sent.key.decode() for sent in small] == [ACCOUNT, LAPTOP]
    assert all(len(sent.value) < 400 for sent in small)


def test_a_worker_that_begins_again_shares_nothing_twice(tmp_path: Path) -> None:
    first = Worker(tmp_path)
    with first.engine:
        first.feed(*ONE_PERSON, BOUGHT)
        first.run()
    second = Worker(tmp_path)
    with second.engine:
        second.offsets = first.offsets
        second.feed(refund(user_id=LAPTOP, ts=NOW + 3))
        second.run()
        assert [sent.key.decode() for sent in second.shares()] == [ACCOUNT, PHONE]
        assert second.lists()[PHONE] == []


def test_what_is_taken_back_is_withdrawn_from_all() -> None:
    lists = work_off([*ONE_PERSON, BOUGHT], [unlinked(PHONE, ACCOUNT, NOW + 3)])
    assert lists[LAPTOP] == lists[ACCOUNT] == []
    assert lists[PHONE] == ["purchased"]


def test_parts_of_a_day_come_to_the_same_as_the_whole() -> None:
    back = refund(user_id=LAPTOP, ts=NOW + 3)
    mug = purchase("mug", event_id="e2", order_id="o2", user_id=ACCOUNT, ts=NOW + 4)
    events = (*ONE_PERSON, BOUGHT, back, mug)
    assert work_off(*([event] for event in events)) == work_off(events)


def test_an_id_in_a_partition_that_had_no_event_has_a_list(worker: Worker) -> None:
    worker.feed(linked(PHONE, ACCOUNT), BOUGHT)
    worker.run()
    assert worker.lists()[ACCOUNT] == ["purchased"]


def test_what_a_blocked_id_would_link_is_a_dead_letter(worker: Worker) -> None:
    worker.feed(linked(PHONE, "NULL"))
    worker.run()
    assert worker.tasks.counts.dead == {"unknown_value": 1}


def test_ids_for_which_there_is_no_room_are_counted(worker: Worker) -> None:
    worker.use(Policy.from_toml("[identity]\nmax_ids = 1"))
    worker.feed(*ONE_PERSON)
    worker.run()
    assert worker.tasks.counts.ids_turned_away == 1


def test_a_policy_that_blocks_a_hub_ends_what_it_shares(worker: Worker) -> None:
    worker.feed(*ONE_PERSON, BOUGHT)
    worker.run()
    worker.use(Policy.from_toml(f"[identity]\nblocked = ['{ACCOUNT}']"))
    worker.run()
    assert worker.lists() == {PHONE: ["purchased"], ACCOUNT: [], LAPTOP: []}
    worker.use(Policy.default())
    worker.run()
    assert worker.lists() == {each: ["purchased"] for each in (PHONE, ACCOUNT, LAPTOP)}


def test_a_policy_that_is_taken_back_before_all_were_read_by_it_leaves_nothing_behind(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "AT_ONCE", 1)
    worker.feed(*ONE_PERSON, BOUGHT)
    worker.run()
    worker.use(Policy.from_toml(f"[identity]\nblocked = ['{ACCOUNT}']"))
    worker.engine.step()
    worker.use(Policy.default())
    worker.run()
    for _ in range(5):
        worker.engine.step()
    worker.run()
    assert worker.lists() == {each: ["purchased"] for each in (PHONE, ACCOUNT, LAPTOP)}


def test_every_record_is_accounted_for(worker: Worker) -> None:
    worker.feed(*ONE_PERSON, BOUGHT, request(user_id=LAPTOP, ts=NOW + DAY))
    worker.run()
    counts = worker.tasks.counts
    consumed = worker.engine.context.counts.consumed
    assert counts.accounted.records == consumed.total()
    assert (counts.joined, counts.decided) == (3, 1)
    assert counts.shares_sent == counts.shares_received == consumed[SHARES] == len(worker.shares())


@pytest.mark.parametrize("broken", [{"user_id": 1}, {"put": {"lines": 1}}, {"withdrawn": [1]}])
def test_a_share_that_cannot_be_read_is_a_dead_letter_of_the_topic_of_shares(
    worker: Worker, broken: dict[str, Any]
) -> None:
    right = {"user_id": PHONE, "ts": NOW, "sender": ACCOUNT, "direction": "up"}
    worker.feed_share(PHONE, orjson.dumps(right | broken))
    worker.run()
    [letter] = [
        sent
        for sent in worker.engine.producer.committed
        if sent.topic == SELDOM.topic("dead-letters")
    ]
    assert dict(letter.headers)["unhaunt.topic"] == SELDOM.topic(SHARES)
