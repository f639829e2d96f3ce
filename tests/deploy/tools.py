"""Tools that the tests of a deployment need, made the first time they are asked for."""

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.kafka.installation import KAFKA_VERSION, jars, require_kafka

HELM_VERSION: Final = "v3.22.0"
HELM: Final = "helm.sh/helm/v3/cmd/helm"

KAFKA_TOOLS: Final = {
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-configs": "kafka.admin.ConfigCommand",
}
"""Kafka's own tools by their names, with what each runs."""


def cache_folder() -> Path:
    """Where they are kept."""
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "unhaunt-tests"


def of_kafka(tool: str) -> list[str]:
    """The command line of one of Kafka's own tools, fetched by Maven, or else the test skips."""
    require_kafka()
    kept = cache_folder() / f"kafka-tools-{KAFKA_VERSION}"
    if not any(kept.glob("*.jar")):
        maven = shutil.which("mvn")
        if maven is None:
            pytest.skip("there is no mvn here to fetch Kafka's own tools with")
        made = subprocess.run(
            [
                *(maven, "--quiet", "--batch-mode"),
                "org.apache.maven.plugins:maven-dependency-plugin:copy",
                f"-Dartifact=org.apache.kafka:kafka-tools:{KAFKA_VERSION}",
                f"-DoutputDirectory={kept}",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            pytest.skip(f"Kafka's own tools could not be fetched: {made.stdout.strip()[-300:]}")
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{jars()}/*:{kept}/*", KAFKA_TOOLS[tool]]


def of_prometheus(program: str) -> str:
    """`promtool` or `prometheus`, or else the test skips.

    Where it is not installed, Debian's package is unpacked, which starts no service: 19 MB.
    """
    installed = shutil.which(program)
    if installed is not None:
        return installed
    kept = cache_folder() / "prometheus"
    unpacked = kept / "usr" / "bin" / program
    if not unpacked.exists():
        if shutil.which("apt-get") is None:
            pytest.skip(f"there is no {program} here, and no apt-get to fetch it with")
        _unpack("prometheus", kept)
    return str(unpacked)


def _unpack(package: str, folder: Path) -> None:
    """Have what a package of Debian's holds in a folder, whole or not at all; else skip."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        for command in (
            ["apt-get", "download", "-qq", package],
            ["sh", "-c", f"dpkg-deb --extract {package}_*.deb unpacked"],
        ):
            done = subprocess.run(command, cwd=name, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"{package} could not be fetched: {done.stderr.strip()[-300:]}")
        with suppress(OSError):  # where another run was faster, it is there
            Path(name, "unpacked").rename(folder)


def helm(may_take_minutes: bool) -> str:
    """Helm, or else the test skips; to make it takes minutes, the first time."""
    kept = cache_folder() / f"helm-{HELM_VERSION}"
    for program in (shutil.which("helm"), str(kept / "helm")):
        if program is not None and Path(program).exists():
            return program
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is no helm here, and no go to make it with")
    if not may_take_minutes:
        pytest.skip("there is no helm here; `pytest -m deploy` makes it, which takes minutes")
    made = subprocess.run(
        [go, "install", f"{HELM}@{HELM_VERSION}"],
        env={**os.environ, "GOBIN": str(kept)},
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"helm could not be made: {made.stderr.strip()[-300:]}")
    return str(kept / "helm")
