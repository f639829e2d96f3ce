"""Schemas that records name and the registry does not have: remembered, and asked for in measure.

Whoever may write to a topic may name another schema in every record. Each would cost a call that
holds up everybody's records.
"""

import logging
from collections.abc import Sequence
from time import monotonic
from typing import Final

from schemas.framing import SchemaId

logger = logging.getLogger(__name__)

UNKNOWN_SECONDS: Final = 10
"""For so long a schema that the registry does not have is not asked for again."""

MOST_CALLS: Final = 20
"""Within that time the registry may say so often that it does not have a schema."""

MOST_REMEMBERED: Final = 10_000
"""So many are remembered, and those of the newest batch."""


class UnknownSchemas:
    """Ids of schemas that the registry does not have, as far as it may be asked."""

    def __init__(self) -> None:
        self._until: dict[SchemaId, float] = {}
        """When each may be asked for again, on the monotonic clock, oldest first."""
        self._calls = 0
        """How often the registry has said no since `_since`."""
        self._since = float("-inf")
        self._is_logged = False

    def __contains__(self, schema_id: SchemaId) -> bool:
        return schema_id in self._until

    def __len__(self) -> int:
        return len(self._until)

    @property
    def may_ask(self) -> bool:
        """Whether one may be asked for that the registry perhaps does not have."""
        return self._calls < MOST_CALLS or monotonic() - self._since >= UNKNOWN_SECONDS

    def add(self, schema_id: SchemaId) -> None:
        """Remember that the registry does not have a schema."""
        now = monotonic()
        if now - self._since >= UNKNOWN_SECONDS:
            self._since, self._calls, self._is_logged = now, 0, False
        self._calls += 1
        self._until[schema_id] = now + UNKNOWN_SECONDS

    def within_measure(self, schema_ids: Sequence[SchemaId]) -> Sequence[SchemaId]:
        """The schemas themselves; none, and they are unknown for now, where it was asked enough."""
        if self.may_ask or not schema_ids:
            return schema_ids
        if not self._is_logged:
            logger.warning(
                "records that name schemas not seen before are dead letters for up to %d seconds: "
                "the registry did not have %d others, so it is asked no more",
                UNKNOWN_SECONDS,
                self._calls,
            )
            self._is_logged = True
        self._until |= dict.fromkeys(schema_ids, self._since + UNKNOWN_SECONDS)
        return ()

    def forget(self) -> None:
        """Forget those that may be asked for again, and the oldest where there are too many."""
        now = monotonic()
        for schema_id in [one for one, until in self._until.items() if until <= now]:
            del self._until[schema_id]
        for schema_id in [*self._until][: max(0, len(self._until) - MOST_REMEMBERED)]:
            del self._until[schema_id]
