"""Which of an id's own impressions are kept: of each stretch of time the newest, as in SPEC 3.

Statements decide of stretches whether they count and with whom they are shared, so all that a
frequency cap counts may be wanted of each. Others have no more of it: what goes is withdrawn.
"""

from streams.suppression.aliases import as_read
from streams.suppression.catalog import Catalog
from streams.suppression.claims import ScopeValue
from streams.suppression.evidence import Evidence
from streams.suppression.identities.standing import Standing
from streams.suppression.policy import Policy
from streams.suppression.scope_claims import by_time, scope_of_impression

Place = tuple[ScopeValue, tuple[int, bool]]
"""A scope value, and a stretch of time between two statements."""

Seen = tuple[int, str, str]
"""What orders impressions: the time, and what they are known by."""


def keep_newest(own: Evidence, standing: Standing, policy: Policy, catalog: Catalog) -> None:
    """Keep only the newest impressions of each scope value and stretch of time."""
    most = policy.frequency_max
    if len(own.impressions) <= most:
        return
    places: dict[Place, set[Seen]] = {}
    for shown in own.impressions:
        read = as_read(shown, catalog)
        place = scope_of_impression(read, policy, catalog), standing.stretch(shown.ts)
        places.setdefault(place, set()).add(by_time(read))
    if all(len(seen) <= most for seen in places.values()):
        return
    kept = {each for seen in places.values() for each in sorted(seen)[-most:]}
    own.impressions = tuple(
        [shown for shown in own.impressions if by_time(as_read(shown, catalog)) in kept]
    )
