"""What decoding reads and refuses of statements about ids, and of what ids share (SPEC 9)."""

from typing import Any

import orjson
import pytest

from schemas.decoding import InvalidRecord, decode
from schemas.records import EventGroup, Identity, Share
from schemas.rules import blocked_problem, without_blocked
from tests.builders import NOW, impression

SHARE = {"user_id": "ann", "ts": 5, "sender": "phone", "direction": "up"}


def share(**fields: Any) -> Share:
    decoded = decode("shares", b"ann", orjson.dumps(SHARE | fields), NOW)
    assert isinstance(decoded, Share)
    return decoded


def refusal(topic: str, key: bytes | None, value: bytes | None) -> tuple[str, str]:
    with pytest.raises(InvalidRecord) as refused:
        decode(topic, key, value, NOW)
    return refused.value.code, refused.value.detail


# --- statements ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [b"", b"ann"])
def test_an_id_that_is_empty_or_the_same_is_refused_wherever_it_stands(key: bytes) -> None:
    said = b'{"event_id":"e","action":"linked","person_id":"ann"}'
    code, detail = refusal("identities", key, said)
    assert code == "unknown_value"
    assert detail.split(":")[0] == ("person_id" if key else "user_id")


def test_who_signs_out_may_be_named() -> None:
    said = b'{"event_id":"e","action":"signed_out","person_id":"ann"}'
    decoded = decode("identities", b"phone", said, NOW)
    assert isinstance(decoded, Identity)
    assert decoded.person_id == "ann"


@pytest.mark.parametrize(
    ("user_id", "person_id", "path"),
    [("Guest", "ann", "user_id"), ("phone", "GUEST", "person_id"), ("phone", "ann", None)],
)
def test_an_id_that_the_policy_blocks_is_found(
    user_id: str, person_id: str, path: str | None
) -> None:
    said = Identity(event_id="e", user_id=user_id, action="linked", person_id=person_id)
    others = Identity(event_id="f", user_id=user_id, action="signed_out")
    group = EventGroup(user_id, NOW, [others, said])
    for found in (said, group):
        problem = blocked_problem(found, lambda each: each.lower() == "guest")
        assert (problem and problem.path) == path
        assert problem is None or problem.code == "unknown_value"


def test_what_else_came_with_a_statement_about_nobody_counts() -> None:
    said = Identity(event_id="e", user_id="phone", action="linked", person_id="guest", ts=NOW)
    shown, seen = impression(user_id="phone"), impression("i2", user_id="phone", ts=NOW + 1)

    def left(*events: Any) -> Any:
        return without_blocked(
            EventGroup("phone", NOW + 1, list(events)), lambda each: each == "guest"
        )

    assert left(said, shown) == shown
    assert left(said, shown, seen) == EventGroup("phone", NOW + 1, [shown, seen])
    assert left(shown, seen) == EventGroup("phone", NOW + 1, [shown, seen])
    assert left(said, said) == blocked_problem(said, lambda each: each == "guest")


# --- shares --------------------------------------------------------------------------------------


def test_a_share_is_read_with_its_facts_as_they_are() -> None:
    read = share(whole=True, stated=[NOW, "s1"], put={"lines": [1]})
    assert (read.user_id, read.sender, read.ts, read.whole) == ("ann", "phone", 5, True)
    assert read.stated == (NOW, "s1")
    assert orjson.loads(bytes(read.put)) == {"lines": [1]}


def test_the_time_of_a_share_is_a_clock_which_may_be_far_from_its_record() -> None:
    assert share(ts=1).ts == 1
    assert share(ts=NOW * 2).ts == NOW * 2


def test_a_share_may_nest_more_than_what_senders_write() -> None:
    assert share(put={"lines": [{} for _ in range(2_000)]}).direction == "up"


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        (b"ann", None, "not_an_object"),
        (b"ann", b"{", "not_json"),
        (b"ann", b"[]", "wrong_type"),
        (b"ann", orjson.dumps(SHARE | {"direction": "across"}), "wrong_type"),
        (b"ann", orjson.dumps({"user_id": "ann"}), "wrong_type"),
        (b"bob", orjson.dumps(SHARE), "key_mismatch"),
        (b"ann", b" " * 1_048_577, "too_large"),
    ],
)
def test_what_is_no_share_is_refused(key: bytes, value: bytes | None, code: str) -> None:
    assert refusal("shares", key, value)[0] == code
