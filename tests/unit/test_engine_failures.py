"""What goes wrong in the engine is told, also when nobody waits for it any more."""

import asyncio
from pathlib import Path

import pytest

from tests.engine.in_memory import InMemoryEngine
from tests.engine.spy import SpyTasks


class BusyEngine(InMemoryEngine):
    """An engine whose work ends badly when it is let."""

    def __init__(self, folder: Path) -> None:
        super().__init__(SpyTasks(), folder)
        self.may_end = asyncio.Event()
        self.has_begun = asyncio.Event()
        self.engine._advance = self._fail  # type: ignore[method-assign]
        self.engine._open_assigned = self._fail  # type: ignore[method-assign]

    async def _fail(self, *_: object) -> None:
        self.has_begun.set()
        await self.may_end.wait()
        raise ConnectionError("the broker is gone")


@pytest.mark.parametrize("work", ["step", "restore"])
def test_work_that_fails_after_it_was_given_up_is_told_in_one_line(
    work: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def give_up_in_mid_work() -> None:
        waiting = asyncio.create_task(getattr(engine.engine, work)())
        await engine.has_begun.wait()
        waiting.cancel()
        await asyncio.wait({waiting})
        engine.may_end.set()
        await asyncio.sleep(0)  # for the work to go on
        await asyncio.sleep(0)  # for who is called when it is done

    with BusyEngine(tmp_path) as engine:
        engine.call(give_up_in_mid_work())
    assert caplog.messages == ["work that was given up has failed: the broker is gone"]
