"""Which ids of a recording are linked with each other, so that one process takes all of a person's.

Persons are independent of each other, but for what their ids share (SPEC 9). So a run by slices
has to know before it begins which ids statements put together.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from schemas.adapters.formats import Reader, readers_of, stating_topics
from schemas.adapters.notes import Note
from schemas.decoding import InvalidRecord, decode
from schemas.records import Identity, Input, events_of
from schemas.topics import SHARES
from streams.recording.files import KINDS, RecordedRecord, read
from streams.recording.sources import AnyPath, lines_of, open_source
from streams.suppression.identities.blocking import Blocking
from streams.suppression.policy import Policy

NOBODY: Final[Mapping[bytes, bytes]] = {}


def linked_ids(
    recordings: Sequence[AnyPath], formats: Mapping[str, str], policy: Policy
) -> Mapping[bytes, bytes]:
    """By each id that a statement names with another one, the id that stands for all of these.

    Nobody is linked where the shares were recorded: each id then has what was shared with it.
    `formats` are those of topics in another format than Unhaunt's own; the policy says of which ids
    nothing can be stated. Raises `SourceError`.
    """
    topics = stating_topics(formats)
    if not _stands_in(recordings, topics):
        return NOBODY
    readers = readers_of(formats, _ignore)
    blocking = Blocking(policy, topics)
    links = Links()
    for record in read(recordings):
        if record.topic == SHARES:
            return NOBODY
        if record.topic in topics:
            event = _event(record, readers.get(record.topic), blocking)
            if event is not None:
                links.add(event)
    return links.by_id()


class Links:
    """Ids that are linked, directly or by others."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        """A forest with a tree for each person."""

    def join(self, one: str, other: str) -> None:
        """Have these, and all that are linked with either, be one person's."""
        self._above[self._top(one)] = self._top(other)

    def add(self, record: Input) -> None:
        """Join the ids of each statement in a record."""
        for each in events_of(record):
            if isinstance(each, Identity) and each.person_id is not None:
                self.join(each.user_id, each.person_id)

    def linked_with(self, user_id: str) -> set[str]:
        """All ids that are linked with one, itself included."""
        top = self._top(user_id)
        return {each for each in [*self._above] if self._top(each) == top}

    def by_id(self) -> dict[bytes, bytes]:
        """By the key of each id that of the one which stands for all that are linked with it."""
        return {each.encode(): self._top(each).encode() for each in self._above}

    def _top(self, each: str) -> str:
        path = []
        while (above := self._above.setdefault(each, each)) != each:
            path.append(each)
            each = above
        for below in path:
            self._above[below] = each
        return each


def _stands_in(recordings: Sequence[AnyPath], topics: Iterable[str]) -> bool:
    """Whether the name of one of the topics stands anywhere, which is soon found out."""
    names = [topic.encode() for topic in topics]
    for path in recordings:
        with open_source(path, KINDS) as lines:
            if any(name in line for line in lines_of(lines, path) for name in names):
                return True
    return False


def _event(record: RecordedRecord, reader: Reader | None, blocking: Blocking) -> Input | None:
    event: Input | None
    try:
        if reader is None:
            event = decode(record.topic, record.key, record.value, record.timestamp)
        else:
            event = reader(record.key, record.value, record.timestamp, record.headers)
        return None if event is None else blocking.left_of(event)
    except InvalidRecord:
        return None


def _ignore(format_name: str, notes: Sequence[Note]) -> None:
    """What is noted of a format is told when its records are taken."""
