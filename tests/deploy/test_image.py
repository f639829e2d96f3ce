"""The image of deploy/Dockerfile at work, built from Debian's packages without an engine."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams import __version__
from streams.settings import Settings, variables_of
from tests.deploy.built_image import BuiltImage, first_processes, require_builder
from tests.deploy.compose_file import Dockerfile
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment
from tests.kafka.cluster import HOST, KafkaCluster, free_ports
from tests.waiting import SECONDS, wait_until

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(1_200)]

IMAGE = Dockerfile()
COMMAND = [*IMAGE.words("ENTRYPOINT"), *IMAGE.words("CMD")]


@pytest.fixture(scope="module")
def image(is_asked_for: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltImage]:
    """Built once for all."""
    if not is_asked_for:
        pytest.skip("takes minutes: only with `pytest -m deploy`")
    require_builder()
    built = BuiltImage(tmp_path_factory.mktemp("image"))
    built.build()
    yield built
    built.close()


@contextmanager
def container(
    image: BuiltImage, name: str, command: list[str], **environment: str
) -> Iterator["subprocess.Popen[str]"]:
    """A process in the image, which is ended with the block."""
    with image.start(name, command, {**IMAGE.environment, **environment}) as process:
        try:
            yield process
        finally:
            process.kill()


def output_of(image: BuiltImage, name: str, *command: str) -> str:
    with container(image, name, [*command]) as process:
        output, _ = process.communicate(timeout=SECONDS)
    return output


def test_the_program_in_it_is_of_this_version_and_compiled(image: BuiltImage) -> None:
    output = output_of(image, "version", "unhaunt", "--version")
    assert output == f"unhaunt {__version__} (compiled)\n"


def test_nobody_can_install_anything_in_it(image: BuiltImage) -> None:
    asked = ("python3", "-c", "import importlib.util as i; print(i.find_spec('pip'))")
    assert output_of(image, "pip", *asked) == "None\n"


def test_its_packages_are_named_in_it(image: BuiltImage) -> None:
    sbom = json.loads(output_of(image, "sbom", "cat", "/opt/unhaunt/sbom.cdx.json"))
    named = {each["name"]: each["version"] for each in sbom["components"]}
    assert named["unhaunt"] == __version__
    assert "confluent-kafka" in named


@pytest.mark.kafka
def test_a_worker_in_it_works_and_stops_in_order(
    image: BuiltImage, kafka: KafkaCluster, tmp_path: Path
) -> None:
    settings = settings_of(kafka.address, tmp_path)
    deployment = Deployment(settings, 1)
    named = ("UNHAUNT_BROKERS", "UNHAUNT_APPLICATION", "UNHAUNT_TOPIC_PREFIX")
    shown = {name: variables_of(settings)[name] for name in named}
    [port] = free_ports(1)
    here = {"UNHAUNT_HTTP_HOST": HOST, "UNHAUNT_HTTP_PORT": str(port)}
    with container(image, "worker", COMMAND, **shown, **here, UNHAUNT_INSTANCE="a") as process:
        deployment.wait_until_shared_by(["a"])
        with container(image, "check", IMAGE.words("HEALTHCHECK"), **here) as check:
            words, _ = check.communicate(timeout=SECONDS)
        assert check.returncode == 0, words
        stop(process)
        words, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert "worker stopped" in words
    deployment.close()


def test_it_can_be_stopped_before_it_works(image: BuiltImage) -> None:
    """The first process of a container is deaf to signals that it does not handle."""
    with container(image, "early", COMMAND, UNHAUNT_BROKERS="127.0.0.1:1") as process:
        wait_until(lambda: any(map(handles_stop, first_processes(process))), "a handler")
        stop(process)
        process.communicate(timeout=SECONDS)
    assert process.returncode == 130


def stop(process: "subprocess.Popen[str]") -> None:
    """Ask the first process in there to stop, as an engine does."""
    [first] = first_processes(process)
    os.kill(first, signal.SIGTERM)


def handles_stop(process: int) -> bool:
    """Whether a process has set what to do when it is asked to stop."""
    status = Path(f"/proc/{process}/status").read_text()
    [caught] = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def test_its_settings_are_those_that_it_was_given(image: BuiltImage) -> None:
    shown = output_of(image, "settings", "unhaunt", "settings")
    assert IMAGE.value("VOLUME") in shown
    assert Settings().kafka.brokers in shown
