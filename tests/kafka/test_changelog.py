"""A state and its changelog on a real Kafka: completed, rebuilt or refused, never half right."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
)

from streams.engine.state import standby as standby_module
from streams.engine.state.restore import Interrupted, Restore
from streams.engine.state.standby import Standby
from streams.engine.state.store import PERSON, PROGRESS, Memory, Store
from streams.engine.telemetry.liveness import Liveness
from streams.errors import UserError
from streams.settings import Settings
from tests.integration.conftest import settings_of
from tests.integration.deployment import SECONDS, wait_until
from tests.kafka.clients import create_new
from tests.kafka.cluster import KafkaCluster

pytestmark = pytest.mark.kafka

ANN, BOB, EVE = PERSON + b"ann", PERSON + b"bob", PERSON + b"eve"


class Changelog:
    """A changelog of one partition, written as a worker would, and states beside it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.name = settings.changelog
        self._folder = folder
        self._admin: Any = AdminClient({"bootstrap.servers": settings.kafka.brokers})
        self.create()

    def create(self) -> None:
        topic = NewTopic(self.name, 1, 1, config={"cleanup.policy": "compact"})
        create_new(self._admin, topic)

    def delete(self) -> None:
        self._admin.delete_topics([self.name])[self.name].result(SECONDS)

    def is_there(self) -> bool:
        return self.name in self._admin.list_topics(timeout=SECONDS).topics

    def make_anew(self) -> None:
        self.delete()
        wait_until(lambda: not self.is_there(), "the topic to be gone")
        self.create()

    def cut_off_before(self, offset: int) -> None:
        """Delete records, as retention does where somebody configures it."""
        topic = ConfigResource(ConfigResource.Type.TOPIC, self.name)
        topic.add_incremental_config(
            ConfigEntry("cleanup.policy", "delete", incremental_operation=AlterConfigOpType.SET)
        )
        self._admin.incremental_alter_configs([topic])[topic].result(SECONDS)
        wait_until(lambda: self._is_cut_off_before(offset), "records deleted")

    def _is_cut_off_before(self, offset: int) -> bool:
        """Not until the broker has heard of the policy that allows it."""
        [cut] = self._admin.delete_records([TopicPartition(self.name, 0, offset)]).values()
        try:
            cut.result(SECONDS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.POLICY_VIOLATION:
                raise
            return False
        return True

    def producer(self, **settings: object) -> Producer:
        return Producer({"bootstrap.servers": self.settings.kafka.brokers, **settings})

    def write(self, **persons: int) -> None:
        """Say of persons when they are due."""
        producer = self.producer()
        for person, due in persons.items():
            producer.produce(self.name, state(due), PERSON + person.encode(), 0)
        assert producer.flush(SECONDS) == 0

    def begin(self, name: str, progress: bytes | None = None, **persons: int) -> Producer:
        """Write in a transaction, which stays open."""
        producer = self.producer(**{"transactional.id": f"{self.name}-{name}"})
        producer.init_transactions(SECONDS)
        producer.begin_transaction()
        for person, due in persons.items():
            producer.produce(self.name, state(due), PERSON + person.encode(), 0)
        if progress is not None:
            producer.produce(self.name, progress, PROGRESS, 0)
        assert producer.flush(SECONDS) == 0
        return producer

    def open_store(self, name: object = 0) -> Store:
        return Store(self._folder / str(name), Memory(1 << 20, 1 << 20))

    def restore(self, store: Store, **committed: int) -> int:
        return Restore(self.settings, SECONDS).run({0: store}, {0: committed} if committed else {})


def state(due: int) -> bytes:
    """What is stored of a person, as far as a restore looks at it."""
    return b"[%d,{}]" % due


@pytest.fixture
def changelog(kafka: KafkaCluster, tmp_path: Path) -> Changelog:
    return Changelog(settings_of(kafka.address, tmp_path), tmp_path)


@pytest.fixture
def store(changelog: Changelog) -> Iterator[Store]:
    with changelog.open_store() as store:
        yield store


# --- what a state lacks --------------------------------------------------------------------------


def test_a_changelog_without_a_state_is_restored_from_the_beginning(
    changelog: Changelog, store: Store
) -> None:
    changelog.write(ann=5, bob=6)
    assert changelog.restore(store) == 2
    assert store.get([ANN, BOB]) == [state(5), state(6)]
    assert list(store.due(5, limit=10).values()) == [ANN]


def test_only_what_a_state_lacks_is_restored(changelog: Changelog, store: Store) -> None:
    changelog.write(ann=5)
    changelog.restore(store)
    changelog.write(bob=6)
    assert changelog.restore(store) == 1
    assert store.get([ANN, BOB]) == [state(5), state(6)]


def test_what_was_aborted_is_not_restored(changelog: Changelog, store: Store) -> None:
    changelog.write(ann=5)
    changelog.begin("a", ann=7, bob=8).abort_transaction(SECONDS)
    changelog.restore(store)
    assert store.get([ANN, BOB]) == [state(5), None]


def test_a_transaction_that_is_still_open_is_waited_for(changelog: Changelog, store: Store) -> None:
    changelog.write(ann=5)
    transaction = changelog.begin("a", bob=6)
    restoring = threading.Thread(target=changelog.restore, args=[store])
    restoring.start()
    wait_until(lambda: store.changelog_offset == 1, "all that is committed")
    assert restoring.is_alive()
    transaction.commit_transaction(SECONDS)
    restoring.join()
    assert store.get([ANN, BOB]) == [state(5), state(6)]


def test_a_restore_tells_how_far_it_is_and_for_how_long_it_has_got_nowhere(
    changelog: Changelog, store: Store
) -> None:
    changelog.write(ann=5)
    transaction = changelog.begin("a", bob=6)
    pulse = Liveness()
    restore = Restore(changelog.settings, SECONDS, pulse)
    restoring = threading.Thread(target=restore.run, args=[{0: store}])
    restoring.start()
    wait_until(lambda: (pulse.restored, pulse.left) == (1, 1), "all that is committed")
    wait_until(lambda: pulse.silence > 0.5, "a while without progress")
    transaction.commit_transaction(SECONDS)
    restoring.join()
    assert (pulse.restored, pulse.left) == (2, 0)


def test_a_state_that_includes_what_was_read_waits_for_no_open_transaction(
    changelog: Changelog, store: Store
) -> None:
    """A worker that was killed leaves one behind, which nothing can come of any more."""
    changelog.begin("a", b'{"offsets":{"purchases":3}}', ann=5).commit_transaction(SECONDS)
    left_behind = changelog.begin("b", bob=6)
    changelog.restore(store, purchases=3)
    assert store.get([ANN, BOB]) == [state(5), None]
    left_behind.abort_transaction(SECONDS)


def test_a_restore_that_is_cancelled_ends(changelog: Changelog, store: Store) -> None:
    transaction = changelog.begin("a", ann=5)
    restore = Restore(changelog.settings, SECONDS)
    restore.cancel()
    with pytest.raises(Interrupted):
        restore.run({0: store})
    transaction.abort_transaction(SECONDS)


def test_a_changelog_that_does_not_reach_its_end_is_not_waited_for_for_ever(
    changelog: Changelog, store: Store
) -> None:
    transaction = changelog.begin("a", ann=5)
    with pytest.raises(KafkaException, match="the changelog did not reach its end in time"):
        Restore(changelog.settings, seconds=3).run({0: store})
    transaction.abort_transaction(SECONDS)


# --- what does not fit together ------------------------------------------------------------------


def test_a_state_of_a_changelog_that_is_gone_is_rebuilt_from_the_one_that_is_there(
    changelog: Changelog, store: Store
) -> None:
    """Even where the new one has long grown past the offset, which alone says nothing."""
    changelog.write(ann=5)
    changelog.restore(store)
    changelog.make_anew()
    changelog.write(bob=6, eve=7)
    changelog.restore(store)
    assert store.get([ANN, BOB, EVE]) == [None, state(6), state(7)]


def test_a_state_is_not_thrown_away_for_an_empty_changelog(
    changelog: Changelog, store: Store
) -> None:
    changelog.write(ann=5)
    changelog.restore(store)
    changelog.make_anew()
    with pytest.raises(UserError) as caught:
        changelog.restore(store)
    assert changelog.name in str(caught.value)
    assert str(store.path) in str(caught.value)
    assert store.get([ANN]) == [state(5)]


def test_a_state_that_is_ahead_of_its_changelog_is_rebuilt(
    changelog: Changelog, store: Store
) -> None:
    changelog.write(ann=5)
    changelog.restore(store)
    store.write({BOB: state(6)}, changelog_offset=9)
    changelog.restore(store)
    assert store.get([ANN, BOB]) == [state(5), None]
    assert store.changelog_offset == 1


def test_where_a_changelog_was_cut_off_a_state_that_has_what_is_gone_goes_on(
    changelog: Changelog, store: Store
) -> None:
    changelog.write(ann=5, bob=6)
    changelog.restore(store)
    changelog.write(eve=7)
    changelog.cut_off_before(2)
    changelog.restore(store)
    assert store.get([ANN, BOB, EVE]) == [state(5), state(6), state(7)]


def test_where_a_changelog_was_cut_off_a_state_that_lacks_what_is_gone_is_refused(
    changelog: Changelog, store: Store
) -> None:
    changelog.write(ann=5, bob=6, eve=7)
    changelog.cut_off_before(2)
    with pytest.raises(UserError) as caught:
        changelog.restore(store)
    message = str(caught.value)
    assert f"{changelog.name}, partition 0: its records before offset 2 were deleted" in message
    assert "--to-earliest" in message


# --- standbys ------------------------------------------------------------------------------------


@pytest.fixture
def follow(
    changelog: Changelog, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], dict[str, Any]]]:
    """Starts a standby; gives its store and what it counted, for as long as it runs."""
    monkeypatch.setattr(standby_module, "RETRY_SECONDS", 0.2)
    standbys: list[Standby] = []

    def follow() -> dict[str, Any]:
        seen: dict[str, Any] = {"failures": 0}

        def open_store(number: int) -> Store:
            seen["store"] = changelog.open_store(number)
            return seen["store"]

        def on_failure() -> None:
            seen["failures"] += 1

        standbys.append(Standby(changelog.settings, {0}, open_store, on_failure))
        seen["stop"] = standbys[-1].stop
        return seen

    yield follow
    for standby in standbys:
        standby.stop()


def value_of(seen: dict[str, Any], key: bytes) -> bytes | None:
    """What a standby knows, which may be about to close or to open its state."""
    with suppress(UserError):
        return seen["store"].get([key])[0] if "store" in seen else None
    return None


def test_a_standby_follows_what_is_committed(changelog: Changelog, follow: Any) -> None:
    changelog.write(ann=5)
    seen = follow()
    wait_until(lambda: value_of(seen, ANN) == state(5), "what was there")
    changelog.write(bob=6)
    wait_until(lambda: value_of(seen, BOB) == state(6), "what came later")
    assert seen["failures"] == 0


def test_a_standby_that_is_stopped_leaves_a_state_that_lacks_nothing(
    changelog: Changelog, follow: Any
) -> None:
    changelog.write(ann=5, bob=6)
    seen = follow()
    wait_until(lambda: value_of(seen, BOB) == state(6), "the end")
    seen["stop"]()
    with changelog.open_store() as store:
        assert changelog.restore(store) == 0
        assert store.get([ANN, BOB]) == [state(5), state(6)]


def test_a_standby_is_rebuilt_when_its_changelog_is_made_anew(
    changelog: Changelog, follow: Any
) -> None:
    changelog.write(ann=5, eve=7)
    seen = follow()
    wait_until(lambda: value_of(seen, EVE) == state(7), "the standby")
    changelog.make_anew()
    changelog.write(bob=6)
    wait_until(lambda: value_of(seen, BOB) == state(6), "the standby anew")
    assert value_of(seen, ANN) is None
    assert seen["failures"] > 0


def test_a_standby_whose_folder_is_in_use_is_tried_again(changelog: Changelog, follow: Any) -> None:
    changelog.write(ann=5)
    with changelog.open_store():
        seen = follow()
        wait_until(lambda: seen["failures"] > 1, "two failures")
    wait_until(lambda: value_of(seen, ANN) == state(5), "the standby")
