"""Statements about ids that are nobody's, such as `guest`: they link nothing (SPEC 9)."""

from collections.abc import Container, Mapping
from typing import NamedTuple, Self

from schemas.adapters.formats import stating_topics
from schemas.decoding import InvalidRecord
from schemas.problems import Problem
from schemas.records import Input
from schemas.rules import without_blocked
from streams.suppression.policy import Policy


class Blocking(NamedTuple):
    """Refuses statements about ids that a policy blocks."""

    policy: Policy
    topics: Container[str]
    """Those whose records may hold statements."""

    @classmethod
    def by(cls, policy: Policy, formats: Mapping[str, str]) -> Self:
        """`formats` are those of topics in another format than Unhaunt's own."""
        return cls(policy, stating_topics(formats))

    def left_of(self, record: Input) -> Input:
        """A record without such statements. Raises `InvalidRecord` where nothing else is in it."""
        left = without_blocked(record, self.policy.is_blocked)
        if isinstance(left, Problem):
            raise InvalidRecord(left.code, left.detail)
        return left
