"""What the statements about a leaf come to: who has what of whom (SPEC 9).

How much somebody may have is a *level*: `NOTHING`, `REFUSALS` (an `opt_out_all`, and personalised
ads that are denied), or `EVERYTHING`. Where more than one way leads to a hub, the most counts.
"""

from typing import Final, final

from schemas.records import Level
from streams.suppression.facts import Acting, Choice, Fact, Line, Rejection, Shown
from streams.suppression.identities.sessions import Session, Sessions
from streams.suppression.identities.statements import Statement, Statements, standing
from streams.suppression.policy import Policy
from streams.suppression.words import FOREVER

NOTHING: Final = 0
REFUSALS: Final = 1
EVERYTHING: Final = 2

LEVELS: Final[tuple[Level, ...]] = ("nothing", "refusals", "everything")
"""The names of the levels."""


@final
class Standing:
    """A leaf's hubs, by the statements that are there and a policy."""

    __slots__ = (
        "_levels",
        "_links",
        "_policy",
        "_stated",
        "_trusted",
        "all_counts",
        "is_kiosk",
        "sessions",
    )

    def __init__(self, statements: Statements, policy: Policy) -> None:
        valid = standing(statements)
        self._policy = policy
        self.sessions = Sessions(valid)
        self._stated: dict[str, tuple[int, str]] = {}
        self._links: dict[str, int] = {}
        for each in valid:
            if each.hub is not None:
                self._stated[each.hub] = each.place
                if each.action == "linked":
                    self._links[each.hub] = max(_level(each), self._links.get(each.hub, NOTHING))
        self.is_kiosk: bool = len(self._stated) > policy.max_persons
        self._trusted: set[str] = {
            *[session.hub for session in self.sessions.all if session.is_trusted],
            *[hub for hub, level in self._links.items() if level == EVERYTHING],
        }
        self._levels: dict[str, int] = {hub: self._level_of(hub) for hub in self._stated}
        self.all_counts: bool = all(
            self._counting_in(session) == EVERYTHING for session in self.sessions.all
        )
        """Whether all that was ever reported of the leaf counts there."""

    @property
    def hubs(self) -> list[str]:
        """All hubs that are not void, even of a kiosk."""
        return list(self._stated)

    def stated(self, hub: str) -> tuple[int, str]:
        """The newest statement about the leaf and a hub."""
        return self._stated[hub]

    def level(self, hub: str) -> int:
        """How much comes down from a hub."""
        return self._levels.get(hub, NOTHING)

    def goes_up(self, fact: Fact, hub: str) -> bool:
        """Whether the leaf shares a fact of its own with a hub."""
        if self.is_kiosk or not is_shareable(fact, self._policy):
            return False
        if isinstance(fact, Acting):
            return hub in self._trusted
        return passes(fact, max(self._links.get(hub, NOTHING), self._carried(hub, time_of(fact))))

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

    def _level_of(self, hub: str) -> int:
        """How much comes down from a hub that is not void."""
        if self.is_kiosk:
            return NOTHING
        level = self._links.get(hub, NOTHING)
        of_hub = [session for session in self.sessions.all if session.hub == hub]
        if not of_hub:
            return level
        current = self.sessions.current
        if current is not None and current.hub == hub and current.is_trusted:
            return EVERYTHING
        if len(of_hub) == len(self.sessions.all) and all(each.is_trusted for each in of_hub):
            return EVERYTHING
        return max(level, REFUSALS)

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
    return EVERYTHING if statement.is_trusted else REFUSALS


def _trust(session: Session) -> int:
    return EVERYTHING if session.is_trusted else REFUSALS
