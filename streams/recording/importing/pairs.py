"""Import of pairs of ids that a system of records has found to be one person's (SPEC 9).

Such a system is a CRM, which knows whose device an id is, or one that links records by probability,
such as Splink. Each pair becomes a statement that the two are linked. It has the same `event_id`
however often it is imported, so that a later import says nothing new of a pair, unless the pair was
taken back between them. What is known of a pair by another method is another statement, so that the
most trusted of them counts, whichever was imported last.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import isnan
from typing import Final, Literal, NamedTuple

from streams.recording.files import Writer, json_record
from streams.recording.importing.rows import (
    PARQUET,
    TABLES,
    ImportFailed,
    ImportSummary,
    read_rows,
)
from streams.recording.parquet.reading import rows_in
from streams.recording.sources import AnyPath, Progress, kind_in

PARTITIONS = 4
"""As with the other importers; `replay --by-key` goes by those of the deployment."""

LARGEST_EXACT: Final = 2**53
"""Decimal numbers below are exact."""

Method = Literal["authenticated", "declared", "observed", "inferred"]


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of the columns."""

    leaf: str
    hub: str
    probability: str | None = None
    """None where pairs are certain."""

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are read."""
        named = (self.leaf, self.hub)
        return named if self.probability is None else (*named, self.probability)


class _Pair(NamedTuple):
    leaf: str
    hub: str
    probability: float


def import_pairs(
    source: AnyPath,
    output: AnyPath,
    columns: Columns,
    ts: int,
    method: Method,
    *,
    at_least: float = 0,
    progress: Progress | None = None,
) -> ImportSummary:
    """Write a statement for each pair, said at `ts` in epoch milliseconds.

    Pairs less probable than `at_least` are left out. Raises `ImportFailed` for a file without these
    columns or with another probability than one from 0 to 1, `SourceError` for files that cannot be
    read or written, and `UserError` where what reads Parquet is not installed.
    """
    summary = ImportSummary()
    seen: set[tuple[str, str]] = set()
    with Writer(output) as writer:
        for pair in _pairs_in(source, columns, progress):
            summary.rows += 1
            reason = _reason_to_skip(pair, at_least, seen)
            if reason is not None:
                summary.skipped[reason] += 1
                continue
            seen.add((pair.leaf, pair.hub))
            statement = {
                "event_id": f"pair#{method}#{pair.hub}",
                "ts": ts,
                "action": "linked",
                "person_id": pair.hub,
                "method": method,
            }
            writer.write(json_record("identities", pair.leaf, statement, ts, PARTITIONS))
            summary.written["identities"] += 1
    return summary


def _pairs_in(path: AnyPath, columns: Columns, progress: Progress | None) -> Iterator[_Pair]:
    if kind_in(path, (*TABLES, *PARQUET)) in TABLES:
        yield from read_rows(path, columns.names, _pair, progress)
        return
    for number, row in enumerate(rows_in(path, progress), start=1):
        try:
            leaf, hub, *probability = [row[name] for name in columns.names]
            yield _pair(_id(leaf), _id(hub), *map(str, probability))
        except KeyError:
            raise ImportFailed(
                f"{path}: expected columns {', '.join(columns.names)}, found {', '.join(row)}"
            ) from None
        except ValueError as error:
            raise ImportFailed(f"{path}, row {number}: {error}") from None


def _id(value: object) -> str:
    """An id of a Parquet file, empty where there is none.

    Where numbers are missing others may have become decimal ones (``266079.0``).
    """
    if value is None or (isinstance(value, float) and isnan(value)):
        return ""
    if isinstance(value, bytes):
        with suppress(UnicodeDecodeError):
            value = value.decode()
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_EXACT:
        value = int(value)
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise ValueError(f"expected an id as text or as a whole number, got {str(value)[:40]}")


def _pair(leaf: str, hub: str, probability: str = "1") -> _Pair:
    expected = f'expected a probability from 0 to 1, got "{probability[:40]}"'
    try:
        number = float(probability)
    except ValueError:
        raise ValueError(expected) from None
    if not 0 <= number <= 1:
        raise ValueError(expected)
    return _Pair(leaf.strip(), hub.strip(), number)


def _reason_to_skip(pair: _Pair, at_least: float, seen: set[tuple[str, str]]) -> str | None:
    if not (pair.leaf and pair.hub):
        return "pairs with an empty id"
    if pair.leaf == pair.hub:
        return "pairs of an id with itself"
    if pair.probability < at_least:
        return "pairs that are not probable enough"
    if (pair.leaf, pair.hub) in seen:
        return "pairs that came before"
    return None
