"""Which evidence counts for which scope value, and what it claims there, kept up to date.

Evidence is sorted by the scope value that it counts for, since all claims on one value follow from
the evidence there alone. A change so only concerns its own scope value, and a candidate only the
few that cover it, however much there is about the person.
"""

from bisect import bisect_left
from typing import cast, final

from mypy_extensions import mypyc_attr

from schemas.records import Candidate, Product
from streams.suppression.catalog import Catalog
from streams.suppression.claims import Claim, ScopeValue, list_order
from streams.suppression.claims_by_scope import ClaimsByScope, ScopeClaims
from streams.suppression.evidence import Change, Evidence, lines_of, without
from streams.suppression.facts import (
    Acting,
    Choice,
    Fact,
    Line,
    Refund,
    Rejection,
    Restoration,
    Shown,
    Target,
)
from streams.suppression.policy import Policy
from streams.suppression.scope_claims import (
    CountedLine,
    ScopeEvidence,
    by_time,
    claims_of,
    consent_claim,
    dismissal_claim,
    purchase_claim,
    says_the_same,
    scope_of_impression,
    scope_of_line,
    scope_of_rejection,
)
from streams.suppression.undone import NOTHING_UNDONE, Undone
from streams.suppression.words import EVERYTHING, after

Ended = set[int]
"""The `id` of each fact that is to go."""


@mypyc_attr(acyclic=True)
@final
class ClaimIndex(ClaimsByScope):
    """What one person's evidence claims by a policy and a catalog."""

    __slots__ = (
        "_undone",
        "catalog",
        "evidence",
        "generation",
        "outdated",
        "policy",
        "uncounted",
    )

    def __init__(self, evidence: Evidence, policy: Policy, catalog: Catalog) -> None:
        super().__init__()
        self.generation: int = catalog.generation
        """That of the catalog by which the evidence was sorted."""
        self.evidence = evidence
        self.policy = policy
        self.catalog = catalog
        self.uncounted: int = 0
        """How many dismissals make no claim."""
        self._undone: Undone | None = None
        """None when it is not known."""
        self.outdated: tuple[ScopeEvidence, ...] = ()
        """Where the claims may not follow the evidence yet."""
        for line in evidence.lines:
            self._count_line(line).is_current = False
        for rejection in evidence.dismissals:
            counted = self._count_rejection(rejection)
            if counted is not None:
                counted.is_current = False
        self.outdated = tuple(self.scope_evidence)
        for shown in evidence.impressions:
            self._add_impression(shown)
        if evidence.preferences or policy.consent_required:
            self._update_preferences()

    @property
    def undone(self) -> Undone:
        """What the person sent back or took back."""
        undone = self._undone
        if undone is None:
            evidence = self.evidence
            is_nothing = not (evidence.refunds or evidence.voided or evidence.restorations)
            undone = self._undone = NOTHING_UNDONE if is_nothing else Undone(evidence)
        return undone

    # -- what it claims

    def counted(self) -> list[ScopeEvidence]:
        """All scope values for which evidence counts, with their claims, in the order of lists."""
        self.bring_up_to_date()
        return self.scope_evidence

    @property
    def scope_evidence(self) -> list[ScopeEvidence]:
        """The same, with claims that may be out of date."""
        return cast(list[ScopeEvidence], self.scopes)  # nothing else is ever added

    def claims(self) -> list[Claim]:
        """All claims of the person, active or not, in the order of lists."""
        claims: list[Claim] = []
        for counted in self.counted():
            claims += counted.claims
        return claims

    def changes(self) -> list[ScopeEvidence]:
        """Where evidence came or went since this was last asked for."""
        changed = [counted for counted in self.counted() if not counted.is_reported]
        for counted in changed:
            counted.is_reported = True
        return changed

    def scope_of(self, fact: Fact) -> ScopeValue | None:
        """Where a fact counts; None if it makes no claim."""
        if isinstance(fact, Line):
            return scope_of_line(fact, self.policy, self.catalog)[0]
        if isinstance(fact, Rejection):
            return scope_of_rejection(fact, self.policy, self.catalog)
        if isinstance(fact, Shown):
            return scope_of_impression(fact, self.policy, self.catalog)
        return None

    def evidence_covering(
        self, candidate: Candidate, product: Product | None
    ) -> list[ScopeEvidence]:
        """The evidence that counts for the scope values that cover a candidate."""
        return cast(list[ScopeEvidence], self.covering(candidate, product))

    def evidence_on(self, scope_value: ScopeValue) -> ScopeEvidence | None:
        """The evidence that counts for a scope value."""
        scope, value = scope_value
        found = self.find(scope, value)
        assert found is None or isinstance(found, ScopeEvidence)
        return found

    def covering(self, candidate: Candidate, product: Product | None) -> list[ScopeClaims]:
        """The scope values that cover a candidate, with claims that follow the evidence.

        The others may stay as they are: of most people only a few are ever asked for.
        """
        found = super().covering(candidate, product)
        if self.outdated:
            for counted in cast(list[ScopeEvidence], found):
                if not counted.is_current:
                    self._claim(counted)
        return found

    def bring_up_to_date(self) -> None:
        """Let all claims follow the evidence."""
        if self.outdated:
            outdated, self.outdated = self.outdated, ()
            for counted in outdated:
                if not counted.is_current:
                    self._claim(counted)

    def _claim(self, counted: ScopeEvidence) -> None:
        """Let the claims on a scope value follow the evidence."""
        counted.claims, counted.first_end = claims_of(counted, self.policy, self.undone)
        counted.is_current = True

    # -- what a change of the evidence changes

    def update(self, changes: list[Change]) -> None:
        """Follow the evidence, in which these facts have just changed."""
        if len(changes) > 1:
            # What undoes others first: whatever asks what is undone counts all of the evidence.
            changes = sorted(changes, key=_undoes_nothing)
        for known, fact in changes:
            if known is not None and isinstance(known, Line | Rejection | Shown):
                self._remove(known)
            # Exact types are much quicker to ask for than `isinstance`, and most facts are these.
            if type(fact) is Shown:
                self._add_impression(fact)
            elif type(fact) is Rejection:
                if known is not None and isinstance(known, Restoration):
                    self._undone = None
                    self._outdate_dismissals(None)
                self._add_rejection(fact)
            elif type(fact) is Line:
                self._add_line(fact)
            elif isinstance(fact, Choice):
                self._update_preferences()
            elif isinstance(fact, Restoration):
                self._restore(known, fact)
            elif isinstance(fact, Acting):
                self._take_back(known, fact)

    def _count_line(self, line: Line) -> ScopeEvidence:
        """Put a line to where it counts, whatever that claims."""
        scope_value, rule = scope_of_line(line, self.policy, self.catalog)
        counted = self._counted(scope_value)
        counted.is_replenished = counted.is_replenished or rule.replenish_days is not None
        counted.lines = (*counted.lines, CountedLine(line, rule))
        return counted

    def _add_line(self, line: Line) -> None:
        counted = self._count_line(line)
        if counted.is_current and not counted.is_replenished and self.undone.kept(line):
            until = after(line.bought, counted.lines[-1].rule.window)
            self._add_claim(counted, purchase_claim(counted, line, until), until)
        else:
            self._outdate(counted)

    def _count_rejection(self, rejection: Rejection) -> ScopeEvidence | None:
        """Put a dismissal to where it counts, whatever that claims; None if it makes no claim."""
        scope_value = scope_of_rejection(rejection, self.policy, self.catalog)
        if scope_value is None:
            self.uncounted += 1
            return None
        counted = self._counted(scope_value)
        counted.dismissals = (*counted.dismissals, rejection)
        return counted

    def _add_rejection(self, rejection: Rejection) -> None:
        counted = self._count_rejection(rejection)
        if counted is None:
            return
        if counted.is_current and self.undone.restored_at(rejection) is None:
            claim = dismissal_claim(counted, rejection, self.policy)
            self._add_claim(counted, claim, claim.until)
        else:
            self._outdate(counted)

    def _add_impression(self, shown: Shown) -> None:
        """Count an impression; only the newest of a scope value need be kept (SPEC 3)."""
        policy = self.policy
        counted = self._counted(scope_of_impression(shown, policy, self.catalog))
        counted.impressions = (*counted.impressions, shown)
        so_many, most = len(counted.impressions), policy.frequency_max
        if counted.is_current and so_many < most:  # too few to claim anything
            counted.first_end = min(counted.first_end, shown.ts + policy.frequency_length)
            counted.is_reported = False
            return
        if so_many > most:
            oldest = [min(counted.impressions, key=by_time)]
            counted.impressions = without(counted.impressions, oldest)
            self.evidence.impressions = without(self.evidence.impressions, oldest)
        self._outdate(counted)

    def _add_claim(self, counted: ScopeEvidence, claim: Claim, end: int | None) -> None:
        """Put in the claim of new evidence that leaves the other claims what they are."""
        claims = counted.claims
        if not claims:
            counted.claims = (claim,)
        else:
            at = bisect_left(claims, list_order(claim), key=list_order)
            if at < len(claims) and says_the_same(claims[at], claim):
                self._outdate(counted)
                return
            counted.claims = (*claims[:at], claim, *claims[at:])
        if end is not None and end < counted.first_end:
            counted.first_end = end
        counted.is_reported = False

    def _remove(self, fact: Line | Rejection | Shown) -> None:
        """Let a fact count no more."""
        scope_value = self.scope_of(fact)
        if scope_value is None:
            self.uncounted -= 1
            return
        counted = self.evidence_on(scope_value)
        if counted is None:
            return
        if isinstance(fact, Line):
            counted.keep_lines([each for each in counted.lines if each.line is not fact])
        elif isinstance(fact, Rejection):
            counted.dismissals = without(counted.dismissals, [fact])
        else:
            counted.impressions = without(counted.impressions, [fact])
        self._outdate(counted)

    def _update_preferences(self) -> None:
        choice = self.evidence.choice("sensitive_topics")
        self.is_sensitive_granted = choice is not None and choice.value == "granted"
        no_consent = consent_claim(self.evidence, self.policy)
        if no_consent is not None:
            everything = self._counted(("all", EVERYTHING))
        else:
            known = self.evidence_on(("all", EVERYTHING))
            if known is None:
                return
            everything = known
        everything.no_consent = no_consent
        self._outdate(everything)

    def _restore(self, known: Fact | None, restoration: Restoration) -> None:
        """Let what may have been taken back be read again; all of it if an event was corrected."""
        target = restoration.target if known is None else None
        undone = self._undone
        if known is not None or undone is NOTHING_UNDONE:
            self._undone = None
        elif undone is not None:
            undone.add_restoration(restoration)
        self._outdate_dismissals(target)

    def _outdate_dismissals(self, target: Target | None) -> None:
        """Let dismissals of a target be read again, None being every one."""
        for counted in self.scope_evidence:
            if counted.dismissals and (
                target is None or any(each.target == target for each in counted.dismissals)
            ):
                self._outdate(counted)

    def _take_back(self, known: Fact | None, fact: Acting) -> None:
        """Let the lines be read again that were taken back or brought back."""
        undone = self._undone
        if undone is NOTHING_UNDONE:
            self._undone = None
        elif undone is not None:
            undone.take_back(known, fact)
        for line in lines_of(self.evidence, fact):
            self._outdate_line(line)
        if isinstance(known, Refund):
            for line in lines_of(self.evidence, known):
                self._outdate_line(line)

    def _outdate_line(self, line: Line) -> None:
        scope_value, _ = scope_of_line(line, self.policy, self.catalog)
        counted = self.evidence_on(scope_value)
        if counted is not None:
            self._outdate(counted)

    def _counted(self, scope_value: ScopeValue) -> ScopeEvidence:
        """The evidence that counts for a scope value, be it none so far."""
        known = self.evidence_on(scope_value)
        if known is None:
            scope, value = scope_value
            known = ScopeEvidence(scope, value)
            self.add(known)
        return known

    def _outdate(self, counted: ScopeEvidence) -> None:
        counted.is_reported = False
        if counted.is_current:
            counted.is_current = False
            self.outdated = (*self.outdated, counted)

    # -- what ends (streams.suppression.expiry)

    def remove(self, counted: ScopeEvidence, ended: Ended) -> None:
        """Let facts count no more for a scope value."""
        counted.keep_lines([each for each in counted.lines if id(each.line) not in ended])
        counted.dismissals = tuple([each for each in counted.dismissals if id(each) not in ended])
        counted.impressions = tuple([each for each in counted.impressions if id(each) not in ended])
        self._outdate(counted)

    def forget_undone(self) -> None:
        """Facts are gone that undid others, together with what they undid."""
        self._undone = None


def _undoes_nothing(change: Change) -> bool:
    return not isinstance(change[1], Acting | Restoration)
