"""docker-compose.yml: fit to be read, and its services at work as processes of this machine."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
import yaml
from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin import AdminClient

from streams.demo.follower import Follower
from streams.kafka.topics import existing
from streams.settings import NOT_SETTINGS, KafkaSettings, Settings
from tests.deploy.compose_file import IMAGE, Dockerfile, environment_of, services
from tests.deploy.local_services import LocalServices
from tests.deploy.paths import COMPOSE_FILE, DEPLOY, REPOSITORY
from tests.deploy.tools import of_prometheus
from tests.kafka.installation import KAFKA_VERSION, require_kafka
from tests.waiting import SECONDS, wait_until

pytestmark = pytest.mark.deploy

SERVICES = services()
OURS = {name: service for name, service in SERVICES.items() if service["image"] == IMAGE}
WORKERS = [name for name in SERVICES if name.startswith("worker-")]
PARTITIONS = 8
SERVE_PORT = 8085

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


# --- as it is written ----------------------------------------------------------------------------


def compose() -> list[str]:
    """Compose as a plugin of Docker or a program of its own; without either the test skips."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            asked = subprocess.run([*command, "version"], capture_output=True, check=False)
            if asked.returncode == 0:
                return command
    pytest.skip("there is no Docker Compose here (Debian's package is docker-compose)")


def test_compose_itself_takes_the_file() -> None:
    profiles = ["--profile", "producer", "--profile", "monitoring"]
    checked = subprocess.run(
        [*compose(), "--file", str(COMPOSE_FILE), *profiles, "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@each_service
def test_an_image_of_others_has_an_exact_version(service: dict[str, object]) -> None:
    assert service["image"] == IMAGE or re.search(r":v?\d+\.\d+\.\d+$", str(service["image"]))


def test_kafka_is_the_version_that_the_tests_run_on() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


@each_service
def test_a_port_is_open_to_this_machine_alone(service: dict[str, list[str]]) -> None:
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@each_service
def test_memory_and_processors_are_limited(
    service: dict[str, dict[str, dict[str, object]]],
) -> None:
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}


@each_service
def test_a_health_check_is_there_where_a_service_goes_on(
    service: dict[str, dict[str, object]],
) -> None:
    ends_by_itself = "restart" not in service
    assert service["healthcheck"].get("disable", False) == ends_by_itself


@each_service
def test_no_secret_is_in_it(service: dict[str, dict[str, str]]) -> None:
    secret = re.compile("PASSWORD|SECRET|TOKEN|CREDENTIAL|_KEY")
    assert [name for name in service.get("environment", {}) if secret.search(name)] == []


@pytest.mark.parametrize("name", OURS)
def test_every_variable_of_ours_is_a_setting_with_a_value_that_is_right(name: str) -> None:
    environment = environment_of(OURS[name])
    assert not NOT_SETTINGS & environment.keys()
    Settings.from_environment(environment)


@pytest.mark.parametrize("name", OURS)
def test_our_containers_write_to_their_volumes_alone(name: str) -> None:
    service = OURS[name]
    assert service["read_only"]
    state = Dockerfile().value("VOLUME")
    assert name not in WORKERS or service["volumes"] == [f"{name}:{state}"]


def test_a_worker_has_longer_to_stop_than_a_transaction_may_take() -> None:
    for name in WORKERS:
        settings = Settings.from_environment(environment_of(OURS[name]))
        assert grace_seconds(name) > settings.transaction_seconds + settings.session_seconds


def grace_seconds(name: str) -> int:
    return int(SERVICES[name]["stop_grace_period"].removesuffix("s"))


def test_what_is_mounted_from_the_repository_is_in_it() -> None:
    mounted = [
        source
        for service in SERVICES.values()
        for source in (volume.split(":")[0] for volume in service.get("volumes", []))
        if source.startswith(".")
    ]
    assert mounted
    assert [source for source in mounted if not (REPOSITORY / source).is_dir()] == []


# --- monitoring ----------------------------------------------------------------------------------


def test_prometheus_scrapes_every_worker_and_the_service() -> None:
    settings = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    workers, service = settings["scrape_configs"]
    port = Dockerfile().value("EXPOSE")
    assert workers["static_configs"] == [{"targets": [f"{name}:{port}" for name in WORKERS]}]
    assert service["static_configs"] == [{"targets": [f"serve:{SERVE_PORT}"]}]
    for job in (workers, service):
        assert job.get("metrics_path", "/metrics") == "/metrics"


def test_prometheus_itself_takes_its_settings() -> None:
    promtool = of_prometheus("promtool")
    file = DEPLOY / "prometheus" / "prometheus.yml"
    subprocess.run([promtool, "check", "config", str(file)], check=True, capture_output=True)


def test_grafana_asks_the_prometheus_that_is_beside_it() -> None:
    file = DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    [source] = yaml.safe_load(file.read_text())["datasources"]
    _, port, _ = SERVICES["prometheus"]["ports"][0].split(":")
    assert source["url"] == f"http://prometheus:{port}"


def test_grafana_looks_for_dashboards_where_they_are_mounted() -> None:
    file = DEPLOY / "grafana" / "provisioning" / "dashboards" / "unhaunt.yml"
    [provider] = yaml.safe_load(file.read_text())["providers"]
    assert (
        f"./deploy/grafana/dashboards:{provider['options']['path']}:ro"
        in (SERVICES["grafana"]["volumes"])
    )


# --- at work -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServices]:
    """What has no profile, started in the order that the file asks for."""
    require_kafka()
    with LocalServices(tmp_path_factory.mktemp("compose")) as local:
        for name, service in SERVICES.items():
            if "profiles" in service:
                continue
            for other, asked in service.get("depends_on", {}).items():
                if asked["condition"] == "service_healthy":
                    local.wait_until_healthy(other)
            if name == "topics":
                assert local.run(name) == 0, local.log(name)
            else:
                local.start(name)
        yield local


@pytest.fixture
def settings(running: LocalServices) -> Settings:
    """Settings of somebody outside the containers."""
    return Settings(kafka=KafkaSettings(brokers=running.address("kafka", 9092)))


@pytest.mark.kafka
def test_every_topic_is_there(settings: Settings) -> None:
    assert {*existing(settings).values()} == {PARTITIONS}


@pytest.mark.kafka
def test_each_of_kafkas_listeners_leads_to_itself(running: LocalServices) -> None:
    for port in (9092, 19092):
        address = running.address("kafka", port)
        brokers = AdminClient({"bootstrap.servers": address}).list_topics(timeout=SECONDS).brokers
        assert [f"{broker.host}:{broker.port}" for broker in brokers.values()] == [address]


@pytest.mark.kafka
def test_the_workers_share_the_partitions(settings: Settings) -> None:
    client = AdminClient({"bootstrap.servers": settings.kafka.brokers})
    name = settings.application

    def is_stable() -> bool:
        listed = client.list_consumer_groups(states={ConsumerGroupState.STABLE}).result(SECONDS)
        return name in {group.group_id for group in listed.valid}

    def shares() -> dict[str, int]:
        members = client.describe_consumer_groups([name])[name].result(SECONDS).members
        return {
            member.group_instance_id: len({p.partition for p in member.assignment.topic_partitions})
            for member in members
        }

    wait_until(is_stable, "a group")
    half = PARTITIONS // len(WORKERS)
    wait_until(lambda: shares() == dict.fromkeys(WORKERS, half), "partitions for each")


@pytest.mark.kafka
@pytest.mark.parametrize("worker", WORKERS)
def test_workers_are_healthy_by_the_checks_of_file_and_image(
    running: LocalServices, worker: str
) -> None:
    running.wait_until_healthy(worker)
    assert running.check(worker, Dockerfile().words("HEALTHCHECK"), SECONDS)


@pytest.mark.kafka
@pytest.mark.parametrize("worker", WORKERS)
def test_workers_answer_where_prometheus_asks(running: LocalServices, worker: str) -> None:
    address = running.address(worker, int(Dockerfile().value("EXPOSE")))
    with urlopen(f"http://{address}/metrics", timeout=SECONDS) as answer:
        assert answer.status == 200


@pytest.mark.kafka
def test_the_service_is_healthy_and_answers_where_prometheus_asks(running: LocalServices) -> None:
    running.wait_until_healthy("serve")
    with urlopen(
        f"http://{running.address('serve', SERVE_PORT)}/metrics", timeout=SECONDS
    ) as response:
        assert response.status == 200


@pytest.mark.kafka
def test_the_producer_replays_a_shop_on_which_the_workers_decide(
    running: LocalServices, settings: Settings
) -> None:
    running.start("producer")
    with Follower(settings, "decisions", PARTITIONS) as decisions:
        wait_until(lambda: bool(decisions.poll(0.1)), "decisions")


@pytest.mark.kafka
@pytest.mark.parametrize("worker", WORKERS)
def test_workers_stop_in_order_and_in_time(running: LocalServices, worker: str) -> None:
    assert running.stop(worker, grace_seconds(worker)) == 0
    assert "worker stopped" in running.log(worker)
