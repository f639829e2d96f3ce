"""Workers that reach their brokers by TLS and SASL, and may do no more than they need."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from time import time
from typing import NamedTuple

import msgspec
import pytest
from aiokafka.client import AIOKafkaClient

from streams.errors import UserError
from streams.kafka.acls.check import require_rights
from streams.kafka.acls.grants import Grant, view_grants, worker_grants
from streams.kafka.partitioner import partition_of
from streams.kafka.security import for_aiokafka
from streams.kafka.topics import existing
from streams.recording.files import RecordedRecord
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.settings import KafkaSettings, Settings
from streams.supervision.worker_process import WorkerProcess
from streams.view import View
from tests.builders import as_json, dismissal, line, recorded
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment, counts_of
from tests.integration.recordings import Expected, expected, without_as_of
from tests.kafka.acls import allow, forbid
from tests.kafka.cluster import KafkaCluster
from tests.kafka.installation import require_kafka
from tests.kafka.security import PASSWORD, USER, Security, token
from tests.waiting import SECONDS

pytestmark = [pytest.mark.deploy, pytest.mark.kafka]

PARTITIONS = 2
WAYS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "certificate")
TOKEN_SECONDS = 4
SOME = Settings(application="t", topic_prefix="t.")
"""A deployment whose ACLs have the names and operations of all others'."""


class Secured(NamedTuple):
    """A broker that asks who one is."""

    security: Security
    cluster: KafkaCluster
    folder: Path

    def login(self, by: str) -> KafkaSettings:
        """The settings of a client that comes by a mechanism of SASL, or with a certificate."""
        is_certificate = by == "certificate"
        protocol = "SSL" if is_certificate else "SASL_SSL"
        settings = {
            "brokers": self.cluster.secure_address(protocol),
            "security_protocol": protocol,
            "ssl_ca_file": str(self.security.authority),
        }
        if is_certificate:
            own = self.security.identity(USER)
            settings |= {
                "ssl_certificate_file": str(own.certificate),
                "ssl_key_file": str(own.key),
            }
        elif by == "OAUTHBEARER":
            settings |= {"sasl_mechanism": by, "sasl_token_file": str(self.file("token", token()))}
        else:
            settings |= {"sasl_mechanism": by, "sasl_username": USER, "sasl_password": PASSWORD}
        return KafkaSettings(**settings)

    def file(self, name: str, content: str) -> Path:
        """A file with a secret."""
        path = self.folder / name
        path.write_text(content + "\n")
        return path


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    require_kafka()
    folder = tmp_path_factory.mktemp("secured")
    security = Security(folder / "security")
    with KafkaCluster(folder, security=security, broker_session_timeout_ms="60000") as cluster:
        yield Secured(security, cluster, folder)


Deploy = Callable[..., Deployment]


@pytest.fixture(scope="module")
def deploy(secured: Secured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploy]:
    """Makes a deployment whose workers may do what a worker needs."""
    with ExitStack() as stack:

        def deploy(policy: str = "") -> Deployment:
            settings = settings_of(secured.cluster.address, tmp_path_factory.mktemp("deployment"))
            deployment = Deployment(settings, PARTITIONS, policy)
            stack.callback(deployment.close)
            allow(secured.cluster.address, worker_grants(settings))
            return deployment

        yield deploy


# --- the least ACLs are enough -------------------------------------------------------------------


class Story(NamedTuple):
    """A recording that two workers have worked off, one of whom was killed and lost its state."""

    expected: Expected
    deployment: Deployment
    killed: WorkerProcess
    restored: WorkerProcess
    other: WorkerProcess


@pytest.fixture(scope="module")
def story(secured: Secured, deploy: Deploy) -> Story:
    records = list(simulate(persons=300, partitions=PARTITIONS))
    outcome = expected(records, DEMO_POLICY, PARTITIONS)
    deployment = deploy(DEMO_POLICY)
    deployment.load(records)
    # However they come, they are one user. Whatever they say, there must be no secret in it.
    ways = [
        {"kafka": secured.login(way), "session_seconds": 6, "log_level": "debug"}
        for way in ("SCRAM-SHA-512", "PLAIN", "certificate")
    ]
    ts = records[0].timestamp  # so that nobody's time goes on by it
    last = {partition_of(user.encode(), PARTITIONS): user for user in ("last-1", "last-2")}
    assert len(last) == PARTITIONS
    misplaced = opted_out("stray", ts, 1 - partition_of(b"stray", PARTITIONS))
    with deployment.worker("b", **ways[0]) as other:
        with deployment.worker("a", **ways[1]) as killed:
            deployment.wait_until_shared_by("ab", killed, other)
            # Of either partition somebody speaks now, so that both have committed something.
            for number, user in last.items():
                deployment.load(opted_out(user, ts, number))
            deployment.wait_until_consumed(killed, other)
            killed.process.kill()
            killed.process.wait()
        shutil.rmtree(deployment.state("a"))
        deployment.wait_until_shared_by("b", other)
        with deployment.worker("a", **ways[2]) as restored:
            deployment.wait_until_shared_by("ab", restored, other)
            deployment.load(misplaced)
            deployment.wait_until(
                lambda: {*outcome.lists, *last.values(), "stray"} == deployment.lists().keys(),
                "everybody's list",
                *(restored, other),
            )
            restored.stop()
        other.stop()
    return Story(outcome, deployment, killed, restored, other)


def opted_out(user: str, ts: int, partition: int) -> list[RecordedRecord]:
    """Somebody says so, in this partition."""
    opt_out = dismissal("opt_out_all", event_id=f"opt-out-{user}", user_id=user, ts=ts)
    return recorded([line(opt_out, partition=partition)])


def test_with_the_least_acls_workers_decide_everything_once(story: Story) -> None:
    assert without_as_of(story.deployment.decisions()) == story.expected.decisions


def test_with_the_least_acls_workers_publish_and_bury(story: Story) -> None:
    lists = story.deployment.lists()
    assert {name: lists[name] for name in story.expected.lists} == story.expected.lists
    assert len(story.deployment.read("dead-letters")) == story.expected.counts.dead.total()


def test_with_the_least_acls_a_lost_state_is_restored(story: Story) -> None:
    assert "restored" in story.restored.log.read_text()


def test_with_the_least_acls_a_standby_is_kept_and_what_the_dead_left_open_is_ended(
    story: Story,
) -> None:
    assert counts_of(story.other)["standby_failures"] == 0
    assert "which is gone, has been ended" in story.other.log.read_text()


def test_with_the_least_acls_what_is_misplaced_is_rerouted(story: Story) -> None:
    assert sum(counts_of(worker)["rerouted"] for worker in (story.restored, story.other)) == 1


def test_a_view_may_do_less_and_knows_the_lists(secured: Secured, story: Story) -> None:
    login = secured.login("SCRAM-SHA-256")
    settings = msgspec.structs.replace(story.deployment.settings, kafka=login)
    address, of_workers = secured.cluster.address, worker_grants(settings)
    forbid(address, of_workers)
    allow(address, view_grants(settings))
    try:
        with View(settings) as view:
            view.wait_until_caught_up(SECONDS)
            user, expected = next(iter(story.expected.lists.items()))
            assert as_json(view.person(user).list) == expected
    finally:
        forbid(address, view_grants(settings))
        allow(address, of_workers)


# --- and none of them can be missing -------------------------------------------------------------


def single_acls(settings: Settings) -> list[Grant]:
    """The ACLs, each of one operation."""
    return [
        acl._replace(operations=(operation,))
        for acl in worker_grants(settings)
        for operation in acl.operations
    ]


def as_text(acl: Grant) -> str:
    return f"{acl.operations[0]} on {acl.resource} {acl.name}"


@pytest.fixture(scope="module")
def limited(deploy: Deploy) -> Deployment:
    """A deployment from whose user something is taken away."""
    return deploy()


@contextmanager
def without(secured: Secured, acl: Grant) -> Iterator[None]:
    """Take something away from the user, and give it back."""
    forbid(secured.cluster.address, [acl])
    try:
        yield
    finally:
        allow(secured.cluster.address, [acl])


@pytest.mark.parametrize("number", range(len(single_acls(SOME)) - 1))
def test_an_acl_that_lacks_on_a_topic_or_the_group_is_named(
    secured: Secured, limited: Deployment, number: int
) -> None:
    settings = msgspec.structs.replace(limited.settings, kafka=secured.login("PLAIN"))
    acl = single_acls(settings)[number]
    with without(secured, acl), pytest.raises(UserError) as caught:
        require_rights(settings)
    assert str(caught.value).startswith(f"The brokers do not allow: {as_text(acl)}. ")


@pytest.mark.parametrize("kind", ["topic", "transactionalId"])
def test_a_worker_that_lacks_an_acl_says_which_in_one_line(
    secured: Secured, limited: Deployment, kind: str
) -> None:
    acl = next(acl for acl in single_acls(limited.settings) if acl.resource == kind)
    with without(secured, acl), limited.worker(kafka=secured.login("PLAIN")) as worker:
        code = worker.process.wait(SECONDS)
    log = worker.log.read_text()
    assert code == 2, log
    assert log.splitlines()[-1].startswith(f"The brokers do not allow: {as_text(acl)}")
    assert "unhaunt topics acls" in log.splitlines()[-1]
    assert "Traceback" not in log


def test_where_nobody_can_be_told_from_anybody_no_acl_is_asked_for(limited: Deployment) -> None:
    require_rights(limited.settings)


# --- ways to log in ------------------------------------------------------------------------------


@pytest.mark.parametrize("by", WAYS)
def test_both_kafka_clients_are_let_in_by_each_way_to_log_in(
    secured: Secured, limited: Deployment, by: str
) -> None:
    login = secured.login(by)
    assert existing(msgspec.structs.replace(limited.settings, kafka=login))

    async def ask() -> bool:
        client = AIOKafkaClient(bootstrap_servers=login.brokers, **for_aiokafka(login))
        await client.bootstrap()
        await client.close()
        return bool(client.cluster.brokers())

    assert asyncio.run(ask())


@contextmanager
def renewed_token(path: Path) -> Iterator[None]:
    """Have the file hold a token that is good for a while yet, as Kubernetes does."""
    new, is_over = path.with_suffix(".new"), Event()

    def renew() -> None:
        while not is_over.wait(0.2):
            new.write_text(token(TOKEN_SECONDS))
            new.rename(path)

    thread = Thread(target=renew)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_a_worker_goes_on_when_the_token_that_it_began_with_has_run_out(
    secured: Secured, deploy: Deploy
) -> None:
    deployment = deploy()
    login = secured.login("OAUTHBEARER")
    with renewed_token(Path(login.sasl_token_file)), deployment.worker(kafka=login) as worker:
        deployment.wait_until_shared_by("a", worker)
        ends = time() + TOKEN_SECONDS
        # From then on the broker closes the connections that the worker has.
        deployment.wait_until(lambda: time() > ends, "a token that has run out", worker)
        deployment.load(recorded([line(dismissal("opt_out_all"))]))
        deployment.wait_until(lambda: "ann" in deployment.lists(), "a list", worker)
        assert worker.stop() == 0


def test_a_password_may_come_from_a_file(secured: Secured, limited: Deployment) -> None:
    path = str(secured.file("password", PASSWORD))
    login = msgspec.structs.replace(
        secured.login("SCRAM-SHA-512"), sasl_password="", sasl_password_file=path
    )
    assert existing(msgspec.structs.replace(limited.settings, kafka=login))


def test_a_wrong_password_is_told_from_a_broker_that_is_gone(
    secured: Secured, limited: Deployment
) -> None:
    login = msgspec.structs.replace(secured.login("SCRAM-SHA-512"), sasl_password="wrong-secret")
    with limited.worker(kafka=login) as worker:
        assert worker.process.wait(SECONDS) == 2
    log = worker.log.read_text()
    assert "was not let in" in log
    assert "SASL authentication error" in log
    assert log.count("\n") == 1
    assert "wrong-secret" not in log


def test_a_broker_of_another_authority_is_not_trusted(
    secured: Secured, limited: Deployment
) -> None:
    other = Security(secured.folder / "another-authority")
    login = msgspec.structs.replace(
        secured.login("SCRAM-SHA-512"), ssl_ca_file=str(other.authority)
    )
    with pytest.raises(UserError, match=r"was not let in.*certificate"):
        existing(msgspec.structs.replace(limited.settings, kafka=login))


# --- secrets -------------------------------------------------------------------------------------


def test_no_secret_is_in_what_workers_say_or_in_dead_letters(story: Story) -> None:
    for worker in (story.killed, story.restored, story.other):
        assert PASSWORD not in worker.log.read_text()
    for letter in story.deployment.read("dead-letters"):
        assert all(PASSWORD.encode() not in (value or b"") for _, value in letter.headers())


def test_no_persons_id_is_in_what_workers_say(story: Story) -> None:
    people = {m.key().decode() for m in story.deployment.read("suppressions")}
    for worker in (story.killed, story.restored, story.other):
        log = worker.log.read_text()
        assert not any(user_id in log for user_id in people)
