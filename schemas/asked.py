"""A request for a decision as ad servers ask for it: on a person by one id, or by several."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, cast

from msgspec import Struct
from msgspec.json import Decoder

from schemas.decoding import InvalidRecord, decode, parse_object
from schemas.problems import kind_of, quoted
from schemas.records import Request

MOST_IDS: Final = 20
"""Of one person, in one request: their lists may be long, and are all read."""


class Asked(NamedTuple):
    """A request on a person, and the other ids that the person is asked for by."""

    request: Request
    """Its `user_id` is the first of the ids: the holdout goes by that."""
    other_ids: Sequence[str] = ()


def read_asked(value: bytes, now: int) -> Asked:
    """Read a request as on `impression-requests`, with `user_ids` in the place of `user_id` or not.

    `now` is its time where it does not say, in epoch milliseconds. Raises `InvalidRecord`.
    """
    user_ids = _user_ids(value)
    key = user_ids[0].encode() if user_ids else None
    return Asked(cast(Request, decode("impression-requests", key, value, now)), user_ids[1:])


class _Ids(Struct):
    user_id: Any = None
    user_ids: Any = None


_IDS: Final = Decoder(_Ids)


def _user_ids(value: bytes) -> list[str]:
    """The ids in `user_ids`, each once; none where it is absent. Raises `InvalidRecord`."""
    try:
        ids = _IDS.decode(value)
    except (ValueError, RecursionError):
        fields = parse_object(value)
        ids = _Ids(fields.get("user_id"), fields.get("user_ids"))
    user_ids = ids.user_ids
    if user_ids is None:
        if ids.user_id is None:
            detail = "user_id: expected an id of the person, or several in user_ids, got neither"
            raise InvalidRecord("missing_field", detail)
        return []
    if not isinstance(user_ids, list):
        detail = f"user_ids: expected an array, got {kind_of(user_ids)}"
        raise InvalidRecord("wrong_type", detail)
    if ids.user_id is not None:
        detail = "user_ids: expected in the place of user_id, got both"
        raise InvalidRecord("unknown_value", detail)
    if not user_ids:
        raise InvalidRecord("missing_field", "user_ids: expected at least one, got none")
    if len(user_ids) > MOST_IDS:
        detail = f"user_ids: expected at most {MOST_IDS}, got {len(user_ids):,}"
        raise InvalidRecord("too_large", detail)
    _require_different_texts(user_ids)
    return user_ids


def _require_different_texts(user_ids: list[Any]) -> None:
    seen: set[str] = set()
    for number, user_id in enumerate(user_ids):
        at = f"user_ids[{number}]"
        if not isinstance(user_id, str):
            raise InvalidRecord("wrong_type", f"{at}: expected a string, got {kind_of(user_id)}")
        if user_id in seen:
            detail = f"{at}: expected each once, got {quoted(user_id)} again"
            raise InvalidRecord("unknown_value", detail)
        seen.add(user_id)
