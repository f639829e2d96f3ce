"""All rules that a view has to know, each with its cases."""

from typing import Final

from tests.conformance.case import Rule
from tests.conformance.of_aliases import ALIASES
from tests.conformance.of_ids import SEVERAL_IDS
from tests.conformance.of_lists import CONSENT, ORDER, PRICE, RANK, REASONS, SCOPES, TIMES
from tests.conformance.of_requests import HOLDOUT, INTEREST, OWN_SITE, SENSITIVE, STALE

RULES: Final[tuple[Rule, ...]] = (
    REASONS,
    SCOPES,
    ALIASES,
    TIMES,
    PRICE,
    RANK,
    CONSENT,
    ORDER,
    SENSITIVE,
    INTEREST,
    OWN_SITE,
    HOLDOUT,
    STALE,
    SEVERAL_IDS,
)
