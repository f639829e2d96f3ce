"""What ad servers may ask, of whoever has the lists at hand."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from time import time
from typing import Any, Final, NamedTuple

from msgspec.json import Decoder

from schemas.openrtb.answer import answered
from schemas.openrtb.bid_request import BidRequest
from schemas.outputs import Decision, SuppressionList
from schemas.records import Request
from streams.suppression.catalog import Catalog
from streams.suppression.list_index import blocking, decide_from_list
from streams.suppression.list_union import union_of
from streams.suppression.policy import Policy

_read: Final = Decoder(SuppressionList).decode


class Freshness(NamedTuple):
    """How fresh the list is that an answer is based on."""

    partition: int
    """The partition of the person."""
    age: float
    """How many seconds ago the copy of it was last known to be level with the topic."""
    level_at: int
    """When that was, in epoch milliseconds."""
    newest: int | None
    """The newest event time of a list in it, in epoch milliseconds; None where there is none."""


class Known(NamedTuple):
    """What is known of a person, by one of their ids or by several."""

    published: Sequence[bytes | None]
    """For each id the list as it was published; None for a tombstone or no list at all."""
    freshness: Freshness
    """Of the oldest of the copies."""

    @property
    def is_known(self) -> bool:
        """Whether there is a list: where there is one for no id, they are ids of another kind."""
        return any(each is not None for each in self.published)

    @property
    def list(self) -> SuppressionList | None:
        """The list (SPEC 5); of several, what they hold together (SPEC 9)."""
        return union_of([_read(each) for each in self.published if each is not None])


class NotCaughtUp(Exception):
    """Not everything has been read to its end yet, so there are no answers."""


class NotFollowed(LookupError):
    """The person is in a partition that is not followed."""


class Answers(ABC):
    """Answers by lists, policy and catalog. Any thread may ask.

    What asks about a person raises `NotCaughtUp`, `NotFollowed`, and what has ended the answers.
    """

    policy: Policy
    """By which is decided; another may be put in its place, as workers are given another."""
    catalog: Catalog
    policies_refused = 0
    """How often the policy's file was changed to what is no policy; the old one stayed."""

    @property
    @abstractmethod
    def is_caught_up(self) -> bool:
        """Whether it can answer."""

    @property
    @abstractmethod
    def failure(self) -> Exception | None:
        """What has ended the answers; None while there are some."""

    @property
    @abstractmethod
    def held(self) -> int:
        """About how many lists it has."""

    @property
    def invalid(self) -> int:
        """How many records were no lists, and were left out."""
        return 0

    @abstractmethod
    def freshness(self) -> list[Freshness]:
        """How fresh each partition is that has been read to its end."""

    @abstractmethod
    def person(self, user_id: str) -> Known:
        """The list of a person."""

    def known_by(self, user_ids: Sequence[str]) -> Known:
        """What is known of one person by these ids, of which there is at least one (SPEC 9)."""
        known = [self.person(user_id) for user_id in user_ids]
        published = [each for of_id in known for each in of_id.published]
        return Known(published, max((of_id.freshness for of_id in known), key=_age))

    def now(self) -> int:
        """The time of a request that does not say its own, in epoch milliseconds."""
        return int(time() * 1_000)

    def decide(self, request: Request, other_ids: Sequence[str] = ()) -> tuple[Decision, Known]:
        """The decision on a request by the list of the person, and what is known of them.

        Where `other_ids` name the same person, the lists of all ids count together, as of the
        oldest (SPEC 9). The holdout goes by the request's `user_id`.
        """
        known = self.known_by((request.user_id, *other_ids))
        age = known.freshness.age
        decision = decide_from_list(request, known.list, self.policy, self.catalog, age)
        return decision, known

    def bid(self, bid: BidRequest) -> tuple[dict[str, Any], list[Decision], Known]:
        """A bid request with what is suppressed written into it, its decisions, and what is known.

        Consent that it denies is held against all of it. Its `bcat` and `badv` are widened by what
        suppresses an ad whatever is offered: not by what the advertiser's own site lifts, and not
        by what somebody in the holdout is to see.
        """
        known = self.known_by(bid.user_ids)
        listed, age, denial = known.list, known.freshness.age, bid.denial()
        beside = () if denial is None else (denial,)
        decisions = {
            imp_id: decide_from_list(request, listed, self.policy, self.catalog, age, beside)
            for imp_id, request in bid.requests.items()
        }
        entries = blocking(listed, self.policy, age, bid.user_id, bid.own_site)
        return answered(bid, decisions, entries), [*decisions.values()], known


def _age(freshness: Freshness) -> float:
    return freshness.age
