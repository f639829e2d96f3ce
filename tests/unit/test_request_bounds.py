"""A request is refused for its many values before it is read."""

from typing import Any

import orjson
import pytest

from schemas.decoding import InvalidRecord
from streams.view.bounds import require_few_values

CANDIDATE: dict[str, Any] = {
    "product_id": "tv-55-black",
    "item_group_id": "tv-55",
    "categories": ["Electronics", "Electronics.TV", "Electronics.TV.OLED"],
    "brand": "Lumen",
    "advertiser_id": "lumen.example",
    "price": 899.9,
    "interest_at": 1_700_000_000_000,
    "basis": "observed",
}


def test_as_many_candidates_as_there_may_be_have_room_for_all_their_attributes() -> None:
    require_few_values(orjson.dumps({"candidates": [CANDIDATE] * 2_000}), 2_000)


@pytest.mark.parametrize("value", [b"[" * 2_000, b"{" * 2_000, b"," * 2_000, b"[{}," * 1_000])
def test_more_values_than_candidates_may_have_are_refused(value: bytes) -> None:
    with pytest.raises(InvalidRecord, match="too_large: value: expected at most 1,012 JSON values"):
        require_few_values(value, 1)


def test_long_texts_are_no_values() -> None:
    require_few_values(orjson.dumps({"user_id": "a" * 100_000}), 1)
