"""What senders get wrong in what is optional leaves what is sure as it was, in every format."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import generate
from schemas.adapters.formats import readers_of
from schemas.adapters.notes import Note
from schemas.adapters.numbers import amount
from schemas.adapters.times import MICROSECONDS, MILLISECONDS, SECONDS, Unit
from schemas.decoding import InvalidRecord
from schemas.records import Event, Purchase, events_of
from tests.builders import DAY, NOW

EXAMPLES: Final = Path(generate.__file__).parent / "examples" / "formats"

JUNK: Final = [{}, {"amount": 1}, [], ["x"], [[1]], True, False, "on request", "?", "n/a", "12x"]

WHOLE: Final = {
    "segment": ["valid-order-completed", "valid-order-refunded-in-part", "valid-product-removed"],
    "ga4": ["valid-purchase", "valid-exported-purchase", "valid-remove-from-cart-of-two"],
    "snowplow": ["valid-transaction", "valid-nested-schemas", "valid-remove-from-cart-of-two"],
    "meta": ["valid-purchase", "valid-call-with-two-purchases"],
    "criteo": ["valid-transaction", "valid-pushed-as-an-array"],
    "feedback": ["valid-google-already-bought-this", "valid-meta-repetitive"],
    "pixel": ["valid-parameters-one-by-one"],
}
"""Examples in which everything is right."""

OPTIONAL: Final = {
    *("price", "item_price", "brand", "item_brand", "category", "quantity", "variant", "currency"),
    *("item_category", "item_category2", "value", "total", "revenue", "purchase_revenue"),
    *(
        "ts",
        "timestamp",
        "timestamp_micros",
        "event_timestamp",
        "event_time",
        "derived_tstamp",
        "time",
    ),
    *("refund_amount", "context", "consent", "request_id", "fbp", "anonymousId", "client_id"),
    *("domain_userid", "network_userid", "opt_out", "data_processing_options"),
}


def whole(kind: str) -> list[dict[str, Any]]:
    shown = [orjson.loads((EXAMPLES / kind / f"{name}.json").read_bytes()) for name in WHOLE[kind]]
    if kind == "pixel":
        for each in shown:
            each["value"] |= {"ts": NOW, "request_id": "r-1"}
    return shown


def read(shown: dict[str, Any], kind: str, notes: list[Note] | None = None) -> list[Event]:
    def observe(_: str, found: Any) -> None:
        if notes is not None:
            notes.extend(found)

    reader = readers_of({"purchases": kind}, observe)["purchases"]
    key = None if shown["key"] is None else shown["key"].encode()
    decoded = reader(key, orjson.dumps(shown["value"]), shown["timestamp"], [])
    return [] if decoded is None else list(events_of(decoded))


def sure(events: list[Event]) -> list[tuple[Any, ...]]:
    """What an event needs to count: kind, person, order and products, whatever else it has."""
    return sorted(
        (
            type(event).__name__,
            event.user_id,
            *(str(getattr(event, name, "")) for name in ("event", "order_id", "reason")),
            *(each.product_id for each in getattr(event, "products", None) or ()),
            str(getattr(event, "product_id", "")),
        )
        for event in events
    )


def fields_named(value: Any, names: set[str]) -> Iterator[tuple[Any, str]]:
    """The objects that have one of these fields, however deep, with its name."""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(name, str) and name in names:
            yield value, name
        elif isinstance(inner, dict | list):
            yield from fields_named(inner, names)


# --- optional fields -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_optional_fields_that_hold_junk_leave_what_is_sure_as_it_was(
    kind: str, data: st.DataObject
) -> None:
    shown = data.draw(st.sampled_from(whole(kind)))
    before = sure(read(shown, kind))
    found = list(fields_named(shown["value"], OPTIONAL))
    for holder, name in data.draw(st.lists(st.sampled_from(found), unique_by=id, max_size=4)):
        holder[name] = data.draw(st.sampled_from(JUNK))
    assert sure(read(shown, kind)) == before


@pytest.mark.parametrize("kind", WHOLE)
def test_a_price_that_is_no_number_is_noted_by_its_path_and_left_out(kind: str) -> None:
    for shown in whole(kind):
        for holder, name in fields_named(shown["value"], {"price", "item_price"}):
            notes: list[Note] = []
            holder[name] = "on request"
            read(shown, kind, notes)
            assert [note.kind for note in notes] == ["left_out"] * len(notes)
            assert {note.field.rpartition(".")[2] for note in notes} == {name}
            assert all(note.got == '"on request"' for note in notes)


# --- numbers -------------------------------------------------------------------------------------


def grouped(whole: int, separator: str) -> str:
    return f"{whole:,}".replace(",", separator)


WRITERS: Final[dict[str, Callable[[int, int], str]]] = {
    "a program": lambda whole, cents: f"{whole}.{cents:02}",
    "a German program": lambda whole, cents: f"{whole},{cents:02}",
    "the United States": lambda whole, cents: f"{grouped(whole, ',')}.{cents:02}",
    "Germany": lambda whole, cents: f"{grouped(whole, '.')},{cents:02}",
    "France": lambda whole, cents: f"{grouped(whole, chr(0x202F))},{cents:02} €",
    "Sweden": lambda whole, cents: f"{grouped(whole, ' ')},{cents:02} kr",
    "Switzerland": lambda whole, cents: f"CHF {grouped(whole, chr(0x2019))}.{cents:02}",
}


@pytest.mark.parametrize("writer", WRITERS)
@given(whole=st.integers(0, 10**12), cents=st.integers(0, 99))
def test_a_price_reads_as_its_value_however_a_country_writes_it(
    writer: str, whole: int, cents: int
) -> None:
    assert amount(WRITERS[writer](whole, cents), is_price=True) == float(f"{whole}.{cents:02}")


@pytest.mark.parametrize("separator", [",", " ", "'"])
@given(whole=st.integers(1000, 10**12))
def test_whole_prices_with_thousands_read_as_their_value(separator: str, whole: int) -> None:
    assert amount(grouped(whole, separator), is_price=True) == whole


@given(text=st.text(alphabet="0123456789.,-+eE '\u202f€ ", max_size=12))
def test_any_text_is_a_finite_number_or_none(text: str) -> None:
    for is_price in (True, False):
        number = amount(text, is_price=is_price)
        assert number is None or abs(number) < float("inf")


@pytest.mark.parametrize("kind", [kind for kind in WHOLE if kind != "pixel"])
@settings(max_examples=40, deadline=None)
@given(whole_part=st.integers(1, 99_999), cents=st.integers(0, 99), data=st.data())
def test_a_price_in_any_format_reads_as_its_value(
    kind: str, whole_part: int, cents: int, data: st.DataObject
) -> None:
    shown = whole(kind)[0]
    write = WRITERS[data.draw(st.sampled_from(sorted(WRITERS)))]
    for holder, name in fields_named(shown["value"], {"price", "item_price"}):
        holder[name] = write(whole_part, cents)
    events = read(shown, kind)
    lines = [line for event in events for line in getattr(event, "products", None) or (event,)]
    expected = float(f"{whole_part}.{cents:02}")
    assert {line.price for line in lines if line.price is not None} == {expected}


@pytest.mark.parametrize("kind", [kind for kind in WHOLE if kind not in ("feedback", "pixel")])
@settings(max_examples=40, deadline=None)
@given(pieces=st.integers(1, 500), part=st.integers(1, 999), data=st.data())
def test_a_quantity_by_weight_is_rounded_up(
    kind: str, pieces: int, part: int, data: st.DataObject
) -> None:
    shown = data.draw(st.sampled_from(whole(kind)))
    form = data.draw(st.sampled_from(["{}.{:03}", "{},{:03}"]))
    for holder, name in fields_named(shown["value"], {"quantity"}):
        holder[name] = form.format(pieces - 1, part)
    for event in read(shown, kind):
        if isinstance(event, Purchase) and "quantity" in str(shown["value"]):
            assert {line.quantity for line in event.products or ()} <= {1, pieces}


# --- refunds -------------------------------------------------------------------------------------

REFUNDS: Final = {
    "segment": "valid-order-refunded-in-part",
    "ga4": "valid-refund-in-part",
    "snowplow": "valid-refund-in-part",
}


@pytest.mark.parametrize("kind", REFUNDS)
@given(pieces=st.integers(1, 9))
def test_a_refund_with_negative_quantities_is_that_of_their_amounts(kind: str, pieces: int) -> None:
    shown = orjson.loads((EXAMPLES / kind / f"{REFUNDS[kind]}.json").read_bytes())
    came_back = []
    for sign in (1, -1):
        for holder, name in fields_named(shown["value"], {"quantity"}):
            holder[name] = sign * pieces
        [event] = read(shown, kind)
        assert isinstance(event, Purchase)
        came_back.append((event.event, event.order_id, event.products))
    assert came_back[0] == came_back[1]


@pytest.mark.parametrize("kind", ["segment", "ga4", "snowplow", "meta", "criteo"])
@given(data=st.data())
def test_a_purchase_with_negative_amounts_is_a_refund_of_what_it_lists(
    kind: str, data: st.DataObject
) -> None:
    shown = whole(kind)[0]
    before = sure(read(shown, kind))
    names = data.draw(
        st.sampled_from([{"quantity"}, {"price", "item_price"}, {"quantity", "price"}])
    )
    for holder, name in fields_named(shown["value"], names | {"value", "revenue"}):
        holder[name] = -abs(float(holder[name]))
    after = read(shown, kind)
    assert {event.event for event in after if isinstance(event, Purchase)} == {"order_refunded"}
    assert sure(after) == [
        tuple("order_refunded" if each == "order_completed" else each for each in one)
        for one in before
    ]


# --- lines ---------------------------------------------------------------------------------------

ARRAYS: Final = {"products", "items", "contents", "item"}
NO_LINES: Final = [{}, {"name": "Gift wrap", "price": 3}, {"quantity": 1}, "delivery", 7, None, []]


def are_no_ids(lines: list[Any]) -> bool:
    """Whether they are not ids alone, which do for lines."""
    return any(not isinstance(line, str | int) for line in lines)


@pytest.mark.parametrize("kind", ["segment", "ga4", "snowplow", "meta", "criteo"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_lines_without_an_id_do_not_change_the_others(kind: str, data: st.DataObject) -> None:
    shown = whole(kind)[0]
    before = sure(read(shown, kind))
    arrays = ARRAYS | {name for name in shown["value"] if name.endswith("_product_1")}
    [(holder, name), *_] = fields_named(shown["value"], arrays)
    for line in data.draw(st.lists(st.sampled_from(NO_LINES), min_size=1, max_size=3)):
        position = data.draw(st.integers(0, len(holder[name])))
        holder[name].insert(position, line)
    assert sure(read(shown, kind)) == before


@pytest.mark.parametrize("kind", ["segment", "ga4", "snowplow", "meta", "criteo"])
@given(lines=st.lists(st.sampled_from(NO_LINES), min_size=1, max_size=3).filter(are_no_ids))
def test_an_order_of_which_no_line_is_left_is_refused(kind: str, lines: list[Any]) -> None:
    shown = whole(kind)[0]
    arrays = ARRAYS | {name for name in shown["value"] if name.endswith("_product_1")}
    for holder, name in fields_named(shown["value"], arrays):
        holder[name] = lines
    with pytest.raises(InvalidRecord):
        read(shown, kind)


# --- ids -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["segment", "ga4", "snowplow", "meta", "criteo", "feedback"])
@given(number=st.integers(1, 2**53 - 1))
def test_an_id_is_one_whether_a_number_a_text_or_an_id_of_shopify(kind: str, number: int) -> None:
    names = {"product_id", "item_id"} | (
        {"id"} if kind in ("snowplow", "meta", "criteo") else set()
    )
    spellings: list[Any] = [number, str(number), f"gid://shopify/Product/{number}"]
    if number < 2**53:
        spellings.append(float(number))
    readings = []
    for spelling in spellings:
        shown = whole(kind)[0]
        for holder, name in fields_named(shown["value"], names):
            if holder.get("event") != "setCustomerId":
                holder[name] = spelling
        readings.append(sure(read(shown, kind)))
    assert all(each == readings[0] for each in readings)


# --- times ---------------------------------------------------------------------------------------

TIMES: Final[dict[str, tuple[set[str], Unit]]] = {
    "segment": ({"timestamp"}, MILLISECONDS),
    "ga4": ({"timestamp_micros", "event_timestamp"}, MICROSECONDS),
    "snowplow": ({"derived_tstamp"}, MILLISECONDS),
    "meta": ({"event_time"}, SECONDS),
    "criteo": ({"timestamp"}, MILLISECONDS),
    "feedback": ({"time"}, MILLISECONDS),
    "pixel": ({"time", "ts"}, MILLISECONDS),
}


def written(ms: int) -> dict[str, Any]:
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    return {
        "seconds": ms // 1000,
        "seconds as text": str(ms // 1000),
        "milliseconds": ms,
        "microseconds": ms * 1000,
        "nanoseconds as text": str(ms * 1_000_000),
        "ISO 8601": time.isoformat(),
        "ISO 8601 elsewhere": time.astimezone(timezone(timedelta(hours=-7))).isoformat(),
        "a date made of seconds": (
            datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms // 1000)
        ).isoformat(),
    }


def transaction(value: dict[str, Any]) -> dict[str, Any]:
    """Where a time may be said that the example does not say."""
    return value["events"][-1] if "events" in value else value


@pytest.mark.parametrize("kind", TIMES)
@settings(max_examples=40, deadline=None)
@given(back=st.integers(-1, 3650), data=st.data())
def test_a_plausible_time_is_read_in_whatever_unit_it_came(
    kind: str, back: int, data: st.DataObject
) -> None:
    shown = whole(kind)[0]
    ms = (NOW - back * DAY) // 1000 * 1000
    form = data.draw(st.sampled_from(sorted(written(ms))))
    names, _ = TIMES[kind]
    found = list(fields_named(shown["value"], names))
    if not found:
        found = [(transaction(shown["value"]), "timestamp")]
    for holder, name in found:
        holder[name] = written(ms)[form]
    assert {event.ts for event in read(shown, kind)} == {ms}


@pytest.mark.parametrize("kind", TIMES)
@given(ahead=st.integers(2, 4000))
def test_a_time_too_far_ahead_never_loses_what_happened(kind: str, ahead: int) -> None:
    shown = whole(kind)[0]
    before = sure(read(shown, kind))
    found = list(fields_named(shown["value"], TIMES[kind][0] | {"collector_tstamp"}))
    for holder, name in found or [(transaction(shown["value"]), "timestamp")]:
        holder[name] = written(NOW + ahead * DAY)["ISO 8601"]
    notes: list[Note] = []
    after = read(shown, kind, notes)
    assert sure(after) == before
    assert {event.ts for event in after} == {shown["timestamp"]}
    assert {note.kind for note in notes} == {"corrected"}
