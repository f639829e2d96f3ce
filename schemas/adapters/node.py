"""JSON objects of other formats: what is required is read strictly, what is optional leniently.

Senders differ in what they write for the same thing: an id is a number here and a text there, a
price a text, one product an object and two of them an array. What cannot be mistaken is read. An
optional field that cannot be read is left out, with a note of it (`schemas.adapters.notes`);
a required one is an error that names the field in the sender's own words.
"""

from collections.abc import Mapping
from math import ceil, floor
from typing import Any

import orjson

from schemas.adapters.ids import bare_id
from schemas.adapters.notes import OWN_TIME, Kind, Note, Reading, in_words
from schemas.adapters.numbers import amount_of, plain_number
from schemas.adapters.spellings import (
    NOTHING,
    PLACEHOLDERS,
    NoObject,
    answer_of,
    are_numbered,
    are_objects,
    is_unsaid,
    is_whole,
    numbered,
    spellings,
    without_brackets,
)
from schemas.adapters.times import MILLISECONDS, Unit, is_time, moment_of, shown
from schemas.decoding import InvalidRecord
from schemas.fields import INT64_MAX
from schemas.problems import kind_of, one_of, quoted


class Node:
    """A JSON object and the path to it.

    Of several names the first that has something counts, in snake_case or camelCase; an error
    names the first of all.
    """

    __slots__ = ("_fields", "path", "reading")

    def __init__(
        self, fields: Mapping[str, object], path: str = "", reading: Reading | None = None
    ) -> None:
        self._fields = fields
        self.path = path
        self.reading = Reading() if reading is None else reading

    # --- strict: all of these raise `InvalidRecord` for a value of another kind ------------------

    def has_all(self, *names: str) -> bool:
        """Whether all of these fields are there, in either case."""
        return all(self.has(name) for name in names)

    def has(self, *names: str) -> bool:
        """Whether any of these fields is there, in either case."""
        return self._first(names)[1] is not None

    def spelled(self, name: str) -> str:
        """How a field is written here, in whatever case; the name itself where there is none."""
        word = name.lower()
        return next((each for each in self._fields if each.strip().lower() == word), name)

    def get(self, name: str) -> object:
        """Whatever stands there, for another reader; None when nothing does."""
        return self._fields.get(name)

    def text(self, *names: str) -> str | None:
        """A text, such as an id; an integer is read as one."""
        name, value = self._first(names)
        if value is None or isinstance(value, str):
            return value
        if is_whole(value):
            return str(int(value))
        raise self.wrong(name, "a string", kind_of(value))

    def texts(self, *names: str) -> list[str]:
        """An array of texts, or a single one; empty when there is nothing."""
        name, value = self._first(names)
        if not isinstance(value, list):
            one = self.text(name)
            return [] if one is None else [one]
        item = self._node(numbered(name, value), self.path)
        return [text for each in item._fields if (text := item.text(each)) is not None]

    def required(self, *names: str) -> str:
        """A text that must be there."""
        text = self.text(*names)
        if text is None:
            raise self.missing(names[0], "a string")
        return text

    def id(self, *names: str) -> str:
        """An id that must be there, bare (see `schemas.adapters.ids`)."""
        text = self.text(*names)
        bare = None if text is None else bare_id(text)
        if not bare:
            raise self.missing(names[0], "a string")
        if bare != text:
            self.corrected(self._first(names)[0], text, quoted(bare))
        return bare

    def choice(self, name: str, known: Mapping[str, str]) -> str:
        """What one of the known words stands for; they are in small letters here."""
        word = self.required(name)
        found = known.get(word.strip().lower())
        if found is None:
            detail = f"{self.at(name)}: expected {one_of(known)}, got {quoted(word)}"
            raise InvalidRecord("unknown_value", detail)
        return found

    def event_name(self, name: str) -> str:
        """A text that must be there, in small letters and without blanks around it."""
        return self.required(name).strip().lower()

    def number(self, *names: str) -> float | None:
        """A number, or a text that is one as JSON writes it."""
        name, value = self._first(names)
        if value is None and self.get(name) in PLACEHOLDERS:
            value = self.get(name)
        if isinstance(value, str):
            value = plain_number(value)
            if value is None:
                raise self.wrong(name, "a number", "a string")
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        raise self.wrong(name, "a number", kind_of(value))

    def child(self, name: str) -> "Node":
        """An object, also as JSON in a text; an empty one where there is none.

        PHP writes an empty object as an empty array.
        """
        name, value = self._first((name,))
        value = self._array_in(name, value)
        if value is None or value == []:
            value = {}
        if not isinstance(value, dict):
            raise self.wrong(name, "an object", kind_of(value))
        return self._node(value, self.at(name))

    def children(self, *names: str) -> "list[Node]":
        """An array of objects, or a single one; empty when there is nothing."""
        name, value = self._first(names)
        if value is None:
            return []
        if isinstance(value, dict):
            return [self._node(value, self.at(name))]
        if not isinstance(value, list):
            raise self.wrong(name, "an array", kind_of(value))
        items = self._node(numbered(name, value), self.path)
        return [items.child(field) for field in items._fields]

    def some(self, *names: str) -> "list[Node]":
        """An array of at least one object."""
        found = self.children(*names)
        if not found:
            raise self.missing(names[0], "an array of at least one")
        return found

    # --- lenient: what cannot be read is left out and noted --------------------------------------

    def attribute(self, *names: str) -> str | None:
        """An optional text, such as a brand."""
        try:
            return self.text(*names)
        except InvalidRecord:
            self.left_out(*names)
            return None

    def words(self, *names: str) -> list[str]:
        """An optional array of texts, or a single one, in capitals."""
        if not self.has(*names):
            return []
        try:
            return [word.upper() for word in self.ids(*names)]
        except InvalidRecord:
            self.left_out(*names)
            return []

    def person(self, *names: str) -> list[str]:
        """The ids by which an optional field knows the person: bare, and as they stand there."""
        name, value = self._first(names)
        if isinstance(value, str) and value.lstrip()[:1] == "[":
            value = self._array_in(name, value)
        found: list[str] = []
        for each in value if isinstance(value, list) else [value]:
            alone = self._node({name: each}, self.path)
            text = each if isinstance(each, str) else alone.attribute(name)
            if text is not None:
                bare = bare_id(text)
                found += [text] if bare == text else [bare, text]
        return found

    def ids(self, *names: str) -> list[str]:
        """An optional array of ids; one that came as a text with commas is split.

        In an array only a comma and a blank show that its entry is more than one id.
        """
        name, value = self._first(names)
        value = self._array_in(name, value)
        if value is None:
            return []
        if isinstance(value, dict) and are_numbered(value):
            value = list(value.values())
        if isinstance(value, str):
            value = without_brackets(value)
        is_array = isinstance(value, list)
        parts: list[object] = []
        for each in value if is_array else [value]:
            pieces = each.split(", " if is_array else ",") if isinstance(each, str) else [each]
            parts += map(str.strip, pieces) if len(pieces) > 1 else pieces
        if len(parts) == 1 and not is_array:
            return [self.id(name)]
        if not is_array or len(parts) > len(value):
            self.corrected(name, value, f"{len(parts)} ids")
        items = self._node(numbered(name, parts), self.path)
        return self.reading.kept(items._fields, lambda field: [items.id(field)])

    def price(self, *names: str) -> float | None:
        """An optional number, or a text that is one (see `schemas.adapters.numbers`)."""
        name, value = self._first(names)
        number = amount_of(value, is_price=True)
        if number is None and value is not None:
            self.left_out(name)
        elif isinstance(value, str) and plain_number(value) is None:
            self.corrected(name, value, str(number))
        return number

    def quantity(self, name: str) -> int | None:
        """An optional number of pieces; parts of one count as one more, as of goods by weight."""
        name, value = self._first((name,))
        number = amount_of(value, is_price=False)
        if number is None or abs(number) > INT64_MAX:
            if value is not None:
                self.left_out(name)
            return None
        exact = round(number, 6)  # 0.1 and 0.2 are a little more than 0.3
        pieces = ceil(exact) if exact > 0 else floor(exact)
        if pieces != number or (isinstance(value, str) and plain_number(value) is None):
            self.corrected(name, value, str(pieces))
        return pieces

    def time(self, *names: str, unit: Unit = MILLISECONDS) -> int | None:
        """The first plausible time (see `schemas.adapters.times`), in epoch milliseconds.

        None where there is none: then the time of the envelope counts, or the record's own.
        """
        now = self.reading.timestamp
        passed: list[tuple[str, object]] = []
        ms: int | None = None
        for name in spellings(names):
            value = self._fields.get(name)
            if value in NOTHING:
                continue
            moment = moment_of(value, unit, now)
            if moment is None:
                passed.append((name, value))
                continue
            ms = moment.ms
            if not moment.is_as_written:
                self.corrected(name, value, shown(ms))
            break
        for name, value in passed:
            instead = OWN_TIME if ms is None else shown(ms)
            if is_time(value):
                self.corrected(name, value, instead)
            else:
                self._note("left_out", name, value, instead)
        return ms

    def is_negative(self, *names: str) -> bool:
        """Whether an optional amount is below zero; one that cannot be read is not worth a note."""
        return (amount_of(self._first(names)[1], is_price=True) or 0) < 0

    def consent(self, *names: str) -> bool | None:
        """An optional flag: whether something is allowed."""
        name, value = self._first(names)
        if value is None:
            return None
        answer = answer_of(value)
        if answer is None and not is_unsaid(value):
            self.left_out(name)
        return answer

    def part(self, name: str) -> "Node":
        """An optional object; an empty one where there is none."""
        try:
            return self.child(name)
        except InvalidRecord:
            self.left_out(name)
            return self._node({}, self.at(name))

    def entries(self, *names: str, of: str | None = None) -> "list[Node]":
        """An array of objects, or a single one, to be read by `Reading.kept`; empty without one.

        An object of objects is an array too: PHP writes one with gaps so, and shops name lines
        after products. Where `of` names a field, an id may stand for an object that has it. What
        is no object raises `InvalidRecord` once a field of it is read.
        """
        name, value = self._first(names)
        value = self._array_in(name, value)
        if value is None:
            return []
        if of is not None and isinstance(value, str):
            return [self._stands_for(name, each, of) for each in self.ids(name)]
        if isinstance(value, dict):
            if not (are_numbered(value) or are_objects(value)):
                return [self._node(value, self.at(name))]
            path = "{}.{}" if are_numbered(value) else "{}[{}]"
            members = {path.format(name, key): each for key, each in value.items()}
        elif isinstance(value, list):
            members = numbered(name, value)
        else:
            raise self.wrong(name, "an array", kind_of(value))
        if not all(isinstance(each, str) or is_whole(each) for each in members.values()):
            of = None  # beside objects a text is no id: gift wrap, delivery
        return [self._entry(field, each, of) for field, each in members.items()]

    def some_entries(self, *names: str, of: str | None = None) -> "list[Node]":
        """The same, of at least one."""
        found = self.entries(*names, of=of)
        if not found:
            raise self.missing(names[0], "an array of at least one")
        return found

    # --- notes and errors ------------------------------------------------------------------------

    def at(self, name: str) -> str:
        """The path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def corrected(self, name: str, got: object, became: str) -> None:
        """Note that something else counts than what stands there."""
        self._note("corrected", name, got, became)

    def derived(self, name: str, became: str) -> None:
        """Note that something counts where nothing stands."""
        self._note("derived", name, None, became)

    def left_out(self, *names: str) -> None:
        """Note that what stands there does not count."""
        name, value = self._first(names)
        self._note("left_out", name, value, None)

    def missing(self, name: str, expected: str) -> InvalidRecord:
        """The error of a field that must be there."""
        return InvalidRecord("missing_field", f"{self.at(name)}: expected {expected}, got nothing")

    def wrong(self, name: str, expected: str, got: str) -> InvalidRecord:
        """The error of a field that holds something else."""
        return InvalidRecord("wrong_type", f"{self.at(name)}: expected {expected}, got {got}")

    def _first(self, names: tuple[str, ...]) -> tuple[str, Any]:
        get = self._fields.get
        value = get(names[0])
        if value is not None and value not in NOTHING:
            return names[0], value
        for name in spellings(names):
            value = get(name)
            if value is not None and value not in NOTHING:
                return name, value
        return names[0], None

    def _array_in(self, name: str, value: Any) -> Any:
        """The array or object that came as a text of JSON."""
        if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
            try:
                found = orjson.loads(value)
            except orjson.JSONDecodeError:
                return value
            self.corrected(name, value, kind_of(found))
            return found
        return value

    def _entry(self, field: str, value: object, of: str | None) -> "Node":
        value = self._array_in(field, value)
        if isinstance(value, dict):
            return self._node(value, self.at(field))
        if of is not None and (isinstance(value, str) or is_whole(value)):
            return self._stands_for(field, value, of)
        error = self.wrong(field, "an object", kind_of(value))
        return self._node(NoObject(error), self.at(field))

    def _stands_for(self, field: str, value: object, of: str) -> "Node":
        self.corrected(field, value, f"an object with this {of}")
        return self._node({of: value}, self.at(field))

    def _node(self, fields: Mapping[str, object], path: str) -> "Node":
        return Node(fields, path, self.reading)

    def _note(self, kind: Kind, name: str, got: object, became: str | None) -> None:
        note = Note(kind, self.at(name), in_words(got), became)
        if note not in self.reading.notes:  # what is read more than once
            self.reading.notes.append(note)
