"""The bound on one person's evidence, for those who are no person: a bot, or a shared test id.

Every fact has an end, the time from which on it matters no more; beyond the bound, those that end
first go. So what has ended goes before what stands, and of either the oldest; what acts on other
facts (a refund, a cancellation, a reinstatement, a restoration) outlives what it acts on; and
`opt_out_all` is the last to go. It is what a list too long for SPEC 5 leaves out as well.

The bound lies above the evidence of the busiest wholesaler that is known, so no person reaches
it. Of somebody who does:

- What is kept follows from the records in their order (SPEC 6), not from batches or restarts: the
  bound is held at every record, over the evidence as the policy and the catalog read it.
- Whatever the order, the facts that end last are kept, as many as are left after forgetting. What
  ended before those may be kept or not.
- A fact that comes again after it was forgotten is joined like a new one, and goes again while it
  is among those that end first. If what acted on it is forgotten too, it counts as if that had
  never been: that needs a repeat of what is older than all that is kept.

Every fact that is forgotten is counted, by kind, and the person's list says how many there were.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from streams.suppression.evidence import Evidence
from streams.suppression.expiry import Ending
from streams.suppression.facts import (
    Fact,
    Line,
    Refund,
    Reinstatement,
    Rejection,
    Restoration,
    Shown,
    VoidOrder,
)
from streams.suppression.words import FOREVER

MOST_FACTS = 10_000
"""So many facts are kept of a person."""

ROOM = 1_000
"""So many more are forgotten at once, so that it is seldom."""

KINDS: Final = (
    "impressions",
    "lines",
    "dismissals",
    "refunds",
    "voided",
    "reinstated",
    "restorations",
)
"""The kinds of facts, as `Evidence` has them; at the same end in this order."""

KIND_OF: Final[dict[type, str]] = {
    Shown: "impressions",
    Line: "lines",
    Rejection: "dismissals",
    Refund: "refunds",
    VoidOrder: "voided",
    Reinstatement: "reinstated",
    Restoration: "restorations",
}

_KIND_ORDER: Final = {kind: KINDS.index(name) for kind, name in KIND_OF.items()}


def forget_surplus(evidence: Evidence, endings: Sequence[Ending]) -> Counter[str]:
    """Forget the facts that end first until there is room; returns how many of each kind."""
    surplus = evidence.size - MOST_FACTS + ROOM
    gone = [fact for fact, _ in sorted(endings, key=rank)[:surplus]]
    ids = {id(fact) for fact in gone}
    for kind in KINDS:
        facts = getattr(evidence, kind)
        setattr(evidence, kind, tuple([fact for fact in facts if id(fact) not in ids]))
    return Counter([KIND_OF[type(fact)] for fact in gone])


def rank(ending: Ending) -> tuple[int, bool, int, int, Any]:
    """The order in which facts go. Among those without an end the oldest first."""
    fact, end = ending
    is_wish = end == FOREVER and _is_opt_out(fact)
    return end, is_wish, _KIND_ORDER[type(fact)], fact.ts, fact.identity_of(fact)


def _is_opt_out(fact: Fact) -> bool:
    return isinstance(fact, Rejection) and fact.reason == "opt_out_all"
