"""Reading records: a typed record, or the code and the words for why not (SPEC 2 and 7).

A record as it should be costs one typed JSON parse. One that the typed decoder refuses, or that
only looks right to it, is read closely: by orjson, with nulls taken as absent. If it still does not
fit, `schemas.problems` says what is wrong. Close reading alone decides what is refused and why;
what is read typed is what it would have read. (One thing is not looked at: a number that is too
large for any reader, in a field beyond the contract, is passed over like the field.)

Problems are reported in this order: the value as a whole, whom it is about, its other fields, its
key, its time.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar, cast, final

import orjson
from msgspec import Struct, ValidationError, convert
from msgspec.json import Decoder

from schemas.fields import INT64_MAX
from schemas.outputs import ErrorCode
from schemas.problems import Problem, first_problem, kind_of, quoted
from schemas.records import (
    NO_TIME,
    NO_USER,
    Dismissal,
    Event,
    Identity,
    Product,
    Purchase,
    Request,
    Share,
)
from schemas.rules import (
    REASONS_WITHOUT_TARGET,
    SIGNED_OUT,
    WITHOUT_PRODUCTS,
    dismissal_problem,
    identity_problem,
    purchase_problem,
    without_ignored_fields,
    without_nulls,
)
from schemas.topics import SHARES, TOPICS

MAX_VALUE_BYTES = 1_048_576
MAX_FUTURE_MS = 86_400_000
MAX_PAST_MS = 3_653 * 86_400_000

INT64_MIN: Final = -(2**63)
UINT64_MAX: Final = 2**64 - 1

SHALLOW_BYTES: Final = 2_048
"""A value of fewer bytes cannot nest as deep as orjson refuses to read."""

DEEPEST: Final = 1_000
"""A value with no more openings of arrays and objects does not nest that deep either."""

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


@final
class _PersonTopic:
    """How the values of a person topic are read."""

    __slots__ = ("decode", "is_right", "prepare", "problem_of", "record_type")

    def __init__(
        self,
        record_type: type[Event],
        is_right: Callable[[Event], bool],
        prepare: Callable[[Fields], Fields] | None,
        problem_of: ProblemOf | None,
    ) -> None:
        self.record_type = record_type
        self.decode: Callable[[bytes], Event] = Decoder(record_type).decode
        self.is_right = is_right
        """Whether a record that was read typed keeps what its type alone cannot say."""
        self.prepare = prepare
        self.problem_of = problem_of


def decode(topic: str, key: bytes | None, value: bytes | None, timestamp: int) -> Event | Share:
    """Read a record of a person topic, or of the topic of shares.

    `user_id` is filled in from the key and `ts` from the timestamp where the value has none; a
    share has both.

    Args:
        topic: the topic's default name.
        key: the record's key as received.
        value: the record's value as received.
        timestamp: the record's timestamp in epoch milliseconds.

    Raises:
        InvalidRecord: the record breaks SPEC 2.
        KeyError: the topic is none of these.

    """
    if topic == SHARES:
        return _decode_share(key, value)
    reading = _PERSON_TOPICS[topic]
    if value is None or (len(value) > SHALLOW_BYTES and not _is_shallow(value)):
        return decode_closely(topic, key, value, timestamp)
    try:
        event = reading.decode(value)
        if not value.isascii():
            value.decode()  # what the decoder passes over may be no UTF-8
        user_id = event.user_id
        if user_id is NO_USER:
            is_right = key is not None
            if key is not None:
                event.user_id = key.decode()
        else:
            is_right = key is None or user_id.encode() == key
    except (ValueError, RecursionError):
        return decode_closely(topic, key, value, timestamp)
    ts = event.ts
    if ts == NO_TIME:
        event.ts = timestamp
        is_right = is_right and timestamp <= INT64_MAX
    elif ts < INT64_MIN or not -MAX_PAST_MS <= ts - timestamp <= MAX_FUTURE_MS:
        is_right = False
    if is_right and reading.is_right(event):
        return event
    return decode_closely(topic, key, value, timestamp)


def _is_shallow(value: bytes) -> bool:
    """Whether a value is no larger and nests no deeper than may be read."""
    return len(value) <= MAX_VALUE_BYTES and value.count(b"[") + value.count(b"{") <= DEEPEST


def _is_as_read(number: float | None) -> bool:
    """Whether orjson reads a number with the same type: beyond 64 bits, integers become floats."""
    return not isinstance(number, int) or INT64_MIN <= number <= UINT64_MAX


def _is_right_request(event: Event) -> bool:
    assert isinstance(event, Request)
    for candidate in event.candidates:
        interest, price = candidate.interest_at, candidate.price
        if interest is not None and interest < INT64_MIN:
            return False
        if price is not None and not _is_as_read(price):
            return False
    return True


def _is_right_purchase(event: Event) -> bool:
    assert isinstance(event, Purchase)
    products = event.products
    if event.event in WITHOUT_PRODUCTS:
        event.products = None
        return True
    if products is None:
        return event.event != "order_completed"
    for product in products:
        if product.price is not None and not _is_as_read(product.price):
            return False
    return True


def _is_right_dismissal(event: Event) -> bool:
    assert isinstance(event, Dismissal)
    product_id, category = event.product_id, event.category
    brand, advertiser_id = event.brand, event.advertiser_id
    if event.action == "dismissed":
        reason = event.reason
        if reason is None:
            return False
        if (
            product_id is None
            and category is None
            and brand is None
            and advertiser_id is None
            and reason not in REASONS_WITHOUT_TARGET
        ):
            return False
    if category is not None:
        has_one_target = product_id is None and brand is None and advertiser_id is None
    else:
        has_one_target = product_id is not None or brand is None or advertiser_id is None
    return has_one_target and _is_as_read(event.price)


def _is_right_identity(event: Event) -> bool:
    assert isinstance(event, Identity)
    user_id, person_id = event.user_id, event.person_id
    if person_id is None:
        return event.action == SIGNED_OUT and user_id != ""
    return user_id != "" and person_id not in ("", user_id)


def _is_right_by_type(event: Event) -> bool:  # noqa: ARG001 -- of some, the type says everything
    return True


def _person_topic(
    name: str,
    is_right: Callable[[Event], bool],
    prepare: Callable[[Fields], Fields] | None = None,
    problem_of: ProblemOf | None = None,
) -> _PersonTopic:
    return _PersonTopic(cast(type[Event], TOPICS[name].record), is_right, prepare, problem_of)


_PERSON_TOPICS: Final[Mapping[str, _PersonTopic]] = {
    "identities": _person_topic("identities", _is_right_identity, None, identity_problem),
    "preferences": _person_topic("preferences", _is_right_by_type),
    "purchases": _person_topic(
        "purchases", _is_right_purchase, without_ignored_fields, purchase_problem
    ),
    "dismissals": _person_topic("dismissals", _is_right_dismissal, None, dismissal_problem),
    "impressions": _person_topic("impressions", _is_right_by_type),
    "impression-requests": _person_topic("impression-requests", _is_right_request),
}


_SHARE: Final = Decoder(Share)


def decode_closely(topic: str, key: bytes | None, value: bytes | None, timestamp: int) -> Event:
    """Read a record as `decode` does, as JSON first. It takes twice as long, and knows nulls.

    Raises `InvalidRecord` with the first of the record's problems.
    """
    reading = _PERSON_TOPICS[topic]
    fields = parse_object(value)
    is_keyed = fields.get("user_id") is None
    if is_keyed:
        fields["user_id"] = _identity(fields, "user_id", key)
    if fields.get("ts") is None:
        fields["ts"] = timestamp
    if reading.prepare is not None:
        fields = reading.prepare(fields)
    problem_of = reading.problem_of
    try:
        event = convert(fields, reading.record_type)
    except ValidationError:
        _identity(fields, "user_id", key)  # what it is about comes first, as in the catalog
        event = _convert_closely(fields, reading.record_type, problem_of)
    if problem_of is not None and (problem := problem_of(fields)) is not None:
        raise _invalid(problem)
    if not is_keyed and key is not None and event.user_id.encode() != key:
        raise _key_mismatch("user_id", key, event.user_id)
    if event.ts - timestamp > MAX_FUTURE_MS:
        raise _future_timestamp(event.ts, timestamp)
    if timestamp - event.ts > MAX_PAST_MS:
        raise _past_timestamp(event.ts, timestamp)
    return event


def _decode_share(key: bytes | None, value: bytes | None) -> Share:
    """What one of our own tasks wrote; its time is a clock, which may be far from the record's."""
    if value is None or len(value) > MAX_VALUE_BYTES:
        parse_object(value)  # which says what is wrong
    try:
        share = _SHARE.decode(value or b"")
    except (ValueError, RecursionError) as error:
        code: ErrorCode = "wrong_type" if isinstance(error, ValidationError) else "not_json"
        raise InvalidRecord(code, f"value: expected a share, got something else: {error}") from None
    if key is not None and share.user_id.encode() != key:
        raise _key_mismatch("user_id", key, share.user_id)
    return share


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
        message = f"expected at most {MAX_VALUE_BYTES:,} bytes, got {len(value):,}"
        raise InvalidRecord("too_large", f"value: {message}")
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        message = f"expected JSON in UTF-8, got something else at character {error.pos + 1}"
        raise InvalidRecord("not_json", f"value: {message}") from None


def parse_object(value: bytes | None) -> Fields:
    """Read a value as a JSON object. Raises `InvalidRecord`."""
    fields = parse(value)
    if not isinstance(fields, dict):
        raise _not_an_object(fields)
    return fields


def _identity(fields: Fields, name: str, key: bytes | None) -> str:
    """Whom or what the record is about, by the value or else by the key."""
    value = fields.get(name)
    if isinstance(value, str):
        return value
    if value is not None:
        raise InvalidRecord("wrong_type", f"{name}: expected a string, got {kind_of(value)}")
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
        return convert(without_nulls(fields), record_type)
    except ValidationError as error:
        ruled = None if problem_of is None else problem_of(fields)
        problem = first_problem(record_type, fields, ruled)
        # A gap in the explanation must not stop a worker: then msgspec's own words have to do.
        raise _invalid(problem or Problem("value", "wrong_type", str(error))) from None


def _invalid(problem: Problem) -> InvalidRecord:
    return InvalidRecord(problem.code, problem.detail)


def _not_an_object(value: object) -> InvalidRecord:
    return InvalidRecord("not_an_object", f"value: expected an object, got {kind_of(value)}")


def _key_mismatch(name: str, key: bytes, got: str) -> InvalidRecord:
    try:
        expected = quoted(key.decode())
    except UnicodeDecodeError:
        expected = "which is not UTF-8 text"
    detail = f"{name}: expected the record's key, {expected}, got {quoted(got)}"
    return InvalidRecord("key_mismatch", detail)


def _future_timestamp(ts: int, timestamp: int) -> InvalidRecord:
    detail = f"ts: expected at most 24 hours after the record's timestamp {timestamp}, got {ts}"
    return InvalidRecord("future_timestamp", detail)


def _past_timestamp(ts: int, timestamp: int) -> InvalidRecord:
    days = "milliseconds, at most 3,653 days before the record's timestamp"
    detail = f"ts: expected {days} {timestamp}, got {ts}"
    return InvalidRecord("past_timestamp", detail)
