"""The port answers probes and scrapes, and nothing else; a unit answers for its workers."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from streams.errors import UserError
from streams.monitoring.health import Check
from streams.monitoring.http_port import listen, listener_of, served
from streams.monitoring.metrics.exposition import Exposition
from streams.settings import Settings
from streams.supervision import unit_status
from streams.supervision.unit_member import UnitMember
from streams.supervision.unit_status import UnitStatus


class FixedStatus:
    """Stands for a worker that says this of itself."""

    def __init__(self, check: Check, metrics: str = "") -> None:
        self._check = check
        self._metrics = metrics

    async def check(self, name: str) -> Check:
        return self._check

    async def metrics(self, accept: str) -> Exposition:
        return Exposition(self._metrics.encode(), "text/plain; version=0.0.4")


class Silent(FixedStatus):
    """One that never answers."""

    async def check(self, name: str) -> Check:
        await asyncio.Event().wait()
        raise AssertionError


def answers(status: FixedStatus, *paths: str, method: str = "GET") -> list[tuple[int, str]]:
    """Status and text of each answer of a port."""

    async def ask() -> list[tuple[int, str]]:
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        async with served(status, listener), aiohttp.ClientSession() as session:
            found = []
            for path in paths:
                async with session.request(method, f"http://127.0.0.1:{port}{path}") as answer:
                    found.append((answer.status, await answer.text()))
            return found

    return asyncio.run(ask())


# --- one worker ----------------------------------------------------------------------------------


def test_a_check_that_holds_is_200_and_says_why() -> None:
    assert answers(FixedStatus(Check(True, "it works")), "/health/ready") == [
        (200, '{"ok":true,"why":"it works"}\n')
    ]


def test_a_check_that_does_not_hold_is_503_and_says_why() -> None:
    assert answers(FixedStatus(Check(False, "it restores")), "/health/live") == [
        (503, '{"ok":false,"why":"it restores"}\n')
    ]


def test_metrics_are_told_as_they_are() -> None:
    assert answers(FixedStatus(Check(True, ""), "a 1\n"), "/metrics") == [(200, "a 1\n")]


@pytest.mark.parametrize("path", ["/", "/health", "/health/well", "/metrics/a", "/tables/persons"])
def test_there_is_nothing_else(path: str) -> None:
    [(status, _)] = answers(FixedStatus(Check(True, "")), path)
    assert status == 404


@pytest.mark.parametrize("path", ["/metrics", "/health/live", "/nowhere"])
def test_it_says_no_version_of_what_it_is_made_of(path: str) -> None:
    async def ask() -> str:
        listener = listen("127.0.0.1", 0)
        address = "http://{}:{}".format(*listener.getsockname())
        async with (
            served(FixedStatus(Check(True, "")), listener),
            aiohttp.ClientSession() as session,
            session.get(address + path) as answer,
        ):
            return answer.headers["Server"]

    assert asyncio.run(ask()) == "unhaunt"


def test_nothing_can_be_sent_to_it() -> None:
    [(status, _)] = answers(FixedStatus(Check(True, "")), "/metrics", method="POST")
    assert status == 405


def test_without_a_port_nothing_listens() -> None:
    assert listener_of(Settings()) is None


def test_by_default_only_this_machine_is_listened_to() -> None:
    listener = listener_of(Settings(http_port=unused_port()))
    assert listener is not None
    with closing(listener):
        assert listener.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_where_it_cannot_listen_that_is_said_with_what_to_do(host: str) -> None:
    with closing(listen("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=rf"UNHAUNT_HTTP_HOST={host}, .*PORT={port}: cannot"):
            listener_of(Settings(http_host=host, http_port=port))


# --- a unit --------------------------------------------------------------------------------------


def of_unit(
    workers: list[FixedStatus | None], ask: Callable[[UnitStatus], Awaitable[Any]]
) -> tuple[Any, list[UnitMember]]:
    """What a unit of such workers says; None is one whose process is not there."""

    async def run() -> tuple[Any, list[UnitMember]]:
        members = [UnitMember(Settings(instance=f"u-{n}")) for n in range(1, len(workers) + 1)]
        async with AsyncExitStack() as stack:
            for member, worker in zip(members, workers, strict=True):
                member.listener = stack.enter_context(closing(listen("127.0.0.1", 0)))
                member.is_running = worker is not None
                if worker is not None:
                    await stack.enter_async_context(served(worker, member.listener.dup()))
            return await ask(UnitStatus(members)), members

    return asyncio.run(run())


def test_what_holds_for_all_workers_holds_for_the_unit() -> None:
    well = Check(True, "it works")
    check, _ = of_unit([FixedStatus(well), FixedStatus(well)], lambda unit: unit.check("ready"))
    assert check == Check(True, "so it is with all 2 workers", {"u-1": well, "u-2": well})


def test_what_does_not_hold_for_one_does_not_for_the_unit_and_it_says_for_which() -> None:
    well, ill = Check(True, "it works"), Check(False, "it restores")
    check, _ = of_unit([FixedStatus(well), FixedStatus(ill)], lambda unit: unit.check("ready"))
    assert check == Check(False, "u-2: it restores", {"u-1": well, "u-2": ill})


@pytest.mark.parametrize(("name", "holds"), [("live", True), ("ready", False), ("startup", False)])
def test_a_worker_that_is_to_be_started_again_is_alive_and_no_more(name: str, holds: bool) -> None:
    check, _ = of_unit([None], lambda unit: unit.check(name))
    assert check.workers == {"u-1": Check(holds, "it starts")}
    assert check.ok is holds


@pytest.mark.parametrize(("has_answered", "holds"), [(False, True), (True, False)])
def test_a_worker_that_does_not_answer_is_not_alive_unless_it_still_starts(
    has_answered: bool, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit_status, "ANSWER_SECONDS", 0.1)

    async def ask(unit: UnitStatus) -> Check:
        unit._members[0].has_answered = has_answered
        return await unit.check("live")

    check, _ = of_unit([Silent(Check(True, ""))], ask)
    assert check.ok is holds


def test_whoever_answers_is_known_to_have_started() -> None:
    _, members = of_unit([FixedStatus(Check(True, "")), None], lambda unit: unit.check("live"))
    assert [member.has_answered for member in members] == [True, False]


def test_the_metrics_of_all_that_answer_are_told_with_whose_they_are() -> None:
    text = "# TYPE a gauge\na 1\n"
    workers: list[FixedStatus | None] = [
        FixedStatus(Check(True, ""), text),
        None,
        FixedStatus(Check(True, ""), text),
    ]
    exposed, _ = of_unit(workers, lambda unit: unit.metrics(""))
    lines = exposed.body.decode().splitlines()
    assert [line for line in lines if line.startswith("a{")] == [
        'a{worker="u-1"} 1.0',
        'a{worker="u-3"} 1.0',
    ]
    assert 'unhaunt_worker_up{worker="u-2"} 0.0' in lines
    assert 'unhaunt_worker_restarts_total{worker="u-1"} 0.0' in lines
