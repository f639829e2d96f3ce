"""Apache Kafka for the tests: its jars, fetched with Maven or from an installation.

What else runs on Java is fetched in the same way.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

KAFKA_VERSION: Final = "4.1.1"
JAVA_VERSION: Final = 17
HOME: Final = "UNHAUNT_TEST_KAFKA_HOME"
DOWNLOAD_SECONDS: Final = 300

_POM: Final = f"""\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>unhaunt.tests</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""
"""What Kafka is logs through slf4j 1; slf4j-simple writes that to stderr."""


class KafkaUnavailable(Exception):
    """Kafka cannot be had here; the message says in one line why."""


def require_kafka() -> None:
    """Skip where there is no Kafka and say why; where everything must run, that is a failure."""
    require(jars, "Apache Kafka")


def require(fetch: Callable[[], Path], name: str) -> None:
    """Skip where something cannot be fetched, or fail where everything must run."""
    try:
        fetch()
    except KafkaUnavailable as reason:
        message = f"no {name} here: {reason}"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)


def jars() -> Path:
    """The folder of Kafka's jars, fetched the first time. Raises `KafkaUnavailable`."""
    _require_java()
    home = os.environ.get(HOME)
    if home:
        libs = Path(home) / "libs"
        if not any(libs.glob("kafka_2.13-*.jar")):
            raise KafkaUnavailable(f"{HOME}={home}: there is no libs/kafka_2.13-….jar in it")
        return libs
    return fetched(f"kafka-{KAFKA_VERSION}", _POM)


def fetched(name: str, pom: str) -> Path:
    """A folder with what a POM depends on, fetched the first time. Raises `KafkaUnavailable`."""
    _require_java()
    cached = _cache() / name
    cached.parent.mkdir(parents=True, exist_ok=True)
    with (cached.parent / "lock").open("w") as lock:
        # Tests may run in several processes; one of them fetches, for all.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not cached.is_dir():
            _fetch(cached, pom)
    return cached


def class_archive(libs: Path, record: Callable[[Path], None]) -> Path:
    """An archive of the classes that a broker loads, made the first time: it starts sooner with it.

    `record` writes one. Java makes no use of an archive that does not fit what it is to run. Raises
    `KafkaUnavailable` where there is no Java, and what `record` raises.
    """
    made_for = f"{libs} {_require_java()}".encode()
    digest = hashlib.blake2b(made_for, digest_size=8).hexdigest()
    archive = _cache() / f"classes-{digest}.jsa"
    archive.parent.mkdir(parents=True, exist_ok=True)
    with (archive.parent / "classes.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.is_file():
            unfinished = archive.with_suffix(".unfinished")
            record(unfinished)
            unfinished.rename(archive)
    return archive


def _require_java() -> str:
    """What Java says of its version."""
    java = shutil.which("java")
    if java is None:
        raise KafkaUnavailable(f"there is no `java` here; Kafka needs Java {JAVA_VERSION}")
    output = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', output)
    if found is None or int(found[1]) < JAVA_VERSION:
        words = output.partition("\n")[0] or "nothing"
        raise KafkaUnavailable(f"Kafka needs Java {JAVA_VERSION}; `java -version` says {words}")
    return output


def _cache() -> Path:
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "unhaunt-tests"


def _fetch(cached: Path, pom: str) -> None:
    """Have Maven resolve and copy the jars; the folder is there whole or not at all."""
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable(
            f"there is no `mvn` here to fetch {cached.name} with; {HOME} may name a Kafka"
        )
    with tempfile.TemporaryDirectory(dir=cached.parent) as folder:
        Path(folder, "pom.xml").write_text(pom)
        goal = "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies"
        libs = Path(folder, "libs")
        command = [maven, "--batch-mode", goal, f"-DoutputDirectory={libs}"]
        try:
            fetched = subprocess.run(
                [*command, "-DincludeScope=runtime"],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=DOWNLOAD_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise KafkaUnavailable(
                f"Maven did not fetch {cached.name} in {DOWNLOAD_SECONDS} s"
            ) from error
        if fetched.returncode:
            errors = [line for line in fetched.stdout.splitlines() if line.startswith("[ERROR]")]
            problem = errors[0] if errors else f"exit code {fetched.returncode}"
            raise KafkaUnavailable(f"Maven did not fetch {cached.name}: {problem}")
        libs.rename(cached)
