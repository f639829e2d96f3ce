"""The services of the compose file as processes of this machine.

What a container would keep apart is put in its place: each port of each service is another free
port here, each host name is this machine, and each folder that is mounted is one of the test's.
All else is run as it is written: commands, variables, health checks.
"""

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from streams.supervision.child_process import ending_with_this_process
from tests.deploy.compose_file import IMAGE, Dockerfile, command_of, environment_of, services
from tests.deploy.paths import REPOSITORY
from tests.kafka.cluster import HOST, free_ports
from tests.kafka.installation import jars
from tests.waiting import SECONDS, wait_until

NOT_FOR_THE_BROKER: Final = frozenset({"KAFKA_HEAP_OPTS"})
"""Variables of Kafka's image that are no settings of the broker."""

SCRIPTS: Final = {"/opt/kafka/bin/kafka-configs.sh": "kafka.admin.ConfigCommand"}
"""Scripts of Kafka's image by what they run of its jars."""


class LocalServices:
    """A context manager, which ends what was started."""

    def __init__(self, folder: Path) -> None:
        """`folder` takes the volumes and what the services say."""
        self._folder = folder
        self._services = services()
        self._image = Dockerfile()
        self._ports: dict[tuple[str, str], int] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._stack.close()

    def address(self, service: str, port: int) -> str:
        """Where a port of a container is here."""
        return f"{HOST}:{self._port(service, str(port))}"

    def log(self, service: str) -> str:
        """What a service said."""
        return self._log(service).read_text(errors="replace")

    def start(self, name: str) -> None:
        """Start a service."""
        with self._log(name).open("ab") as log:
            self._processes[name] = self._popen(name, self._command(name), log)

    def run(self, name: str) -> int:
        """Run a service that ends by itself; returns its exit code."""
        self.start(name)
        return self._processes[name].wait(SECONDS)

    def stop(self, name: str, seconds: float) -> int:
        """Ask a service to stop, as an engine does; returns its exit code."""
        self._processes[name].terminate()
        return self._processes[name].wait(seconds)

    def wait_until_healthy(self, name: str) -> None:
        """Wait until the health check of the compose file is content."""

        def is_healthy() -> bool:
            code = self._processes[name].poll()
            assert code is None, f"{name} ended with exit code {code}:\n{self.log(name)}"
            asked = self._services[name]["healthcheck"]
            return self.check(name, asked["test"][1:], float(asked["timeout"].removesuffix("s")))

        wait_until(is_healthy, f"{name} healthy")

    def check(self, name: str, command: list[str], seconds: float) -> bool:
        """Run a command as if in the container of a service; whether it succeeded in this time."""
        with self._log(f"{name}-checks").open("ab") as log:
            process = self._popen(name, [self._here(name, word) for word in command], log)
            try:
                return process.wait(seconds) == 0
            except subprocess.TimeoutExpired:
                process.kill()
                return process.wait() == 0

    def _popen(self, name: str, command: list[str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
        if command[0] in SCRIPTS:
            command = [*_java(), SCRIPTS[command[0]], *command[1:]]
        return subprocess.Popen(
            ending_with_this_process("/usr/bin/env", *command),
            cwd=self._folder,
            env=self._environment(name),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def _command(self, name: str) -> list[str]:
        service = self._services[name]
        if service["image"] == IMAGE:
            return [self._here(name, word) for word in command_of(service)]
        return self._kafka(name)

    def _kafka(self, name: str) -> list[str]:
        """A broker of the settings that Kafka's image makes of the variables, formatted."""
        environment = self._services[name]["environment"]
        properties = self._folder / f"{name}.properties"
        properties.write_text(
            "".join(
                f"{variable.removeprefix('KAFKA_').lower().replace('_', '.')}="
                f"{self._here(name, value)}\n"
                for variable, value in environment.items()
                if variable not in NOT_FOR_THE_BROKER
            )
        )
        java = [*_java(), *environment["KAFKA_HEAP_OPTS"].split()]
        tool = [*java, "kafka.tools.StorageTool", "format", "--ignore-formatted"]
        cluster = "--cluster-id=5L6g3nShT-eMCtK--X86sw"
        subprocess.run([*tool, cluster, f"--config={properties}"], check=True, capture_output=True)
        return [*java, "kafka.Kafka", str(properties)]

    def _environment(self, name: str) -> dict[str, str]:
        """The variables of a service, and of this process only what programs need to be found."""
        service = self._services[name]
        variables = environment_of(service) if service["image"] == IMAGE else {}
        here = {variable: self._here(name, value) for variable, value in variables.items()}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {
            **here,
            "HOME": os.environ["HOME"],
            "PATH": path,
            "PYTHONPATH": str(REPOSITORY),
        }

    def _here(self, name: str, text: str) -> str:
        """A text of a service with its addresses, ports and folders in their places here."""
        hosts = "|".join(map(re.escape, ("localhost", HOST, *self._services)))

        def address(found: re.Match[str]) -> str:
            host = found["host"] if found["host"] in self._services else name
            return self.address(host, int(found["port"]))

        text = re.sub(rf"(?<![\w.-])(?P<host>{hosts}|):(?P<port>\d{{4,5}})\b", address, text)
        if text in (self._image.value("EXPOSE"), *self._published(name)):
            text = str(self._port(name, text))
        if text == "0.0.0.0":
            text = HOST
        for target in self._mounts(name):
            text = re.sub(
                rf"(?<![\w/]){re.escape(target)}\b", str(self._mounted(name, target)), text
            )
        return text

    def _published(self, name: str) -> list[str]:
        return [port.split(":")[-1] for port in self._services[name].get("ports", [])]

    def _mounts(self, name: str) -> list[str]:
        service = self._services[name]
        volumes: list[str] = service.get("volumes", [])
        return [*service.get("tmpfs", []), *(volume.split(":")[1] for volume in volumes)]

    def _mounted(self, name: str, target: str) -> Path:
        folder = self._folder / name / target.strip("/").replace("/", "-")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _port(self, service: str, port: str) -> int:
        if (service, port) not in self._ports:
            [self._ports[service, port]] = free_ports(1)
        return self._ports[service, port]

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"


def _java() -> list[str]:
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", quiet, "-cp", f"{jars()}/*"]
