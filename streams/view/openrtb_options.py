"""What an operator configures, since bid requests do not have it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from schemas.decoding import InvalidRecord, decode
from schemas.openrtb.bid_request import PLACES, USER_IDS
from streams.errors import UserError


class OpenRtbOptions(NamedTuple):
    """How bid requests are read (see `schemas.openrtb.bid_request`)."""

    persons: Sequence[str] = USER_IDS
    """The places whose ids name the person, all that are there together."""
    candidates: Sequence[Mapping[str, Any]] = ()
    """For impressions without candidates of their own."""


def require_places(persons: Sequence[str]) -> None:
    """Raises `UserError` for what can be neither a field of a bid request nor a source of ids."""
    objects = {place.partition(".")[0] for place in PLACES}
    for place in persons:
        if not place or (place.partition(".")[0] in objects and place not in PLACES):
            expected = f"{', '.join(PLACES)}, or the source of extended ids, such as id5-sync.com"
            raise UserError(f"--person: expected {expected}, got '{place}'")


def read_candidates(path: Path) -> list[Mapping[str, Any]]:
    """A JSON array of candidates as in a request of SPEC 2.

    Raises `UserError` when it is something else, and `OSError`.
    """
    try:
        candidates = orjson.loads(path.read_bytes())
        request = {"request_id": "", "user_id": "", "ts": 0, "candidates": candidates}
        decode("impression-requests", None, orjson.dumps(request), 0)
    except orjson.JSONDecodeError as error:
        raise UserError(f"{path}: expected a JSON array of candidates: {error}") from None
    except InvalidRecord as error:
        raise UserError(f"{path}: {error.detail}") from None
    return list(candidates)
