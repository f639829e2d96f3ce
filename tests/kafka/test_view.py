"""A view follows the lists of a deployment, and answers while its brokers are away."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from schemas.records import Product
from streams.engine.state.store import Memory
from streams.kafka.partitioner import partition_of
from streams.settings import KafkaSettings, Settings, variables_of
from streams.view import View
from streams.view.copies import StoredCopy
from streams.view.following import KEPT_SECONDS
from streams.view.view import NotCaughtUp, NotFollowed
from tests.builders import NOW, as_json, dismissal, published, purchase, request
from tests.command_line import start_process
from tests.integration.conftest import settings_of
from tests.kafka.clients import SECONDS, transaction
from tests.kafka.cluster import KafkaCluster, free_ports
from tests.kafka.installation import require_kafka
from tests.served import Served
from tests.waiting import wait_until

pytestmark = pytest.mark.kafka

PARTITIONS = 3
BOUGHT = published(purchase("tv"))
BLOCKED = published(dismissal("block_brand", brand="acme"))


class Deployment:
    """The topics that a view reads, and somebody who writes them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.admin = AdminClient({"bootstrap.servers": settings.kafka.brokers})
        self.create("suppressions", PARTITIONS)
        self.create("catalog", 1)
        self.producer = Producer({"bootstrap.servers": settings.kafka.brokers, "linger.ms": 0})

    def create(self, name: str, partitions: int) -> None:
        compacted = {"cleanup.policy": "compact"}
        topic = NewTopic(self.settings.topic(name), partitions, 1, config=compacted)
        self.admin.create_topics([topic])[topic.topic].result(SECONDS)

    def recreate(self, name: str, partitions: int) -> None:
        self.admin.delete_topics([self.settings.topic(name)])[self.settings.topic(name)].result()
        wait_until(lambda: self.settings.topic(name) not in self.admin.list_topics().topics, name)
        self.create(name, partitions)

    def publish(self, **lists: Mapping[str, Any] | None) -> None:
        """Publish lists by person; None is a tombstone."""
        for user_id, each in lists.items():
            value = None if each is None else orjson.dumps({**each, "user_id": user_id})
            self.send("suppressions", user_id, value, partition_of(user_id.encode(), PARTITIONS))

    def know(self, **products: Product) -> None:
        """Put products into the catalog."""
        for product_id, product in products.items():
            self.send("catalog", product_id, msgspec.json.encode(product), 0)

    def send(self, topic: str, key: str | None, value: bytes | None, partition: int) -> None:
        self.producer.produce(self.settings.topic(topic), value, key, partition)
        assert self.producer.flush(SECONDS) == 0

    def view(self, policy: Path | None = None, **options: Any) -> View:
        settings = msgspec.structs.replace(self.settings, policy=str(policy or ""))
        return View(settings, **options)


@pytest.fixture(scope="module")
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """A broker that may be killed."""
    require_kafka()
    with KafkaCluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster


@pytest.fixture
def deployment(own_kafka: KafkaCluster, tmp_path: Path) -> Deployment:
    return Deployment(settings_of(own_kafka.address, tmp_path))


Open = Callable[..., View]


@pytest.fixture
def opened(deployment: Deployment) -> Iterator[Open]:
    """Opens views that have read to the end."""
    with ExitStack() as stack:

        def opened(**options: Any) -> View:
            view = stack.enter_context(deployment.view(**options))
            view.wait_until_caught_up(SECONDS)
            return view

        yield opened


def written(folder: Path, policy: str) -> Path:
    """The file of a policy, in place of what was in it."""
    file = folder / "policy.toml"
    file.write_text(policy)
    return file


def reasons(view: View, *candidates: str) -> dict[str, str]:
    """Why ann is not shown these candidates now."""
    decision, _ = view.decide(request(*candidates))
    return {answer.product_id: answer.reason for answer in decision.suppressed}


# --- what it answers -----------------------------------------------------------------------------


def test_a_list_is_told_as_it_was_published(deployment: Deployment, opened: Open) -> None:
    deployment.publish(ann=BOUGHT)
    assert as_json(opened().person("ann").list) == BOUGHT


def test_a_request_is_decided_by_list_policy_and_catalog(
    deployment: Deployment, opened: Open
) -> None:
    deployment.publish(ann=BLOCKED)
    deployment.know(tv=Product(brand="acme"), radio=Product(sensitive=True))
    assert reasons(opened(), "tv", "radio", "mug") == {"tv": "block_brand", "radio": "sensitive"}


def test_a_person_may_be_asked_for_by_ids_in_several_partitions(
    deployment: Deployment, opened: Open
) -> None:
    assert partition_of(b"ann", PARTITIONS) != partition_of(b"cookie", PARTITIONS)
    deployment.publish(ann=BOUGHT, cookie=BLOCKED)
    deployment.know(radio=Product(brand="acme"))
    view = opened()
    decision, known = view.decide(request("tv", "radio", "mug"), other_ids=["nobody", "cookie"])
    assert [answer.reason for answer in decision.suppressed] == ["purchased", "block_brand"]
    assert known.is_known


def test_who_has_no_list_is_asked_for_consent_where_that_is_needed(
    opened: Open, tmp_path: Path
) -> None:
    opt_in = written(tmp_path, '[consent]\nmode = "opt_in"\n')
    assert reasons(opened(policy=opt_in), "mug") == {"mug": "no_consent"}


def test_another_policy_in_the_file_is_decided_by_and_a_wrong_one_is_not(
    opened: Open, tmp_path: Path
) -> None:
    view = opened(policy=written(tmp_path, '[consent]\nmode = "opt_in"\n'))
    written(tmp_path, '[consent]\nmode = "sometimes"\n')
    wait_until(lambda: view.policies_refused == 1, "the refusal of what is no policy")
    assert reasons(view, "mug") == {"mug": "no_consent"}
    written(tmp_path, 'version = "open"\n')
    wait_until(lambda: view.policy.version == "open", "the next policy")
    assert reasons(view, "mug") == {}


def test_what_is_published_later_is_followed(deployment: Deployment, opened: Open) -> None:
    view = opened()
    deployment.publish(ann=BOUGHT)
    wait_until(lambda: as_json(view.person("ann").list) == BOUGHT, "the list")
    deployment.publish(ann=None)
    wait_until(lambda: view.person("ann").list is None, "the tombstone")


def test_what_is_not_committed_is_not_seen(deployment: Deployment, opened: Open) -> None:
    view = opened(partitions=[partition_of(b"ann", PARTITIONS)])
    settings = deployment.settings
    producer = transaction(settings.kafka.brokers, settings.application)
    number = partition_of(b"ann", PARTITIONS)
    topic = settings.topic("suppressions")
    producer.produce(topic, orjson.dumps(BOUGHT), "ann", number)
    producer.flush(SECONDS)
    level_at = view.person("ann").freshness.level_at
    wait_until(lambda: view.person("ann").freshness.level_at > level_at, "a later contact")
    assert view.person("ann").list is None
    producer.commit_transaction(SECONDS)
    wait_until(lambda: as_json(view.person("ann").list) == BOUGHT, "the list")


def test_what_is_no_list_is_left_out(deployment: Deployment, opened: Open) -> None:
    number = partition_of(b"ann", PARTITIONS)
    deployment.publish(ann=BOUGHT)
    deployment.send("suppressions", "ann", b'{"entries": 3}', number)
    deployment.send("suppressions", None, b"{}", number)
    assert as_json(opened().person("ann").list) == BOUGHT


def test_a_view_of_some_partitions_says_that_it_does_not_follow_a_persons(opened: Open) -> None:
    view = opened(partitions={*range(PARTITIONS)} - {partition_of(b"ann", PARTITIONS)})
    with pytest.raises(NotFollowed, match="this view follows"):
        view.person("ann")
    with pytest.raises(NotFollowed, match="this view follows"):
        view.decide(request(user_id="cookie"), other_ids=["ann"])


# --- how fresh it is -----------------------------------------------------------------------------


def test_it_knows_nothing_before_it_has_caught_up() -> None:
    nowhere = Settings(kafka=KafkaSettings(brokers="127.0.0.1:1"), application="nowhere")
    with View(nowhere) as view:
        assert not view.is_caught_up
        with pytest.raises(NotCaughtUp):
            view.person("ann")


def test_it_tells_the_newest_event_time_of_each_partition(
    deployment: Deployment, opened: Open
) -> None:
    deployment.publish(ann=BOUGHT)
    view = opened()
    assert view.person("ann").freshness.newest == NOW
    assert len(view.freshness()) == PARTITIONS
    assert {each.newest for each in view.freshness()} == {NOW, None}


def test_it_stays_fresh_though_nothing_is_published(opened: Open) -> None:
    view = opened()
    before = view.person("ann").freshness
    wait_until(lambda: view.person("ann").freshness.level_at > before.level_at, "a later contact")


def test_it_answers_on_while_the_broker_is_gone_and_says_how_old_that_is(
    own_kafka: KafkaCluster, deployment: Deployment, opened: Open, tmp_path: Path
) -> None:
    deployment.publish(ann=BOUGHT)
    stale = '[stale.purchased]\nseconds = 4\nfails = "open"\n'
    view = opened(policy=written(tmp_path, stale))
    assert reasons(view, "tv") == {"tv": "purchased"}
    own_kafka.kill(1)
    wait_until(lambda: view.person("ann").freshness.age > 4, "a copy that is four seconds old")
    assert as_json(view.person("ann").list) == BOUGHT
    assert reasons(view, "tv") == {}
    own_kafka.start(1)
    wait_until(lambda: view.person("ann").freshness.age < 3, "a copy that is level again")
    assert reasons(view, "tv") == {"tv": "purchased"}
    deployment.publish(ann=None)
    wait_until(lambda: view.person("ann").list is None, "what came after")


# --- folders -------------------------------------------------------------------------------------


def test_a_view_in_a_folder_goes_on_where_it_was(
    deployment: Deployment, opened: Open, tmp_path: Path
) -> None:
    deployment.publish(ann=BOUGHT)
    with deployment.view(folder=tmp_path / "view") as view:
        view.wait_until_caught_up(SECONDS)
    mark(tmp_path)
    deployment.publish(ann=None)
    with deployment.view(folder=tmp_path / "view") as view:
        view.wait_until_caught_up(SECONDS)
        assert view.person("ann").list is None
    assert is_marked(tmp_path)


def test_a_copy_that_may_have_missed_tombstones_is_made_anew(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.publish(ann=BOUGHT)
    with deployment.view(folder=tmp_path / "view") as view:
        view.wait_until_caught_up(SECONDS)
    mark(tmp_path, level_at=int((time.time() - KEPT_SECONDS - 1) * 1_000))
    with deployment.view(folder=tmp_path / "view") as view:
        view.wait_until_caught_up(SECONDS)
        assert as_json(view.person("ann").list) == BOUGHT
    assert not is_marked(tmp_path)


def copy_of_ann(folder: Path) -> StoredCopy:
    home = folder / "view" / str(partition_of(b"ann", PARTITIONS))
    return StoredCopy(home, Memory(1 << 20, 1 << 20))


def mark(folder: Path, **changed: int) -> None:
    """Put something into the copy that is not on the topic."""
    with closing(copy_of_ann(folder)) as copy:
        copy.write({b"mark": b"{}"}, msgspec.structs.replace(copy.seen, **changed))


def is_marked(folder: Path) -> bool:
    with closing(copy_of_ann(folder)) as copy:
        return copy.get(b"mark") is not None


def test_a_copy_of_another_topic_is_made_anew(
    deployment: Deployment, opened: Open, tmp_path: Path
) -> None:
    deployment.publish(ann=BOUGHT)
    with deployment.view(folder=tmp_path / "view") as view:
        view.wait_until_caught_up(SECONDS)
    deployment.recreate("suppressions", PARTITIONS)
    assert opened(folder=tmp_path / "view").person("ann").list is None


# --- over HTTP -----------------------------------------------------------------------------------


def test_the_service_answers_by_the_topics_of_a_deployment(deployment: Deployment) -> None:
    deployment.publish(ann=BOUGHT)
    [port] = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    process = start_process(
        "serve",
        "--port",
        port,
        **{name: variables_of(deployment.settings)[name] for name in NAMED},
    )
    try:
        wait_until(lambda: Served(address).is_ready, "all read")
        answer = Served(address).post("/v1/decide", msgspec.to_builtins(request("tv", "mug")))
        assert [each["product_id"] for each in answer.body["suppressed"]] == ["tv"]
        metrics = Served(address).get("/metrics").body
        assert "unhaunt_copy_lists 1.0\n" in metrics
        assert 'unhaunt_served_suppressed_candidates_total{reason="purchased"} 1.0\n' in metrics
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert f"answers at {address}" in log
    assert "Traceback" not in log


NAMED = ("UNHAUNT_BROKERS", "UNHAUNT_APPLICATION", "UNHAUNT_TOPIC_PREFIX")
