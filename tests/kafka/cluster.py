"""A cluster of Apache Kafka on this machine: one to three brokers in KRaft mode, no Docker."""

import os
import random
import socket
import subprocess
import sys
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.kafka.installation import class_archive, jars

if TYPE_CHECKING:
    from tests.kafka.security import Security

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 60
STOP_SECONDS: Final = 20

PORTS: Final = range(20_000, 32_000)
"""Below those that systems give to clients: a client that tries again and again to reach a broker
that is gone could else be given the broker's own port, and keep it from coming back."""

LAUNCHER: Final = """
import ctypes, os, signal, sys
parent, *broker = sys.argv[1:]
if sys.platform == "linux":
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
if os.getppid() == int(parent):
    os.execvp(broker[0], broker)
"""
"""Turns into the broker, which Linux then ends with its parent, however that one ends."""

QUICK: Final = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
"""Options of Java: starts sooner, and leaves the processors to those who are tested."""

FAST: Final = ("-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")
"""Options of Java: as a broker is run that has to bear a load."""


class KafkaCluster:
    """Brokers that are controllers as well, gone with all that they hold at the end.

    A context manager. `start`, `stop` and `kill` take single brokers, numbered from 1, out of it
    and bring them back with what they hold. Start brokers from a thread that outlives them: Linux
    ends them with it.
    """

    def __init__(
        self,
        folder: Path,
        brokers: int = 1,
        java: Sequence[str] = QUICK,
        security: "Security | None" = None,
        **settings: str,
    ) -> None:
        """`folder` takes what the brokers hold; `settings` are Kafka's, with _ for the dots.

        With `security` there are listeners for SASL_SSL and SSL besides, and ACLs count there.
        """
        self._folder = folder
        self._security = security
        self._java_options = java
        self._settings = {name.replace("_", "."): value for name, value in settings.items()}
        self._numbers = range(1, brokers + 1)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        ports = iter(free_ports(4 * brokers))
        self._ports = {number: next(ports) for number in self._numbers}
        self._secure_ports = {
            protocol: {number: next(ports) for number in self._numbers}
            for protocol in (("SASL_SSL", "SSL") if security else ())
        }
        self._controller_ports = {number: next(ports) for number in self._numbers}
        self._classpath = ""

    @property
    def address(self) -> str:
        """Where clients find the brokers, as host:port, separated by commas."""
        return ",".join(f"{HOST}:{port}" for port in self._ports.values())

    def secure_address(self, protocol: str = "SASL_SSL") -> str:
        """Where clients find the listeners of a protocol, SASL_SSL or SSL."""
        return ",".join(f"{HOST}:{port}" for port in self._secure_ports[protocol].values())

    def log(self, number: int) -> Path:
        """What a broker says."""
        return self._folder / f"broker-{number}.log"

    def bytes_of(self, topic: str) -> int:
        """What the records of a topic take on all brokers' disks."""
        files = self._folder.glob(f"broker-*/{topic}-*/*.log")
        return sum(file.stat().st_size for file in files)

    def process_id(self, number: int) -> int:
        """Of a running broker."""
        return self._processes[number].pid

    def __enter__(self) -> Self:
        """Start all brokers and wait until they answer.

        Raises `KafkaUnavailable` where there is no Kafka, and `RuntimeError` when it does not
        start.
        """
        libs = jars()
        self._classpath = f"{libs}/*"
        if self._java_options is QUICK:  # not while the archive is being made, nor in benchmarks
            archive = class_archive(libs, _record_classes)
            self._java_options = (*QUICK, f"-XX:SharedArchiveFile={archive}")
        try:
            self._format()
            for number in self._numbers:
                self._launch(number)
            self.wait(*self._numbers)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def start(self, number: int) -> None:
        """Bring a broker back that was stopped or killed, and wait until it takes part."""
        self._launch(number)
        self.wait(number)

    def stop(self, number: int) -> None:
        """Have a broker hand over and end; it is killed if that takes it too long."""
        process = self._processes.pop(number)
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self, number: int) -> None:
        """End a broker on the spot."""
        process = self._processes.pop(number)
        process.kill()
        process.wait()

    def throttle(self, client: str, bytes_a_second: int) -> None:
        """Let the brokers take no more than this of what a client sends."""
        quota = f"producer_byte_rate={bytes_a_second}"
        change = ["--alter", "--entity-type", "clients", "--entity-name", client]
        subprocess.run(
            [
                *self._java("kafka.admin.ConfigCommand"),
                *("--bootstrap-server", self.address, *change, "--add-config", quota),
            ],
            stdin=subprocess.DEVNULL,
            check=True,
            capture_output=True,
        )

    def wait(self, *numbers: int) -> None:
        """Return when these brokers take part. Raises `RuntimeError` when they do not in time."""
        deadline = time.monotonic() + START_SECONDS
        while not set(numbers) <= self._taking_part():
            ended = [n for n in numbers if self._processes[n].poll() is not None]
            if ended or time.monotonic() > deadline:
                number = (ended or numbers)[0]
                log = self.log(number).read_text(errors="replace").strip()[-1_000:]
                raise RuntimeError(f"Kafka's broker {number} did not start. It said: {log}")
            time.sleep(0.05)

    def _taking_part(self) -> set[int]:
        if not all(_accepts_connections(self._ports[number]) for number in self._processes):
            return set()
        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        with suppress(KafkaException):
            return set(admin.list_topics(timeout=1).brokers)
        return set()

    def _end(self) -> None:
        for process in self._processes.values():
            process.kill()  # nothing is to be kept
        for process in self._processes.values():
            process.wait()
        self._processes.clear()

    def _format(self) -> None:
        """Write every broker's properties, and format its storage folder as Kafka asks for."""
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        for number in self._numbers:
            properties = {**self._properties(number), **self._settings}
            lines = "".join(f"{name}={value}\n" for name, value in properties.items())
            self._properties_file(number).write_text(lines)
        # As one word, since an id may begin with a dash.
        tool = [*self._java("kafka.tools.StorageTool"), "format", f"--cluster-id={cluster}"]
        if self._security is not None:
            tool += self._security.scram_users()
        formatting = [
            subprocess.Popen(
                [*tool, "-c", str(self._properties_file(number))],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for number in self._numbers
        ]
        for process in formatting:
            output, _ = process.communicate()
            if process.returncode:
                raise RuntimeError(f"Kafka's storage tool failed: {output.strip()[-1_000:]}")

    def _properties_file(self, number: int) -> Path:
        return self._folder / f"broker-{number}.properties"

    def _properties(self, number: int) -> dict[str, str]:
        brokers = len(self._numbers)
        voters = (f"{n}@{HOST}:{port}" for n, port in self._controller_ports.items())
        secure = {protocol: ports[number] for protocol, ports in self._secure_ports.items()}
        return {
            **(self._security.properties() if self._security else {}),
            "process.roles": "broker,controller",
            "node.id": str(number),
            "controller.quorum.voters": ",".join(voters),
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{HOST}:{self._ports[number]},"
            f"CONTROLLER://{HOST}:{self._controller_ports[number]}"
            + "".join(f",{protocol}://{HOST}:{port}" for protocol, port in secure.items()),
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
            + "".join(f",{protocol}:{protocol}" for protocol in secure),
            "log.dirs": str(self._folder / f"broker-{number}"),
            "auto.create.topics.enable": "false",
            "default.replication.factor": str(brokers),
            "min.insync.replicas": str((brokers + 1) // 2),
            "offsets.topic.replication.factor": str(brokers),
            "offsets.topic.num.partitions": "3",
            "transaction.state.log.replication.factor": str(brokers),
            "transaction.state.log.min.isr": str((brokers + 1) // 2),
            "transaction.state.log.num.partitions": "3",
            "group.initial.rebalance.delay.ms": "0",
            # A broker that was killed may come back when its session has run out.
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            # Recordings are of any time, and must not be too old to be kept.
            "log.retention.ms": "-1",
            "log.segment.bytes": "134217728",
            # Values that are too large are among the input that has to be dealt with.
            "message.max.bytes": "17000000",
            "log.cleaner.backoff.ms": "500",
            "log.cleaner.dedupe.buffer.size": "4194304",
            "num.network.threads": "2",
            "num.io.threads": "4",
        }

    def _launch(self, number: int) -> None:
        command = [*self._java("kafka.Kafka"), str(self._properties_file(number))]
        with self.log(number).open("ab") as log:
            self._processes[number] = subprocess.Popen(
                [sys.executable, "-IS", "-c", LAUNCHER, str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C is for the tests, which then end it
            )

    def _java(self, program: str) -> list[str]:
        options = [*self._java_options, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        return ["java", *options, "-cp", self._classpath, program]


def _record_classes(archive: Path) -> None:
    """Have a broker write an archive of the classes that it has loaded."""
    java = (*QUICK, f"-XX:ArchiveClassesAtExit={archive}")
    with TemporaryDirectory() as folder, KafkaCluster(Path(folder), java=java) as cluster:
        broker = cluster._processes[1]
        broker.terminate()
        broker.wait(START_SECONDS)


def free_ports(count: int) -> list[int]:
    """Ports that nobody has; of tests that run at the same time each looks among others."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ours = PORTS[number :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]
    with_sockets = []
    found: list[int] = []
    try:
        while len(found) < count:
            port = random.choice(ours)
            probe = socket.socket()
            with_sockets.append(probe)
            with suppress(OSError):
                probe.bind((HOST, port))
                found.append(port)
    finally:
        for probe in with_sockets:
            probe.close()
    return found


def _accepts_connections(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
