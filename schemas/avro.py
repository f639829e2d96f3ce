"""Values in Avro: read as the JSON that they stand for, and written."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from io import BytesIO
from typing import Any

import fastavro
import orjson

from schemas.avro_bounds import refuse_unbounded
from schemas.decoding import InvalidRecord
from schemas.framing import JsonOf, SchemaId


def avro_reader(schema_id: SchemaId, schemas: Sequence[str]) -> JsonOf:
    """Reads what was written by the last of these schemas, which may name those before it.

    Raises `ValueError` where they are no schemas, and where few bytes could stand for much.
    """
    return partial(_read, schema_id, _parsed(schemas))


def avro_writer(schema: str) -> Callable[[Any], bytes]:
    """Writes values by a schema."""
    return partial(_write, _parsed([schema]))


def _parsed(schemas: Sequence[str]) -> Any:
    named: dict[str, Any] = {}
    parsed = None
    for text in schemas:
        try:
            parsed = fastavro.parse_schema(orjson.loads(text), named_schemas=named)
            refuse_unbounded(parsed, named)
        except Exception as error:  # fastavro has no class of errors of its own
            raise ValueError(f"no schema of Avro: {error}") from error
    return parsed


def _read(schema_id: SchemaId, parsed: Any, content: bytes) -> bytes:
    written = BytesIO(content)
    try:
        decoded = fastavro.schemaless_reader(written, parsed, None)
        if left := len(content) - written.tell():
            raise ValueError(f"{left} bytes more than it takes")
        return orjson.dumps(decoded, _plain, orjson.OPT_PASSTHROUGH_DATETIME)
    except Exception as error:  # the bytes may be anything
        detail = f"value: expected Avro of schema {schema_id}, got other bytes ({_message(error)})"
        raise InvalidRecord("not_json", detail) from None


def _message(error: Exception) -> str:
    return str(error) or type(error).__name__


def _plain(value: object) -> object:
    """Avro's logical types as the contract has them: times in epoch milliseconds."""
    match value:
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return round(aware.timestamp() * 1_000)
        case date() | time():
            return value.isoformat()
        case Decimal():
            return float(value)
        case bytes():
            return value.decode()
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")


def _write(parsed: Any, value: Any) -> bytes:
    written = BytesIO()
    fastavro.schemaless_writer(written, parsed, value)
    return written.getvalue()
