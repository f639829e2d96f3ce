"""A schema registry for the tests: Apicurio's, in memory, which speaks as Confluent's does."""

import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.request import urlopen

from tests.kafka.cluster import HOST, LAUNCHER, QUICK, free_ports
from tests.kafka.installation import fetched, require
from tests.waiting import wait_until

VERSION: Final = "2.6.13.Final"
"""The newest that Java 17 runs."""
START_SECONDS: Final = 90

_POM: Final = f"""\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>unhaunt.tests</groupId>
  <artifactId>registry</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.apicurio</groupId>
      <artifactId>apicurio-registry-app</artifactId>
      <version>{VERSION}</version>
      <type>tar.gz</type>
      <classifier>all</classifier>
      <exclusions>
        <exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>
      </exclusions>
    </dependency>
  </dependencies>
</project>
"""


def require_registry() -> None:
    """Skip where there is no registry and say why; where everything must run, that is a failure."""
    require(_program, "schema registry")


def _program() -> Path:
    [archive] = fetched(f"apicurio-{VERSION}", _POM).glob("*.tar.gz")
    return archive


class Registry:
    """A context manager. `pause` lets nobody have an answer until `resume`."""

    def __init__(self, folder: Path) -> None:
        """`folder` takes the program and what it says."""
        self._folder = folder
        self._port = free_ports(1)[0]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers as Confluent's registry does."""
        return f"http://{HOST}:{self._port}/apis/ccompat/v7"

    def __enter__(self) -> Self:
        """Start it and wait until it answers."""
        with tarfile.open(_program()) as packed:
            # Python before 3.11.4 has no filters.
            packed.extraction_filter = getattr(tarfile, "data_filter", None)
            packed.extractall(self._folder)
        [program] = self._folder.glob("*-runner.jar")
        address = (f"-Dquarkus.http.host={HOST}", f"-Dquarkus.http.port={self._port}")
        command = ["java", *QUICK, *address, "-jar", str(program)]
        with (self._folder / "registry.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-IS", "-c", LAUNCHER, str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C is for the tests, which then end it
            )
        wait_until(self._answers, "an answer of the registry", START_SECONDS)
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.kill()  # nothing is to be kept
        self._process.wait()

    def pause(self) -> None:
        """Have it stand still."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"no registry: see {self._folder}/registry.log")
        try:
            with urlopen(f"{self.url}/subjects", timeout=5):
                return True
        except OSError:
            return False
