"""What goes wrong in the engine is told, also when nobody waits for it any more."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from streams.engine.loop import Engine
from streams.settings import Settings
from streams.suppression.policy import Policy


class Output:
    """Stands for the output, of which only the name matters here."""

    name = "worker"


class Thread:
    """The consumer's thread, where nothing is to be had."""

    poll = None

    async def call_thread(self, *_: Any) -> None:
        """Have nothing to say."""


class BusyEngine(Engine):
    """An engine whose work ends badly when it is let."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(state_folder=str(folder))
        nothing: Any = None
        output: Any = Output()
        super().__init__(settings, Policy.default(), {}, 1, nothing, output)
        self.may_end = asyncio.Event()
        self.has_begun = asyncio.Event()

    async def _advance(self, thread: Any, polled: Any) -> None:
        await self._fail()

    async def _restored(self, thread: Any) -> None:
        await self._fail()

    async def _fail(self) -> None:
        self.has_begun.set()
        await self.may_end.wait()
        raise ConnectionError("the broker is gone")


@pytest.mark.parametrize("work", ["step", "restore"])
def test_work_that_fails_after_it_was_given_up_is_told_in_one_line(
    work: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def give_up_in_mid_work() -> None:
        engine = BusyEngine(tmp_path)
        waiting = asyncio.create_task(getattr(engine, work)(Thread()))
        await engine.has_begun.wait()
        waiting.cancel()
        await asyncio.wait({waiting})
        engine.may_end.set()
        await asyncio.sleep(0)  # for the work to go on
        await asyncio.sleep(0)  # for who is called when it is done

    asyncio.run(give_up_in_mid_work())
    assert caplog.messages == ["work that was given up has failed: the broker is gone"]
