"""The join for engines that hand over one record at a time, with the state of its person.

It is Unhaunt's own domain code, so that what differs is the engine: how records are fetched, state
is kept, and output and changelog are sent.
"""

import gc
import hashlib
import os
from typing import Final, NamedTuple

from schemas.records import Event
from streams.settings import Settings
from tests.bench.domain import (
    Change,
    Join,
    apply,
    encode_decision,
    encode_list,
    encode_state,
    evict,
    load,
    new_join,
    prepare,
)

COLLECT_SELDOM: Final = (100_000, 20, 100)
"""Objects and collections before the next collection of garbage: with Python's own numbers it would
take much of the time of whoever keeps many persons."""

INPUTS: Final = ("purchases", "dismissals", "impression-requests")
OUTPUTS: Final = ("decisions", "suppressions")


def settings_of_rival() -> Settings:
    """The settings in the environment; the process is spared most collections of garbage."""
    gc.set_threshold(*COLLECT_SELDOM)
    return Settings.from_environment(os.environ)


def output_topic(settings: Settings, stream: str) -> str:
    """Where a rival sends its decisions or lists: each application has its own."""
    return f"{settings.application}-{stream}"


class Outcome(NamedTuple):
    """What comes of one record."""

    decision: bytes | None = None
    """For a request."""
    is_changed: bool = False
    """Whether the person's state has changed."""
    state: bytes | None = None
    """What is to be kept of a person that has changed; None for nothing."""
    is_published: bool = False
    """Whether the person's list has changed."""
    suppression_list: bytes | None = None
    """The list that now stands if it has changed; None for a tombstone."""


class PersonJoin:
    """The join with the whole default policy, of all partitions that a process works on."""

    def __init__(self) -> None:
        self._joins: dict[int, Join] = {}

    def apply(self, event: Event, partition: int, stored: bytes | None) -> Outcome:
        """Take a record, with what is kept of its person, None for nothing."""
        join = self._joins.get(partition)
        if join is None:
            join = self._joins[partition] = new_join()
        if stored is not None:
            load(join, event.user_id, stored)
        decision = apply(join, event)
        outcome = Outcome(None if decision is None else encode_decision(decision))
        for change in prepare(join):
            outcome = _outcome(outcome.decision, change)
        evict(join)
        return outcome


def _outcome(decision: bytes | None, change: Change) -> Outcome:
    person, current = change.person, change.current
    content = None if current is None else encode_list(current)
    digest = None if content is None else hashlib.blake2b(content, digest_size=8).hexdigest()
    is_published = digest != person.published
    person.published = digest
    return Outcome(decision, True, encode_state(person), is_published, content)
