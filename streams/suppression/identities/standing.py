"""What the statements about a leaf come to: who has what of whom (SPEC 9).

How much somebody may have is a *level*: `NOTHING`, `REFUSALS` (an `opt_out_all`, and personalised
ads that are denied), or `EVERYTHING`. Where more than one way leads to a hub, the most counts.
"""

from typing import Final, final

from mypy_extensions import mypyc_attr

from schemas.records import Level
from streams.suppression.facts import Acting, Choice, Fact, Line, Rejection, Shown
from streams.suppression.identities.sessions import NO_SESSIONS, Session, Sessions
from streams.suppression.identities.statements import is_trusted, place_of, standing
from streams.suppression.identities.stored import Stated, Statement, Statements
from streams.suppression.policy import Policy
from streams.suppression.words import FOREVER

NOTHING: Final = 0
REFUSALS: Final = 1
EVERYTHING: Final = 2

LEVELS: Final[tuple[Level, ...]] = ("nothing", "refusals", "everything")
"""The names of the levels."""

LINKED: Final = "linked"
ALONE: Final = "alone"
"""Sessions of no other hub were ever on the leaf."""
SIGNED_IN: Final = "signed_in"
WAS_SIGNED_IN: Final = "was_signed_in"
"""By a session that is over, or hardly trusted."""
WAYS: Final = (LINKED, ALONE, SIGNED_IN, WAS_SIGNED_IN)
"""What lets something come down from a hub."""

NEVER: Final[Stated] = (-1 << 63, "")
"""Before every statement."""


@mypyc_attr(acyclic=True)
@final
class Hub:
    """One hub of a leaf, and what leads to it."""

    __slots__ = ("is_trusted", "level", "linked", "stated", "way")

    def __init__(self) -> None:
        self.stated: Stated = NEVER
        """The newest statement about the leaf and this hub."""
        self.linked: int = NOTHING
        """How much is shared because they are linked."""
        self.is_trusted: bool = False
        """Whether any of the statements is trusted, so that what takes orders back goes there."""
        self.level: int = NOTHING
        """How much comes down from it."""
        self.way: str = LINKED
        """What lets so much come down: one of `WAYS`."""


@mypyc_attr(acyclic=True)
@final
class Standing:
    """A leaf's hubs, by the statements that are there and a policy."""

    __slots__ = ("_hubs", "_policy", "all_counts", "concerned", "is_kiosk", "sessions")

    def __init__(self, statements: Statements, policy: Policy) -> None:
        valid = [
            each
            for each in standing(statements)
            if each.hub is None or not policy.is_blocked(each.hub)
        ]
        self._policy = policy
        self.sessions: Sessions = Sessions(valid) if valid else NO_SESSIONS
        self._hubs: dict[str, Hub] = {}
        for each in valid:
            if each.hub is not None:
                hub = self._hubs.get(each.hub)
                if hub is None:
                    hub = self._hubs[each.hub] = Hub()
                hub.stated = place_of(each)
                hub.is_trusted = hub.is_trusted or is_trusted(each)
                if each.action == "linked":
                    hub.linked = max(_level(each), hub.linked)
        self.is_kiosk: bool = len(self._hubs) > policy.max_persons
        self.concerned: frozenset[str] = frozenset(() if self.is_kiosk else self._hubs)
        """The hubs that are to know what is shared with them, or would be if they had room."""
        for name, hub in self._hubs.items():
            if not self.is_kiosk:
                hub.way, hub.level = self._way_of(name, hub)
        self.all_counts: bool = True
        """Whether all that was ever reported of the leaf counts there."""
        for session in self.sessions.all:
            if self._counting_in(session) != EVERYTHING:
                self.all_counts = False

    @property
    def hubs(self) -> list[str]:
        """All hubs that are neither void nor blocked, even of a kiosk."""
        return list(self._hubs)

    def stated(self, hub: str) -> Stated:
        """The newest statement about the leaf and a hub."""
        return self._hubs[hub].stated

    def level(self, hub: str) -> int:
        """How much comes down from a hub; nothing from one that is void or blocked."""
        known = self._hubs.get(hub)
        return NOTHING if known is None else known.level

    def way(self, hub: str) -> str:
        """What lets so much come down from a hub of this leaf: one of `WAYS`."""
        return self._hubs[hub].way

    def goes_up(self, fact: Fact, hub: str) -> bool:
        """Whether the leaf shares a fact of its own with a hub."""
        known = self._hubs.get(hub)
        if known is None or self.is_kiosk or not is_shareable(fact, self._policy):
            return False
        if isinstance(fact, Acting):
            return known.is_trusted
        level = known.linked
        if level != EVERYTHING:
            level = max(level, self._carried(hub, time_of(fact)))
        return passes(fact, level)

    def counts(self, fact: Fact) -> bool:
        """Whether a fact that was reported of the leaf counts there."""
        if isinstance(fact, Acting):
            return True
        session = self.sessions.at(time_of(fact))
        return session is None or passes(fact, self._counting_in(session))

    def stretch(self, time: int) -> tuple[int, bool]:
        """The stretch between statements that a time is in: all of it is shared alike, and counts
        alike.
        """
        sessions = self.sessions.all
        begun = self.sessions.position(time)
        if begun:
            return begun, time < sessions[begun - 1].end
        return 0, bool(sessions) and sessions[0].begin - time <= self._policy.lookback

    def _way_of(self, hub: str, known: Hub) -> tuple[str, int]:
        """What lets something come down from a hub, and how much."""
        if known.linked == EVERYTHING:
            return LINKED, EVERYTHING
        sessions, current = self.sessions.all, self.sessions.current
        of_hub = [session for session in sessions if session.hub == hub]
        if of_hub and len(of_hub) == len(sessions) and all(each.is_trusted for each in of_hub):
            return ALONE, EVERYTHING
        if current is not None and current.hub == hub and current.is_trusted:
            return SIGNED_IN, EVERYTHING
        return (LINKED if known.linked else WAS_SIGNED_IN), REFUSALS

    def _carried(self, hub: str, time: int) -> int:
        """How much sessions carry up to a hub of what has this time."""
        session = self.sessions.at(time)
        if session is not None:
            return _trust(session) if session.hub == hub else NOTHING
        before, after = self.sessions.around(time)
        if after is None or after.hub != hub:
            return NOTHING
        if before is not None:
            return min(_trust(before), _trust(after)) if before.hub == hub else NOTHING
        return _trust(after) if after.begin - time <= self._policy.lookback else NOTHING

    def _counting_in(self, session: Session) -> int:
        """How much counts on the leaf of what has its time in a session."""
        if not self.is_kiosk:
            return self.level(session.hub)
        return _trust(session) if session.end == FOREVER else NOTHING


def time_of(fact: Fact) -> int:
    """The time by which a fact is shared: a line's is when it was bought."""
    return fact.bought if isinstance(fact, Line) else fact.ts


def is_refusal(fact: Fact) -> bool:
    """Whether it is shared even with whom is hardly trusted."""
    if isinstance(fact, Rejection):
        return fact.reason == "opt_out_all"
    is_consent = isinstance(fact, Choice) and fact.preference == "personalised_ads"
    return is_consent and isinstance(fact, Choice) and fact.value == "denied"


def is_shareable(fact: Fact, policy: Policy) -> bool:
    """Whether it may be shared with anybody: no gift ever, an impression if the policy says so."""
    if isinstance(fact, Line):
        return not fact.gift
    return not isinstance(fact, Shown) or policy.impressions_shared


def passes(fact: Fact, level: int) -> bool:
    """Whether somebody may have a fact at a level."""
    return level == EVERYTHING or (level == REFUSALS and is_refusal(fact))


def _level(statement: Statement) -> int:
    return EVERYTHING if is_trusted(statement) else REFUSALS


def _trust(session: Session) -> int:
    return EVERYTHING if session.is_trusted else REFUSALS
