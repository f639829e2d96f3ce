"""A TCP proxy that cuts connections, also in the middle of a message."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import suppress
from random import Random
from types import TracebackType
from typing import Any, Final, Self

HOST: Final = "127.0.0.1"
CHUNK_BYTES: Final = 65_536

End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Connection:
    """One client's connection and the one that was made for it to a broker."""

    def __init__(self, client: End, broker: End) -> None:
        self._is_cut = False
        self._client, self._broker = self._ends = client, broker
        self._left: int | None = None
        """Bytes that may still pass in either direction; None for no limit."""

    async def forward(self) -> None:
        """Pass everything on, both ways, until one end closes or the connection is cut."""
        await asyncio.gather(self._pass_requests_on(), self._pass_responses_on())

    def cut_after(self, count: int) -> None:
        """Pass so many more bytes and then close both ends; at once if that is none."""
        self._left = count
        if not count:
            self._is_cut = True
            self.close()

    def close(self) -> None:
        """Close both ends."""
        for _, writer in self._ends:
            writer.close()

    async def _pass_requests_on(self) -> None:
        await self._pass_on(self._client[0], self._broker[1])

    async def _pass_responses_on(self) -> None:
        await self._pass_on(self._broker[0], self._client[1])

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while not self._is_cut and (data := await reader.read(CHUNK_BYTES)):
                if self._left is not None:
                    data = data[: self._left]
                    self._left -= len(data)
                    self._is_cut = not self._left
                writer.write(data)
                await writer.drain()
        self.close()


class Proxy:
    """Forwards ports to brokers' ports. A context manager, with a thread of its own."""

    def __init__(self, targets: Mapping[int, int]) -> None:
        """`targets` are the ports that are forwarded to, by the ports that are listened on."""
        self.cut_connections = 0
        """How many connections have been cut, or will be by what goes through next."""
        self._targets = targets
        self._servers: list[asyncio.Server] = []
        self._connections: dict[Connection, int] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen()).result()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._run(self._close()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self, port: int, share: float, most_bytes: int, random: Random) -> None:
        """Cut this share of the connections through a port, each after up to so many bytes more."""
        self._run(self._cut(port, share, most_bytes, random)).result()

    async def _cut(self, port: int, share: float, most_bytes: int, random: Random) -> None:
        for connection, listened_on in self._connections.items():
            if listened_on == port and random.random() < share:
                connection.cut_after(random.randint(0, most_bytes))
                self.cut_connections += 1

    async def _listen(self) -> None:
        for port in self._targets:
            self._servers.append(await asyncio.start_server(self._serve(port), HOST, port))

    def _serve(self, port: int) -> Callable[..., Coroutine[Any, Any, None]]:
        async def serve(*client: Any) -> None:
            with suppress(asyncio.CancelledError):  # the proxy ends
                await self._forward(client, port)

        return serve

    async def _forward(self, client: End, port: int) -> None:
        try:
            broker = await asyncio.open_connection(HOST, self._targets[port])
        except OSError:  # the broker is away
            client[1].transport.abort()
            return
        connection = self._connect(client, broker)
        self._connections[connection] = port
        await connection.forward()
        del self._connections[connection]

    def _connect(self, client: End, broker: End) -> Connection:
        return Connection(client, broker)

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for connection in self._connections:
            connection.close()
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:  # also what is still connecting
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, None]) -> "Future[None]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)
