"""Rows of a table as events: each column stands at a path, such as `properties.order_id`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import orjson
from msgspec import inspect

from schemas.problems import without_null
from schemas.records import Candidate, OrderProduct
from schemas.topics import TOPICS

DEEPEST: Final = 20
"""A path has no more parts than that."""

_NUMBERS: Final = (inspect.IntType, inspect.FloatType, inspect.BoolType)


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What a table does not say of its columns itself."""

    names: Sequence[str] = ()
    """Of all columns in their order, where the first line does not name them."""
    renamed: Sequence[tuple[str, str]] = ()
    """Names of columns, each with the path at which it stands; one may stand at several."""
    constants: Sequence[tuple[str, str]] = ()
    """Paths, each with what stands there in every event."""

    @property
    def says_something(self) -> bool:
        """Whether anything of it was said."""
        return bool(self.names or self.renamed or self.constants)


NO_OPTIONS: Final = TableOptions()


class Columns:
    """Where the columns of a table stand in an event.

    A column is named after its path, or renamed to it. Parts of a path that are numbers are places
    in an array. A column without a name is left out, and so is an empty value.
    """

    def __init__(self, names: Sequence[str], options: TableOptions) -> None:
        """Raises `ValueError`, saying what was expected."""
        renamed: dict[str, list[str]] = {}
        for name, path in options.renamed:
            renamed.setdefault(name, []).append(path)
        missing = [name for name in renamed if name not in names]
        if missing:
            found = ", ".join(names)[:200] or "nothing"
            raise ValueError(f"no column {', '.join(missing)}; found {found}")
        self.count = len(names)
        self._paths = [
            (place, _parts(path))
            for place, name in enumerate(names)
            for path in renamed.get(name, [name] if name else [])
        ]
        self._constants = [(_parts(path), _value(path, text)) for path, text in options.constants]
        _refuse_overlaps(
            [*(parts for _, parts in self._paths), *(parts for parts, _ in self._constants)]
        )
        self._plain = {place for place, parts in self._paths if parts[-1] in PLAIN}

    def event(self, values: Sequence[object]) -> dict[str, Any]:
        """The event in a row."""
        tree: dict[str, Any] = {}
        for parts, value in self._constants:
            _put(tree, parts, value)
        for place, parts in self._paths:
            value = values[place]
            if value is not None and value != "":
                _put(tree, parts, value)
        return {name: _with_arrays(value) for name, value in tree.items()}

    def event_of_texts(self, texts: Sequence[str]) -> dict[str, Any]:
        """The event in a row of texts, of which some stand for something else.

        These are arrays and objects as JSON, and numbers in fields that are numbers in the
        contract: an id is a text, whatever it looks like.
        """
        return self.event([_read(text, place in self._plain) for place, text in enumerate(texts)])


def _value(path: str, text: str) -> object:
    return _read(text, _parts(path)[-1] in PLAIN)


def _numbers_of_the_contract() -> Iterator[str]:
    """The names of all fields of input records that hold a number or a boolean."""
    inputs = [topic.record for topic in TOPICS.values() if topic.direction == "in"]
    for described in map(inspect.type_info, [*inputs, Candidate, OrderProduct]):
        assert isinstance(described, inspect.StructType)
        for field in described.fields:
            if isinstance(without_null(field.type), _NUMBERS):
                yield field.encode_name


PLAIN: Final = frozenset(_numbers_of_the_contract())


def _read(text: str, is_plain: bool) -> object:
    is_container = text[:1] in ("[", "{")
    if not (is_container or is_plain):
        return text
    try:
        value = orjson.loads(text if is_container else text.strip().lower())
    except orjson.JSONDecodeError:
        return text
    return text if isinstance(value, str) or value is None else value


def _parts(path: str) -> tuple[str, ...]:
    parts = tuple(path.split("."))
    if not all(parts) or len(parts) > DEEPEST:
        raise ValueError(
            f"{path}: expected a path such as properties.order_id, of at most {DEEPEST} parts"
        )
    return parts


def _refuse_overlaps(paths: Iterable[tuple[str, ...]]) -> None:
    """Raises `ValueError` where one value would have to stand at, or in, another's place."""
    known: set[tuple[str, ...]] = set()
    for parts in sorted(paths):
        inside = [each for each in accumulate((part,) for part in parts) if each in known]
        if inside:
            place = ".".join(inside[0])
            raise ValueError(f"{'.'.join(parts)}: there is another value for {place}")
        known.add(parts)


class _Tree(dict[str, Any]):
    """An object that was made of paths, unlike one that is the value of a column."""


def _put(tree: dict[str, Any], parts: Sequence[str], value: object) -> None:
    for part in parts[:-1]:
        tree = tree.setdefault(part, _Tree())
    tree[parts[-1]] = value


def _with_arrays(value: Any) -> Any:
    """The same with arrays where all names are numbers."""
    if not isinstance(value, _Tree):
        return value
    items: Mapping[str, Any] = {name: _with_arrays(each) for name, each in value.items()}
    if all(name.isdecimal() for name in items):
        return [items[name] for name in sorted(items, key=int)]
    return dict(items)
