"""The ads of a request: each candidate is one, with what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from schemas.outputs import Decision, SuppressedCandidate
from schemas.records import Candidate, Request
from streams.recording.report.history import History, Objection
from streams.recording.variants import group_of
from streams.suppression.catalog import Catalog
from streams.suppression.facts import HasAttributes

STOPPED: Final = "stopped"
HELD_OUT: Final = "held_out"
"""Let through only because the person is in the holdout."""

LEAKED: Final = "leaked"
"""Let through after an order or a rejection that had not arrived yet."""

LET_THROUGH: Final = "let_through"
"""Let through for all that was known."""

OUTCOMES: Final = (STOPPED, HELD_OUT, LEAKED, LET_THROUGH)


@dataclass(slots=True)
class Ad:
    """A candidate that wanted to be shown to a person."""

    named: str
    """The id by which the request names the product."""
    product_ids: tuple[str, ...]
    """All ids of the product, its own first."""
    attributes: HasAttributes
    outcome: str
    """One of `OUTCOMES`."""
    answer: SuppressedCandidate | None
    """Why it is stopped, or but for the holdout would be."""
    order: Objection | None
    """The person's earliest order of the product or a variant, before or after the request."""
    rejection: Objection | None
    """The person's earliest rejection that the product comes under, before or after as well."""


def ads_of(
    request: Request, decision: Decision, history: History, catalog: Catalog
) -> Iterator[Ad]:
    """The ads of a request, in the order of its candidates."""
    person, at = request.user_id, request.ts
    for candidate, outcome, answer in _decided(request, decision):
        product_ids = catalog.ids_of(candidate.product_id)
        attributes = catalog.attributes(product_ids[0], candidate)
        group = group_of(candidate.product_id, catalog)
        order = history.order(person, group, catalog)
        rejection = history.rejection(person, group, attributes, catalog)
        if outcome == LET_THROUGH and any(
            objection is not None
            and objection.ts <= at
            and history.known(person, objection.kind, objection.event_id) is None
            for objection in (order, rejection)
        ):
            outcome = LEAKED
        named = candidate.product_id
        yield Ad(named, product_ids, attributes, outcome, answer, order, rejection)


def _decided(
    request: Request, decision: Decision
) -> Iterator[tuple[Candidate, str, SuppressedCandidate | None]]:
    """Each candidate with its outcome: answers stand in the order of the candidates (SPEC 5)."""
    suppressed, ghosted = decision.suppressed, decision.ghosted
    stopped = held_out = 0
    for candidate in request.candidates:
        product_id = candidate.product_id
        if stopped < len(suppressed) and suppressed[stopped].product_id == product_id:
            yield candidate, STOPPED, suppressed[stopped]
            stopped += 1
        elif held_out < len(ghosted) and ghosted[held_out].product_id == product_id:
            yield candidate, HELD_OUT, ghosted[held_out]
            held_out += 1
        else:
            yield candidate, LET_THROUGH, None
