"""MirrorMaker 2, as Kafka ships it: copies topics from one cluster of the tests to another."""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.kafka.cluster import LAUNCHER, QUICK
from tests.kafka.installation import KAFKA_VERSION, fetched, require

_POM: Final = f"""\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>unhaunt.tests</groupId>
  <artifactId>mirror-maker</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>connect-mirror</artifactId>
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


def require_mirror_maker() -> None:
    """Skip where there is none and say why; where everything must run, that is a failure."""
    require(_jars, "MirrorMaker")


def _jars() -> Path:
    return fetched(f"mirror-maker-{KAFKA_VERSION}", _POM)


class MirrorMaker:
    """A context manager; it copies until its end."""

    def __init__(self, folder: Path, properties: str) -> None:
        """`properties` are what its file says; `folder` takes that and what MirrorMaker says."""
        self._file = folder / "mirror-maker.properties"
        self._file.write_text(properties)
        self._log = folder / "mirror-maker.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        options = [*QUICK, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        program = ["-cp", f"{_jars()}/*", "org.apache.kafka.connect.mirror.MirrorMaker"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-IS", "-c", LAUNCHER, str(os.getpid())),
                    *("java", *options, *program, str(self._file)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C is for the tests, which then end it
            )
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.kill()  # as it is with the cluster that it copies from
        self._process.wait()

    def check(self) -> None:
        """Raises `RuntimeError`, with what it said last, when it has ended by itself."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"MirrorMaker ended: {self._log.read_text()[-2_000:]}")
