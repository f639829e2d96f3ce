"""A proxy before a broker that seems to be only about to lead its partitions.

It refuses the first batch that comes for a partition, and lets the broker take all others. If the
client sends the second without having heard of the first, it is told of the first only then.
"""

import asyncio
import struct
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple, Self

from tests.chaos.proxy import Connection, End, Proxy

PRODUCE: Final = 0
"""The key of the API."""
VERSIONS: Final = range(9, 13)
"""Of the requests that are understood here: flexible, and with the names of topics."""
NOT_LEADER_OR_FOLLOWER: Final = 6
SECONDS: Final = 1.0
"""For so long a second batch is waited for before the first is refused."""


class ProduceRequest(NamedTuple):
    """A request to take a batch of one partition, as librdkafka sends it."""

    correlation_id: int
    topic: bytes
    partition: int

    @classmethod
    def of(cls, request: bytes) -> Self | None:
        """Read a request without its size; None for another API."""
        api, version, correlation_id, client_id = struct.unpack_from(">hhih", request)
        if api != PRODUCE:
            return None
        assert version in VERSIONS, version
        at = 10 + max(client_id, 0) + 1  # no tagged fields
        transactional_id, at = _unsigned(request, at)
        at += max(transactional_id - 1, 0) + 6  # acks and timeout
        topics, at = _unsigned(request, at)
        name, at = _unsigned(request, at)
        topic, at = request[at : at + name - 1], at + name - 1
        partitions, at = _unsigned(request, at)
        assert (topics, partitions) == (2, 2), "a request has the batch of one partition"
        return cls(correlation_id, topic, *struct.unpack_from(">i", request, at))

    def refusal(self) -> bytes:
        """The response by which a broker refuses it, with its size."""
        body = b"".join(
            (
                struct.pack(">ixB", self.correlation_id, 2),
                struct.pack(">B", len(self.topic) + 1),
                self.topic,
                struct.pack(">Bihqqq", 2, self.partition, NOT_LEADER_OR_FOLLOWER, -1, -1, -1),
                struct.pack(">B3xix", 1, 0),  # no errors of records, no words, no time to wait
            )
        )
        return struct.pack(">i", len(body)) + body


class RefusingProxy(Proxy):
    """Refuses the first batch of each partition."""

    def __init__(self, targets: Mapping[int, int]) -> None:
        super().__init__(targets)
        self.has_first = threading.Event()
        """Set when a first batch has come."""
        self._refusals: dict[tuple[bytes, int], Refusal] = {}

    def _connect(self, client: End, broker: End) -> Connection:
        return RefusingConnection(client, broker, self)

    def first(self, batch: ProduceRequest, client: asyncio.StreamWriter) -> "Refusal | None":
        """Begin to refuse a partition's first batch, or else return the refusal of that one."""
        partition = batch.topic, batch.partition
        refusal = self._refusals.get(partition)
        if refusal is None:
            self._refusals[partition] = Refusal(batch, client)
            self.has_first.set()
        return refusal


class Refusal:
    """The refusal of a first batch, when the second comes or has not come for a while."""

    def __init__(self, batch: ProduceRequest, client: asyncio.StreamWriter) -> None:
        self._has_second = asyncio.Event()
        self._told = asyncio.create_task(self._tell(batch, client))

    async def before_the_second(self) -> None:
        """Tell the client now, whatever it has sent meanwhile."""
        self._has_second.set()
        await self._told

    async def _tell(self, batch: ProduceRequest, client: asyncio.StreamWriter) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._has_second.wait(), SECONDS)
        client.write(batch.refusal())


class RefusingConnection(Connection):
    """Passes requests on one by one."""

    def __init__(self, client: End, broker: End, proxy: RefusingProxy) -> None:
        super().__init__(client, broker)
        self._proxy = proxy

    async def _pass_requests_on(self) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                size = await self._client[0].readexactly(4)
                request = await self._client[0].readexactly(*struct.unpack(">i", size))
                if await self._is_to_be_passed_on(request):
                    self._broker[1].write(size + request)
                    await self._broker[1].drain()
        self.close()

    async def _is_to_be_passed_on(self, request: bytes) -> bool:
        batch = ProduceRequest.of(request)
        if batch is None:
            return True
        refusal = self._proxy.first(batch, self._client[1])
        if refusal is None:
            return False
        await refusal.before_the_second()
        return True


def _unsigned(data: bytes, at: int) -> tuple[int, int]:
    """An integer of variable length, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
