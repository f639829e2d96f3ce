"""What the adapters make of a recording: the questions that come up before going live."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from schemas.adapters.formats import OWN, read, readers_of
from schemas.adapters.notes import NO_NOTES, POSITION, Note
from schemas.decoding import InvalidRecord, parse
from schemas.records import Event, Input, events_of
from schemas.topics import PERSON_TOPICS, TOPICS
from streams.recording.files import RecordedRecord
from streams.recording.note_counts import MOST_EXAMPLES, NoteCounts
from streams.suppression.identities.blocking import Blocking
from streams.suppression.policy import Policy

TOPIC_OF: Final = {TOPICS[name].record: name for name in PERSON_TOPICS}
BURIED: Final = "buried"

NAMING: Final = ("event", "event_name", "name", "type")
"""The fields by which formats name an event, the best first."""
MOST_NAMES: Final = 1_000
MOST_SHOWN: Final = 10
LONGEST: Final = 60


class FormatCheck:
    """What became of the records of one format."""

    def __init__(self) -> None:
        self.used = 0
        """Records that came to events."""
        self.ignored = 0
        """Records about something else."""
        self.buried = 0
        """Records that go to the dead letters."""
        self.events: Counter[str] = Counter()
        """By the topic that they are of in Unhaunt's own format."""
        self.ignored_events: Counter[str] = Counter()
        """What the ignored records call themselves; of too many names only the first ones."""
        self._dead: Counter[tuple[str, str]] = Counter()
        """By code and field."""
        self._letters: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._notes = NoteCounts()

    @property
    def records(self) -> int:
        """All of them."""
        return self.used + self.ignored + self.buried

    def ignore(self, value: bytes | None) -> None:
        """Count a record about something else."""
        self.ignored += 1
        for name in _names_in(value):
            if name in self.ignored_events or len(self.ignored_events) < MOST_NAMES:
                self.ignored_events[name] += 1

    def add(
        self, format_name: str, events: Sequence[Event], notes: Sequence[Note], at: int
    ) -> None:
        """Count a record that came to events; `at` is its position in the recording."""
        self.used += 1
        self.events.update(TOPIC_OF[type(event)] for event in events)
        self._notes.add(format_name, notes, at)

    def bury(self, refused: InvalidRecord, at: int) -> None:
        """Count a record that was refused."""
        self.buried += 1
        path, _, _ = refused.detail.partition(":")
        key = (refused.code, POSITION.sub("", path))
        self._dead[key] += 1
        letters = self._letters.setdefault(key, [])
        if len(letters) < MOST_EXAMPLES:
            letters.append({"record": at + 1, "note": refused.detail})

    def problems(self) -> list[dict[str, Any]]:
        """What was buried, left out, corrected or derived, the most frequent first."""
        dead = [
            {
                "field": field,
                "kind": BURIED,
                "code": code,
                "count": count,
                "examples": self._letters[code, field],
            }
            for (code, field), count in self._dead.items()
        ]
        noted = [
            {name: value for name, value in each.items() if name != "format"}
            for each in self._notes.ranked()
        ]
        return sorted([*dead, *noted], key=lambda each: (-each["count"], each["field"]))

    def figures(self) -> dict[str, Any]:
        """All of it as plain JSON data."""
        return {
            "records": self.records,
            "used": self.used,
            "ignored": self.ignored,
            "buried": self.buried,
            "ignored_events": dict(self.ignored_events.most_common(MOST_SHOWN)),
            "events": {topic: self.events[topic] for topic in PERSON_TOPICS if self.events[topic]},
            "problems": self.problems(),
        }


def check_formats(
    records: Iterable[RecordedRecord], formats: Mapping[str, str], policy: Policy
) -> dict[str, FormatCheck]:
    """Read the records of the person topics, each as its topic's format says.

    The policy says of which ids nothing can be stated. Returns what became of them by format: of
    `auto` by the one that each record had. Raises `SourceError` for a recording that cannot be
    read.
    """
    seen: tuple[str, Sequence[Note]] = (OWN, NO_NOTES)

    def observe(format_name: str, notes: Sequence[Note]) -> None:
        nonlocal seen
        seen = (format_name, notes)

    readers = readers_of(formats, observe)
    blocking = Blocking.by(policy, formats)
    found: dict[str, FormatCheck] = {}
    for position, record in _of_persons(records):
        seen = (OWN, NO_NOTES)
        made: Input | InvalidRecord | None
        try:
            event = read(
                readers, record.topic, record.key, record.value, record.timestamp, record.headers
            )
            if event is not None and record.topic in blocking.topics:
                event = blocking.left_of(event)
            made = event
        except InvalidRecord as refused:
            made = refused
        name, notes = seen
        check = found.setdefault(name, FormatCheck())
        if made is None:
            check.ignore(record.value)
        elif isinstance(made, InvalidRecord):
            check.bury(made, position)
        else:
            check.add(name, events_of(made), notes, position)
    return dict(sorted(found.items()))


def _of_persons(records: Iterable[RecordedRecord]) -> Iterator[tuple[int, RecordedRecord]]:
    for position, record in enumerate(records):
        if record.topic in PERSON_TOPICS:
            yield position, record


def _names_in(value: bytes | None) -> list[str]:
    """What the events of an ignored record call themselves, each once."""
    data = parse(value)
    outer = data if isinstance(data, list) else [data]
    inner = [each.get("events") or each.get("data") for each in outer if isinstance(each, dict)]
    many = [one for each in inner if isinstance(each, list) for one in each]
    named = [_name_of(each) for each in many or outer]
    return list(dict.fromkeys(name for name in named if name is not None))


def _name_of(event: object) -> str | None:
    if not isinstance(event, dict):
        return None
    named = (event.get(name) for name in NAMING)
    return next((name[:LONGEST] for name in named if isinstance(name, str) and name), None)
