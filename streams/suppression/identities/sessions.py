"""Sessions: from when until when somebody was signed in (SPEC 9)."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, final

from mypy_extensions import mypyc_attr

from streams.suppression.identities.statements import is_trusted
from streams.suppression.identities.stored import Statement
from streams.suppression.words import FOREVER


@mypyc_attr(acyclic=True)
@final
class Session:
    """One stretch of time in which a hub was signed in."""

    __slots__ = ("begin", "end", "hub", "is_trusted")

    def __init__(self, hub: str, begin: int, is_trusted: bool) -> None:
        self.hub = hub
        self.begin = begin
        self.end: int = FOREVER
        """When it ended, so that the end is not in it; `FOREVER` while it has not."""
        self.is_trusted = is_trusted
        """By the statement with which it began."""


@mypyc_attr(acyclic=True)
@final
class Sessions:
    """The sessions on one leaf, in their order. No two of them overlap."""

    __slots__ = ("_begins", "all")

    def __init__(self, standing: Sequence[Statement]) -> None:
        """`standing` are the statements that are not void, in their order."""
        self.all: list[Session] = []
        current: Session | None = None
        for stated in standing:
            if stated.action == "linked":
                continue
            hub = stated.hub if stated.action == "signed_in" else None
            if current is not None:
                if current.hub == hub:
                    continue
                current.end = stated.ts
                current = None
            if hub is not None:
                current = Session(hub, stated.ts, is_trusted(stated))
                self.all.append(current)
        self._begins: list[int] = [session.begin for session in self.all]

    @property
    def current(self) -> Session | None:
        """The newest, if it has not ended."""
        if not self.all:
            return None
        newest = self.all[-1]
        return newest if newest.end == FOREVER else None

    def position(self, time: int) -> int:
        """How many sessions have begun at a time."""
        return bisect_right(self._begins, time)

    def at(self, time: int) -> Session | None:
        """The session that a time is in."""
        begun = self.position(time)
        if not begun:
            return None
        last = self.all[begun - 1]
        return last if time < last.end else None

    def around(self, time: int) -> tuple[Session | None, Session | None]:
        """The last one before and the first one after a time that is in none."""
        begun = self.position(time)
        before = self.all[begun - 1] if begun else None
        after = self.all[begun] if begun < len(self.all) else None
        return before, after


NO_SESSIONS: Final = Sessions(())
