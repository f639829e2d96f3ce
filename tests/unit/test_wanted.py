"""What is wanted of a topic when it is recorded."""

import pytest

from streams.recording.live.wanted import Wanted

NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    ("timestamp", "is_wanted"), [(NOW - 1, False), (NOW, True), (NOW + 9, True), (NOW + 10, False)]
)
def test_a_range_of_time_has_its_beginning_and_not_its_end(timestamp: int, is_wanted: bool) -> None:
    wanted = Wanted(since=NOW, until=NOW + 10)
    assert wanted.includes("purchases", b"ann", b"{}", timestamp) is is_wanted


@pytest.mark.parametrize(
    ("key", "value", "is_wanted"),
    [
        (b"ann", b"{}", True),
        (b"ann", b"no JSON", True),
        (b"ann", None, True),
        (None, b'{"user_id": "ann"}', True),
        (b"bob", b'{"user_id": "ann"}', True),
        (b"ann", b'{"user_id": "bob"}', True),
        (None, b'{"user_id": "\\u0061nn"}', True),
        (b"bob", b'{"product_id": "ann"}', False),
        (b"bob", b'{"user_id": ["ann"]}', False),
        (b"bob", b'"ann"', False),
        (b"\xff", b"\xff", False),
        (None, b"[" * 100_000, False),
        (None, None, False),
    ],
)
def test_a_record_is_a_persons_when_its_key_or_its_value_names_them(
    key: bytes | None, value: bytes | None, is_wanted: bool
) -> None:
    assert Wanted(persons=frozenset({"ann"})).includes("purchases", key, value, NOW) is is_wanted


def test_the_catalog_is_wanted_whole_whoever_is_named() -> None:
    assert Wanted(persons=frozenset({"ann"})).includes("catalog", b"mug-7", b"{}", NOW)
