"""The status of a unit of workers, made of the answers of each."""

import asyncio
from collections.abc import Sequence
from itertools import chain
from typing import Final

import aiohttp
import msgspec

from streams.monitoring.health import Check
from streams.monitoring.metrics.exposition import Exposition, exposition, families_of, merged
from streams.monitoring.metrics.labels import WORKER
from streams.supervision.metrics import UNIT
from streams.supervision.unit_member import UnitMember

ANSWER_SECONDS: Final = 5.0
"""How long a worker may take to answer; it does so between two batches."""


class UnitStatus:
    """Answers for all workers of a unit."""

    def __init__(self, members: Sequence[UnitMember]) -> None:
        self._members = members

    async def check(self, name: str) -> Check:
        """The answer to one of `CHECKS`, which holds if it does for each worker."""
        async with _session() as session:
            answers = await asyncio.gather(
                *(_check(session, member, name) for member in self._members)
            )
        workers = {member.name: check for member, check in zip(self._members, answers, strict=True)}
        failing = [f"{member}: {check.why}" for member, check in workers.items() if not check.ok]
        if failing:
            return Check(False, "; ".join(failing), workers)
        return Check(True, f"so it is with all {len(workers)} workers", workers)

    async def metrics(self, accept: str) -> Exposition:
        """The metrics of all workers that answer, and those of the unit."""
        async with _session() as session:
            texts = await asyncio.gather(
                *(_asked(session, member, "/metrics") for member in self._members)
            )
        texts_by_name = {
            member.name: text.decode()
            for member, text in zip(self._members, texts, strict=True)
            if text is not None
        }
        return exposition(
            lambda: chain(families_of(UNIT, self._members), merged(texts_by_name, WORKER.name)),
            accept,
        )


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS))


async def _check(session: aiohttp.ClientSession, member: UnitMember, name: str) -> Check:
    """The check of a worker; one that has not answered yet is alive, but not ready."""
    text = await _asked(session, member, f"/health/{name}")
    if text is not None:
        return msgspec.json.decode(text, type=Check)
    if not member.has_answered:
        return Check(name == "live", "it starts")
    return Check(False, f"it has not answered within {ANSWER_SECONDS:.0f} seconds")


async def _asked(session: aiohttp.ClientSession, member: UnitMember, path: str) -> bytes | None:
    """The answer of a worker; None where there is none in time."""
    if member.listener is None or not member.is_running:
        return None
    host, port, *_ = member.listener.getsockname()
    try:
        async with session.get(f"http://{host}:{port}{path}") as response:
            text = await response.read()
    except (aiohttp.ClientError, TimeoutError):
        return None
    member.has_answered = True
    return text
