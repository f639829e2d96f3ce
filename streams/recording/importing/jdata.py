"""Import of JData (the JD contest of 2016): shopping actions become a recording.

The mapping is this project's reading of the data, which knows no ads. A view or a click stands in
for an ad request: its candidates are the products that the person looked at most recently, as
retargeting would have it. Removals from the cart stand in for dismissals. Orders are orders. Adding
to the cart and following a product have no counterpart and are left out.

The times are Chinese local time (UTC+8, without daylight saving). About half of the rows of the
source repeat: a repeated look would be the same request, so it is left out; a repeated order or
removal is kept with the ``event_id`` of the first, and joins with it (SPEC 3).
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from itertools import chain, islice
from typing import Any, NamedTuple

from streams.recording.files import RecordedRecord, Writer, json_record
from streams.recording.importing.rows import ImportFailed, ImportSummary, plain_id, read_rows
from streams.recording.line_order import in_line_order
from streams.recording.sources import AnyPath, Progress

CANDIDATES = 5

_ACTION_COLUMNS = ("user_id", "sku_id", "time", "model_id", "type", "cate", "brand")
_PRODUCT_COLUMNS = ("sku_id", "cate", "brand", "a1")
_CHINA = timezone(timedelta(hours=8))
_LOOKS = {"1", "6"}
_REMOVAL = "3"
_ORDER = "4"
_NOT_IMPORTED = {"2": "added to the cart", "5": "followed the product"}


def _attributes(category: str, brand: str) -> dict[str, Any]:
    return {"categories": [category], "brand": brand}


class _Product(NamedTuple):
    sku: str
    category: str
    brand: str
    a1: str  # tells a list of products from a list of actions


class _Action(NamedTuple):
    user: str
    sku: str
    time: str
    model: str
    type: str
    category: str
    brand: str

    def attributes(self) -> dict[str, Any]:
        """What the catalog would say, for products that it does not know."""
        return _attributes(self.category, self.brand)

    @property
    def row_id(self) -> str:
        """The same for rows that are the same, whichever file they stand in."""
        return hashlib.blake2b("\x1f".join(self).encode(), digest_size=12).hexdigest()


def import_jdata(
    actions: Sequence[AnyPath],
    products: AnyPath,
    output: AnyPath,
    *,
    partitions: int = 4,
    progress: Progress | None = None,
) -> ImportSummary:
    """Write the actions of all files, in order of time, and the products as a recording.

    Raises ``ImportFailed`` for files that are not JData's and ``SourceError`` for files that cannot
    be read or written.
    """
    summary = ImportSummary(
        notes=[
            "Views and clicks stand in for ad requests, removals from the cart for dismissals.",
            "Times are read as Chinese local time (UTC+8).",
        ]
    )
    catalog = {row.sku: row for row in read_rows(products, _PRODUCT_COLUMNS, _Product, progress)}
    rows = [
        row for path in actions for row in read_rows(path, _ACTION_COLUMNS, _timed_action, progress)
    ]
    rows.sort(key=lambda row: row[0])
    summary.rows = len(rows)
    if not rows:
        raise ImportFailed(f"{', '.join(map(str, actions))}: no actions; expected at least one")
    summary.written["catalog"] = len(catalog)
    products_sold = (
        json_record(
            "catalog",
            product.sku,
            _attributes(product.category, product.brand),
            rows[0][0],
            partitions,
        )
        for product in catalog.values()
    )
    happenings = _records(rows, catalog, partitions, summary)
    with Writer(output) as writer:
        for record in in_line_order(chain(products_sold, happenings)):
            writer.write(record)
    return summary


def _timed_action(*fields: str) -> tuple[int, _Action]:
    action = _Action(*fields)
    return _epoch_milliseconds(action.time), action


@lru_cache(maxsize=1 << 12)
def _epoch_milliseconds(time: str) -> int:
    try:
        return int(datetime.fromisoformat(time).replace(tzinfo=_CHINA).timestamp()) * 1000
    except ValueError:
        message = f'time: expected a time like 2016-02-01 00:00:00, got "{time[:40]}"'
        raise ValueError(message) from None


def _records(
    rows: Sequence[tuple[int, _Action]],
    catalog: dict[str, _Product],
    partitions: int,
    summary: ImportSummary,
) -> Iterator[RecordedRecord]:
    people: dict[str, _Person] = {}
    requested: set[_Action] = set()
    for ts, action in rows:
        attributes = {} if action.sku in catalog else action.attributes()
        user_id = plain_id(action.user)
        if action.type in _LOOKS:
            if action in requested:
                summary.skipped["repeated views and clicks"] += 1
                continue
            requested.add(action)
            person = people.setdefault(user_id, _Person())
            topic, value = "impression-requests", person.request(action, ts, attributes)
        elif action.type == _REMOVAL:
            topic, value = "dismissals", _removal(action, attributes)
        elif action.type == _ORDER:
            topic, value = "purchases", _order(action, attributes)
        else:
            meaning = _NOT_IMPORTED.get(action.type, "unknown")
            summary.skipped[f"actions of type {action.type} ({meaning})"] += 1
            continue
        summary.written[topic] += 1
        yield json_record(topic, user_id, {"ts": ts, "user_id": user_id, **value}, ts, partitions)


def _removal(action: _Action, attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        "event_id": action.row_id,
        "reason": "removed_from_cart",
        "product_id": action.sku,
        **attributes,
    }


def _order(action: _Action, attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        "event_id": action.row_id,
        "event": "order_completed",
        "order_id": f"order-{action.row_id}",
        "products": [{"product_id": action.sku, **attributes}],
    }


class _Person:
    """What one person looked at: the candidates of their next request, the latest last."""

    def __init__(self) -> None:
        self._looks: dict[str, dict[str, Any]] = {}

    def request(self, action: _Action, ts: int, attributes: dict[str, Any]) -> dict[str, Any]:
        """The request that this look stands for; from then on it is a look before the next."""
        current = self._looks.pop(action.sku, {"product_id": action.sku, **attributes})
        candidates = [current, *islice(reversed(self._looks.values()), CANDIDATES - 1)]
        self._looks[action.sku] = {**current, "interest_at": ts}
        return {"request_id": action.row_id, "candidates": candidates}
