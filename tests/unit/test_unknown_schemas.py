"""Records that name schemas which nobody has registered do not keep a worker asking."""

import asyncio
import logging

import pytest

from schemas.decoding import InvalidRecord
from schemas.framing import SchemaId, framed
from streams.kafka.registry import unknown_schemas
from streams.kafka.registry.schema_registry import SchemaRegistry
from streams.kafka.registry.unknown_schemas import MOST_CALLS, UNKNOWN_SECONDS, UnknownSchemas
from tests.unit.test_registry_client import JSON_SCHEMA, NO_SUCH_SCHEMA, Fake, registry_at, served

KNOWN = 7
MADE_UP = range(1_000, 1_500)


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(unknown_schemas, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def answers() -> dict[str, object]:
    made_up = {f"/schemas/ids/{number}": NO_SUCH_SCHEMA for number in MADE_UP}
    return {**made_up, f"/schemas/ids/{KNOWN}": JSON_SCHEMA}


def decode_batch(registry: SchemaRegistry, *ids: int) -> list[bool]:
    """Load and decode records that name these schemas, as a worker does; whether each was read."""
    values = [framed(schema_id, b"{}") for schema_id in ids]
    missing = registry._missing([(value, ()) for value in values])
    assert asyncio.run(registry.load_schemas(missing, asyncio.Event(), lambda: None))
    return [is_read(registry, schema_id) for schema_id in ids]


def is_read(registry: SchemaRegistry, schema_id: SchemaId) -> bool:
    try:
        return registry[schema_id](b"{}") == b"{}"
    except InvalidRecord:
        return False


def calls(fake: Fake) -> int:
    return sum(path.startswith("/schemas/") for path in fake.asked)


def test_of_many_that_are_made_up_few_are_asked_for_and_none_twice(clock: Clock) -> None:
    with served(answers()) as fake:
        registry = registry_at(fake.url)
        assert not any(decode_batch(registry, *MADE_UP))
        assert calls(fake) == MOST_CALLS
        assert not any(decode_batch(registry, *MADE_UP))
        assert calls(fake) == MOST_CALLS


def test_after_a_while_they_may_be_asked_for_again(clock: Clock) -> None:
    with served(answers()) as fake:
        registry = registry_at(fake.url)
        decode_batch(registry, *MADE_UP)
        clock.now += UNKNOWN_SECONDS
        fake.answers[f"/schemas/ids/{MADE_UP[-1]}"] = JSON_SCHEMA
        assert decode_batch(registry, MADE_UP[-1]) == [True]


def test_a_schema_that_most_records_name_is_asked_for_before_those_that_are_made_up(
    clock: Clock,
) -> None:
    with served(answers()) as fake:
        registry = registry_at(fake.url)
        assert decode_batch(registry, *MADE_UP, KNOWN, KNOWN)[-2:] == [True, True]


def test_a_schema_that_is_known_is_read_however_many_are_made_up(clock: Clock) -> None:
    with served(answers()) as fake:
        registry = registry_at(fake.url)
        decode_batch(registry, KNOWN)
        assert decode_batch(registry, *MADE_UP, KNOWN)[-1]


def test_looking_one_up_by_itself_is_bounded_as_well(clock: Clock) -> None:
    """As the catalog is read when a worker starts, and a view reads lists."""
    with served(answers()) as fake:
        registry = registry_at(fake.url)
        assert not any(is_read(registry, schema_id) for schema_id in MADE_UP)
        assert calls(fake) == MOST_CALLS


def test_that_it_is_asked_no_more_is_logged_once_a_while(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with served(answers()) as fake, caplog.at_level(logging.WARNING):
        registry = registry_at(fake.url)
        for _ in range(3):
            decode_batch(registry, *MADE_UP)
        assert caplog.text.count("is asked no more") == 1


def test_no_more_are_remembered_than_is_said(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unknown_schemas, "MOST_REMEMBERED", 30)
    unknown = UnknownSchemas()
    for schema_id in range(MOST_CALLS):
        unknown.add(schema_id)
    assert unknown.within_measure(MADE_UP) == ()
    assert len(unknown) == MOST_CALLS + len(MADE_UP)
    unknown.forget()
    assert len(unknown) == 30
    assert MADE_UP[-1] in unknown
    clock.now += UNKNOWN_SECONDS
    unknown.forget()
    assert len(unknown) == 0
