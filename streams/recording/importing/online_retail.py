"""Import of Online Retail (UCI: a UK gift shop, 2010 and 2011): invoices become a recording.

The data knows purchases and cancellations, but no ads. So the requests are constructed: an hour
after each invoice one for the customer's last products, with ``site`` "constructed" and a
``request_id`` that begins with "constructed-". Figures about them say something of Unhaunt, not of
this shop's customers.

Every stock code counts as a product, postage and manual entries included. Times are UK local time
and are read as UTC.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from streams.recording.files import RecordedRecord, Writer, json_record
from streams.recording.importing.rows import ImportSummary, plain_id, read_rows
from streams.recording.line_order import in_line_order
from streams.recording.sources import AnyPath, Progress

CANDIDATES = 5
REQUEST_AFTER_MS = 3_600_000

_COLUMNS = ("InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID")


class _Line(NamedTuple):
    invoice: str
    product_id: str
    quantity: int
    ts: int
    price: float
    customer: str


@dataclass(slots=True)
class _Invoice:
    """The usable lines of one invoice or cancellation; its time is that of the first."""

    number: str
    customer: str
    ts: int
    lines: list[_Line] = field(default_factory=list)

    @property
    def cancels(self) -> bool:
        return self.number.startswith("C")


@dataclass(slots=True)
class _Sold:
    order_id: str
    left: int
    """How many of the product were neither refunded nor cancelled."""


def import_online_retail(
    source: AnyPath,
    output: AnyPath,
    *,
    partitions: int = 4,
    limit: int | None = None,
    progress: Progress | None = None,
) -> ImportSummary:
    """Write the invoices of the first ``limit`` lines (all when None), in order of time.

    Raises ``ImportFailed`` for a file that is not this data set and ``SourceError`` for files that
    cannot be read or written.
    """
    summary = ImportSummary(
        notes=[
            "The requests are constructed: one an hour after each invoice, for the customer's"
            f" last {CANDIDATES} products.",
            "Times are UK local time, read as UTC.",
        ]
    )
    invoices = _read_invoices(source, limit, progress, summary)
    with Writer(output) as writer:
        for record in in_line_order(_records(invoices, partitions, summary)):
            writer.write(record)
            summary.written[record.topic] += 1
    return summary


def _read_invoices(
    source: AnyPath, limit: int | None, progress: Progress | None, summary: ImportSummary
) -> list[_Invoice]:
    invoices: dict[tuple[str, str], _Invoice] = {}
    for line in read_rows(source, _COLUMNS, _line, progress, limit):
        summary.rows += 1
        if not line.customer:
            summary.skipped["lines without a CustomerID"] += 1
            continue
        key = (line.invoice, line.customer)
        invoice = invoices.get(key)
        if invoice is None:
            invoice = invoices[key] = _Invoice(*key, line.ts)
        if (line.quantity < 0) == invoice.cancels and line.quantity:
            invoice.lines.append(line)
        else:
            kind = "cancellations" if invoice.cancels else "invoices"
            summary.skipped[f"lines of {kind} with a quantity of the wrong sign"] += 1
    return sorted((each for each in invoices.values() if each.lines), key=lambda each: each.ts)


def _line(invoice: str, product: str, quantity: str, time: str, price: str, customer: str) -> _Line:
    try:
        return _Line(
            invoice,
            product,
            int(quantity),
            _epoch_milliseconds(time),
            float(price),
            plain_id(customer),
        )
    except ValueError:
        raise ValueError(
            "expected a whole Quantity, an InvoiceDate like 2010-12-01 08:26:00 and a number as"
            f' UnitPrice, got "{quantity[:40]}", "{time[:40]}" and "{price[:40]}"'
        ) from None


@lru_cache(maxsize=1 << 12)
def _epoch_milliseconds(time: str) -> int:
    return int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp()) * 1000


def _records(
    invoices: Sequence[_Invoice], partitions: int, summary: ImportSummary
) -> Iterator[RecordedRecord]:
    """Invoices, cancellations and the constructed requests, in order of time."""
    customers: defaultdict[str, _Customer] = defaultdict(_Customer)
    happenings = [(invoice.ts, False, invoice) for invoice in invoices]
    happenings += [
        (each.ts + REQUEST_AFTER_MS, True, each) for each in invoices if not each.cancels
    ]
    happenings.sort(key=lambda happening: happening[:2])
    for ts, is_request, invoice in happenings:
        customer = customers[invoice.customer]
        values: Iterable[dict[str, Any]]
        if is_request:
            topic, values = "impression-requests", [customer.request(invoice)]
        elif invoice.cancels:
            topic, values = "purchases", customer.cancel(invoice, summary)
        else:
            topic, values = "purchases", [customer.buy(invoice, summary)]
        for value in values:
            whole = {"ts": ts, "user_id": invoice.customer, **value}
            yield json_record(topic, invoice.customer, whole, ts, partitions)


class _Customer:
    """What one customer bought, by product; the product bought last stands last."""

    def __init__(self) -> None:
        self._sold: dict[str, list[_Sold]] = {}

    def buy(self, invoice: _Invoice, summary: ImportSummary) -> dict[str, Any]:
        """The ``order_completed`` of an invoice."""
        products: dict[str, dict[str, Any]] = {}
        for line in invoice.lines:
            product = products.setdefault(
                line.product_id, {"product_id": line.product_id, "quantity": 0}
            )
            product["quantity"] += line.quantity
            if line.price > 0:
                product.setdefault("price", line.price)
            else:
                summary.skipped["prices that are not above zero (the line is kept)"] += 1
        for product_id, product in products.items():
            sold = self._sold.pop(product_id, [])
            self._sold[product_id] = [*sold, _Sold(invoice.number, product["quantity"])]
        return {
            "event_id": invoice.number,
            "event": "order_completed",
            "order_id": invoice.number,
            "products": list(products.values()),
        }

    def cancel(self, cancellation: _Invoice, summary: ImportSummary) -> Iterator[dict[str, Any]]:
        """An ``order_refunded`` for each order that lines of the cancellation match."""
        refunded: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for line in cancellation.lines:
            orders = reversed(self._sold.get(line.product_id, []))
            match = next((sold for sold in orders if sold.left >= -line.quantity), None)
            if match is None:
                summary.skipped["cancelled lines without an earlier order of enough"] += 1
                continue
            match.left += line.quantity
            refunded[match.order_id][line.product_id] -= line.quantity
        for order_id, quantities in refunded.items():
            yield {
                "event_id": f"{cancellation.number}-{order_id}",
                "event": "order_refunded",
                "order_id": order_id,
                "products": [
                    {"product_id": product_id, "quantity": quantity}
                    for product_id, quantity in quantities.items()
                ],
            }

    def request(self, invoice: _Invoice) -> dict[str, Any]:
        """The constructed request that follows an invoice."""
        latest = islice(reversed(self._sold), CANDIDATES)
        return {
            "request_id": f"constructed-{invoice.number}",
            "site": "constructed",
            "candidates": [{"product_id": product_id} for product_id in latest],
        }
