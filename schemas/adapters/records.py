"""Records of SPEC 2 as adapters make them of what other formats have."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from schemas.adapters.node import Node
from schemas.decoding import Fields, InvalidRecord

Record = tuple[str, Fields]
"""Topic and value, without `user_id`."""

OrderEvent = Literal["order_completed", "order_refunded", "order_cancelled"]
COMPLETED: Final = "order_completed"
REFUNDED: Final = "order_refunded"


class Adapted(NamedTuple):
    """What one record of another format comes to; its person is still to be found."""

    persons: Sequence[str]
    """The ids by which it knows the person, the best first."""
    records: Sequence[Record]
    """None at all: it is about something else."""
    others: Sequence[str] = ()
    """Other ids of the person, that may be the record's key though nothing is about them."""


NOTHING: Final = Adapted((), ())

CURRENCY: Final = "currency"
"""What all formats call the field."""
CODE_LENGTH: Final = 3
"""Letters of a currency's code in ISO 4217."""

OWN_IDS: Final = ("event_id", "impression_id", "request_id")


class ProductFields(NamedTuple):
    """What a format calls the fields of a product; of several names the first that is there."""

    ids: tuple[str, ...]
    prices: tuple[str, ...] = ("price",)
    categories: tuple[str, ...] = ("category",)
    """A path such as `Electronics/TV`, or one field for each level."""
    brands: tuple[str, ...] = ("brand",)
    quantity: str = "quantity"


class Line(NamedTuple):
    """A product in an order, or one that came back."""

    node: Node
    names: ProductFields
    product: Fields
    """Without quantity and price."""
    quantity: int | None
    """Below zero where the sender marks what came back so; never zero."""
    price: float | None


def line_fields(array: str, names: ProductFields) -> list[str]:
    """The fields of the products in an array, by their paths, for `notes.labels`."""
    fields = (*names.ids, *names.prices, *names.categories, *names.brands, names.quantity)
    return [array, *(f"{array}.{name}" for name in fields)]


def has_own_id(event: Node) -> bool:
    """Whether it names itself as a record of SPEC 2 does."""
    return any(event.has_all(name) for name in OWN_IDS)


def lines(nodes: Iterable[Node], names: ProductFields, event: OrderEvent) -> list[Line]:
    """The lines of an order; one without an id is left out.

    Raises `InvalidRecord` when nothing is left.
    """
    nodes = list(nodes)
    if not nodes:
        return []
    return nodes[0].reading.kept(nodes, lambda node: [_line(node, names, event)])


def order_id_of(node: Node, name: str, event: OrderEvent) -> str | None:
    """The id of an order; of a purchase without one None, whose event's id then stands for it."""
    if event != COMPLETED:
        return node.id(name)
    found = first_id(node, name)
    if found is None:
        node.derived(name, "the event's id")
    return found


def first_id(node: Node, *names: str) -> str | None:
    """The first of several ids that can be read; None where there is none."""
    for name in names:
        if not node.has(name):
            continue
        try:
            return node.id(name)
        except InvalidRecord:
            node.left_out(name)
    return None


def order(
    event: OrderEvent,
    order_id: str | None,
    products: Sequence[Line] = (),
    event_id: str | None = None,
    ts: int | None = None,
    *,
    is_negative: bool = False,
) -> list[Record]:
    """An order that was completed, came back or was cancelled; of a refund without lines all of it.

    What a purchase lists with a negative sign came back. Where no line has one, `is_negative` says
    that the order's total has. A purchase without `order_id` is named after its event.
    """
    came_back = list(products) if event == REFUNDED else _negative(products, is_negative)
    bought = [line for line in products if not any(line is each for each in came_back)]
    made: list[Record] = []
    if event == REFUNDED or came_back:
        is_one_of_two = bool(bought) and event_id is not None
        refund_id = f"{event_id}#refund" if is_one_of_two else event_id
        made.append(_order(REFUNDED, order_id, map(_returned, came_back), refund_id, ts))
    if event != REFUNDED and (bought or not came_back):
        made.append(_order(event, order_id, map(_bought, bought), event_id, ts))
    return made


def reinstatement(order_id: str, event_id: str | None = None, ts: int | None = None) -> Record:
    """That an order stands after all, though it may have been cancelled or refunded before."""
    named = None if event_id is None else f"{event_id}#reinstated"
    fields: Fields = {"event": "order_reinstated", "order_id": order_id}
    return "purchases", present(**fields, event_id=named, ts=ts)


def removals(
    nodes: Iterable[Node],
    names: ProductFields,
    event_id: str | None = None,
    ts: int | None = None,
    currency: str | None = None,
) -> list[Record]:
    """Dismissals of what somebody took out of the cart, one for each product.

    `currency` is the event's, for products that do not name their own.
    """
    nodes = list(nodes)
    if not nodes:
        return []
    products = nodes[0].reading.kept(nodes, lambda node: [_removed(node, names, currency)])
    made = []
    for number, product in enumerate(products):
        named = event_id
        if event_id is not None and len(products) > 1:
            named = f"{event_id}#{number}"
        made.append(dismissal("removed_from_cart", event_id=named, ts=ts, **product))
    return made


def dismissal(reason: str, **fields: object) -> Record:
    """A dismissal for this reason, less the fields that are None."""
    return "dismissals", present(reason=reason, **fields)


def currency_of(node: Node, name: str = CURRENCY) -> str | None:
    """An optional currency by its code, such as EUR, in capitals however it is written."""
    text = node.attribute(name)
    if text is None:
        return None
    code = text.strip().upper()
    if len(code) == CODE_LENGTH and code.isascii() and code.isalpha():
        return code
    node.left_out(name)
    return None


def preference(
    is_allowed: bool | None, event_id: str | None = None, ts: int | None = None
) -> list[Record]:
    """Whether personalised ads are allowed; nothing where that is not known."""
    if is_allowed is None:
        return []
    answer = "granted" if is_allowed else "denied"
    return [("preferences", present(event_id=event_id, ts=ts, personalised_ads=answer))]


def present(**fields: object) -> Fields:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def levels(names: Iterable[str]) -> list[str] | None:
    """Categories from broad to narrow, every level spelled out (SPEC 1); None when there are none.

    Electronics and TV become `Electronics` and `Electronics.TV`.
    """
    spelled: list[str] = []
    for name in filter(None, map(str.strip, names)):
        spelled.append(f"{spelled[-1]}.{name}" if spelled else name)
    return spelled or None


def path_levels(path: str | None) -> list[str] | None:
    """The categories of a path such as `Electronics/TV` or `Electronics > TV`."""
    return levels(path.replace(">", "/").split("/")) if path else None


def _product(node: Node, names: ProductFields) -> Fields:
    return present(
        product_id=first_id(node, *names.ids) or node.id(*names.ids),
        categories=_categories(node, names.categories),
        brand=node.attribute(*names.brands),
    )


def _categories(node: Node, names: tuple[str, ...]) -> list[str] | None:
    if len(names) == 1:
        return path_levels(node.attribute(*names))
    return levels(node.attribute(name) or "" for name in names)


def _line(node: Node, names: ProductFields, event: OrderEvent) -> Line:
    product, quantity = _product(node, names), node.quantity(names.quantity)
    if quantity == 0:
        if event == REFUNDED:  # shops list what did not come back as well
            detail = f"{node.at(names.quantity)}: expected what came back, got 0"
            raise InvalidRecord("unknown_value", detail)
        node.left_out(names.quantity)  # what is half a metre, cut to a whole number
        quantity = None
    if quantity is not None and quantity < 0:
        node.corrected(names.quantity, quantity, f"{-quantity} that came back")
    return Line(node, names, product, quantity, node.price(*names.prices))


def _removed(node: Node, names: ProductFields, currency: str | None) -> Fields:
    price = _price(node, names, node.price(*names.prices))
    if price:
        price |= present(currency=currency_of(node) or currency)
    return {**_product(node, names), **price}


def _negative(products: Sequence[Line], is_negative: bool) -> list[Line]:
    """The lines of a purchase that came back."""
    by_quantity = [line for line in products if (line.quantity or 0) < 0]
    if by_quantity:
        return by_quantity
    by_price = [line for line in products if (line.price or 0) < 0]
    if is_negative or len(by_price) == len(products):
        found = by_price or list(products)
        for line in found:
            line.node.corrected(line.names.quantity, line.quantity, "what came back")
        return found
    return []  # a voucher, listed like a product


def _bought(line: Line) -> Fields:
    price = _price(line.node, line.names, line.price)
    return {**line.product, **present(quantity=line.quantity), **price}


def _returned(line: Line) -> Fields:
    quantity = None if line.quantity is None else abs(line.quantity)
    price = None if line.price is None else abs(line.price)
    return {**line.product, **present(quantity=quantity, price=price)}


def _price(node: Node, names: ProductFields, price: float | None) -> Fields:
    """The price, unless it is below zero, which no price is."""
    if price is not None and price < 0:
        node.left_out(*names.prices)
        return {}
    return present(price=price)


def _order(
    event: OrderEvent,
    order_id: str | None,
    products: Iterator[Fields],
    event_id: str | None,
    ts: int | None,
) -> Record:
    fields: Fields = {"event": event, "order_id": order_id, "event_id": event_id, "ts": ts}
    return "purchases", present(**fields, products=list(products) or None)
