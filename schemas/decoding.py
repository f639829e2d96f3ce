"""Reading records: a typed record, or the code and the words for why not (SPEC 2 and 7).

A valid record costs one JSON parse and one conversion. Only a record that does not fit at once is
looked at closely: nulls are taken as absent, and if it still does not fit, `schemas.explain` says
what is wrong. Problems are reported in this order: the value as a whole, whom it is about, its
other fields, its key, its time.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar, cast

import orjson
from msgspec import Struct, ValidationError, convert

from schemas.explain import Problem, first_problem, kind_of, quoted
from schemas.outputs import ErrorCode
from schemas.records import Event, Product
from schemas.rules import dismissal_problem, purchase_problem, without_ignored_fields
from schemas.topics import PERSON_TOPICS, TOPICS

MAX_VALUE_BYTES = 1_048_576
MAX_FUTURE_MS = 86_400_000

Fields = dict[str, object]
Record = TypeVar("Record", bound=Struct)


class InvalidRecord(Exception):
    """A record breaks the contract.

    Attributes:
        code: the error code of SPEC 7.
        detail: the field's path and what was wrong, in words.

    """

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(code, detail)
        self.code: ErrorCode = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


ProblemOf = Callable[[Mapping[str, object]], Problem | None]


class _Rules(NamedTuple):
    """How the values of a topic are read, apart from their type."""

    record_type: type[Event]
    prepare: Callable[[Fields], Fields] | None = None
    problem: ProblemOf | None = None


_RULES: dict[str, tuple[Callable[[Fields], Fields] | None, ProblemOf]] = {
    "purchases": (without_ignored_fields, purchase_problem),
    "dismissals": (None, dismissal_problem),
}
_PERSON_RECORDS = {
    name: _Rules(cast(type[Event], TOPICS[name].record), *_RULES.get(name, ()))
    for name in PERSON_TOPICS
}


def decode(topic: str, key: bytes | None, value: bytes | None, timestamp: int) -> Event:
    """Read a record of a person topic.

    `user_id` is filled in from the key and `ts` from the timestamp where the value has none.

    Args:
        topic: the topic's default name.
        key: the record's key as received.
        value: the record's value as received.
        timestamp: the record's timestamp in epoch milliseconds.

    Raises:
        InvalidRecord: the record breaks SPEC 2.
        KeyError: the topic is not a person topic.

    """
    record_type, prepare, problem_of = _PERSON_RECORDS[topic]
    fields = parse_object(value)
    is_keyed = fields.get("user_id") is None
    if is_keyed:
        fields["user_id"] = _identity(fields, "user_id", key)
    if fields.get("ts") is None:
        fields["ts"] = timestamp
    if prepare is not None:
        fields = prepare(fields)
    try:
        event = convert(fields, record_type)
    except ValidationError:
        _identity(fields, "user_id", key)  # what it is about comes first, as in the catalog
        event = _convert_closely(fields, record_type, problem_of)
    if problem_of is not None and (problem := problem_of(fields)) is not None:
        raise _invalid(problem)
    if not is_keyed and key is not None and event.user_id.encode() != key:
        raise _key_mismatch("user_id", key, event.user_id)
    if event.ts - timestamp > MAX_FUTURE_MS:
        raise _future_timestamp(event.ts, timestamp)
    return event


def decode_product(key: bytes | None, value: bytes | None) -> tuple[str, Product | None]:
    """Read a record of the catalog: the product's id, and the product or None if it is removed.

    The id may stand in the key, in the value's `product_id`, or in both. The JSON value `null`
    removes a product as a null value does, since a recording cannot tell the two apart.

    Raises:
        InvalidRecord: the record breaks SPEC 2.

    """
    fields = parse(value)
    if fields is not None and not isinstance(fields, dict):
        raise _not_an_object(fields)
    product_id = _identity(fields or {}, "product_id", key)
    if fields is None:
        return product_id, None
    try:
        product = convert(fields, Product)
    except ValidationError:
        product = _convert_closely(fields, Product, None)
    if key is not None and product_id.encode() != key:
        raise _key_mismatch("product_id", key, product_id)
    return product_id, product


def parse(value: bytes | None) -> object:
    """Read a value as JSON; no value is None. Raises `InvalidRecord`."""
    if value is None:
        return None
    if len(value) > MAX_VALUE_BYTES:
        said = f"expected at most {MAX_VALUE_BYTES:,} bytes, got {len(value):,}"
        raise InvalidRecord("too_large", f"value: {said}")
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        said = f"expected JSON in UTF-8, got something else at character {error.pos + 1}"
        raise InvalidRecord("not_json", f"value: {said}") from None


def parse_object(value: bytes | None) -> Fields:
    """Read a value as a JSON object. Raises `InvalidRecord`."""
    fields = parse(value)
    if not isinstance(fields, dict):
        raise _not_an_object(fields)
    return fields


def _identity(fields: Fields, name: str, key: bytes | None) -> str:
    """Whom or what the record is about, by the value or else by the key."""
    said = fields.get(name)
    if isinstance(said, str):
        return said
    if said is not None:
        raise InvalidRecord("wrong_type", f"{name}: expected a string, got {kind_of(said)}")
    if key is None:
        detail = f"{name}: expected in the value or as the key, got neither"
        raise InvalidRecord("missing_field", detail)
    try:
        return key.decode()
    except UnicodeDecodeError:
        raise InvalidRecord("wrong_type", "key: expected UTF-8 text") from None


def _convert_closely(
    fields: Fields, record_type: type[Record], problem_of: ProblemOf | None
) -> Record:
    try:
        return convert(_without_nulls(fields), record_type)
    except ValidationError as error:
        ruled = None if problem_of is None else problem_of(fields)
        problem = first_problem(record_type, fields, ruled)
        # A gap in the explanation must not stop a worker: then msgspec's own words have to do.
        raise _invalid(problem or Problem("value", "wrong_type", str(error))) from None


def _without_nulls(fields: Fields) -> Fields:
    """Drop null members. No record nests deeper than an object in a list of an object."""
    return {
        name: [_members(item) for item in value] if isinstance(value, list) else value
        for name, value in fields.items()
        if value is not None
    }


def _members(item: object) -> object:
    if not isinstance(item, dict):
        return item
    return {name: value for name, value in item.items() if value is not None}


def _invalid(problem: Problem) -> InvalidRecord:
    return InvalidRecord(problem.code, problem.detail)


def _not_an_object(value: object) -> InvalidRecord:
    return InvalidRecord("not_an_object", f"value: expected an object, got {kind_of(value)}")


def _key_mismatch(name: str, key: bytes, said: str) -> InvalidRecord:
    try:
        expected = quoted(key.decode())
    except UnicodeDecodeError:
        expected = "which is not UTF-8 text"
    detail = f"{name}: expected the record's key, {expected}, got {quoted(said)}"
    return InvalidRecord("key_mismatch", detail)


def _future_timestamp(ts: int, timestamp: int) -> InvalidRecord:
    detail = f"ts: expected at most 24 hours after the record's timestamp {timestamp}, got {ts}"
    return InvalidRecord("future_timestamp", detail)
