"""What links between ids add: ads that were stopped by what another id of the person said."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from schemas.outputs import SuppressedCandidate
from schemas.records import Identity, Request, Share
from streams.recording.report.ads import STOPPED, Ad
from streams.recording.report.part import Part
from streams.suppression.identities import union
from streams.suppression.identities.fact_sets import fact_set, facts_in
from streams.suppression.identities.links import Links
from streams.suppression.identities.receiving import facts_put
from streams.suppression.identities.standing import time_of
from streams.suppression.join import Join
from streams.suppression.policy import Policy

SECOND: Final = 1000


class Sharing(Part):
    """Counts statements, shares, and ads that nothing of the id itself would have stopped."""

    def __init__(self) -> None:
        self.statements: Counter[str] = Counter()
        """By what they say."""
        self.shares: Counter[str] = Counter()
        """By direction: up to a hub, or down from it."""
        self.recorded: Counter[str] = Counter()
        """Those of them that stand in the recording; the others are made, and come at once."""
        self.delays: Counter[int] = Counter()
        """What recorded shares brought from a hub, by the whole seconds since it happened.

        Without what goes over as a whole, such as when the receiver's link begins, since that may
        be old. What another id brings with its own link counts from when it happened.
        """
        self.ads: Counter[str] = Counter()
        """Ads that were stopped by what only another id said, by reason."""
        self.ids: Counter[str] = Counter()
        """How many ids were `spared` such an ad."""
        self.seconds: Counter[int] = Counter()
        """Events of other ids by the whole seconds until the first ad that they stopped here."""
        self._spared: set[str] = set()
        self._stopping: set[tuple[str, str]] = set()

    def state(self, statement: Identity) -> None:
        """Count a statement."""
        self.statements[statement.action] += 1

    def share(self, share: Share, clock: int, *, is_recorded: bool) -> None:
        """Count a share that was taken when its partition's clock stood there."""
        self.shares[share.direction] += 1
        if not is_recorded:
            return
        self.recorded[share.direction] += 1
        if share.direction == "down" and not share.whole:
            for fact in facts_put(share):
                self.delays[max(0, clock - fact.ts) // SECOND] += 1

    def count(self, request: Request, ads: Iterable[Ad], join: Join) -> None:
        """Count the ads of a request that were stopped by what another id said."""
        person = join.persons.get(request.user_id)
        if person is None or person.links is None:
            return
        own = union.said_by(union.counting(person.evidence, person.links, join.policy))
        for ad in ads:
            answer = ad.answer if ad.outcome == STOPPED else None
            if answer is not None and answer.because and own.isdisjoint(answer.because):
                self._count(request, answer, person.links, join.policy)

    def _count(
        self, request: Request, answer: SuppressedCandidate, links: Links, policy: Policy
    ) -> None:
        user_id = request.user_id
        self.ads[answer.reason] += 1
        if user_id not in self._spared:
            self._spared.add(user_id)
            self.ids["spared"] += 1
        key = user_id, answer.because[0]
        if key in self._stopping:
            return
        self._stopping.add(key)
        times = [
            time_of(fact)
            for facts in links.guests(policy)
            for fact in facts_in(facts)
            if not union.said_by(fact_set([fact])).isdisjoint(answer.because)
        ]
        if times:
            self.seconds[max(0, request.ts - min(times)) // SECOND] += 1
