"""Numbers and ids as senders write them."""

from base64 import b64encode

import pytest

from schemas.adapters.ids import bare_id
from schemas.adapters.numbers import amount


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("19", 19),
        ("19.90", 19.9),
        ("19,90", 19.9),
        ("4,245.42", 4245.42),
        ("4.245,42", 4245.42),
        ("1 299,00", 1299.0),
        ("1\N{NARROW NO-BREAK SPACE}299,00", 1299.0),
        ("1'299.50", 1299.5),
        ("1,234,567", 1_234_567),
        ("1.234.567", 1_234_567),
        ("12,34,567.50", 1_234_567.5),
        ("€ 19,90", 19.9),
        ("19.90 EUR", 19.9),
        ("$1,299.00", 1299.0),
        ("-5,50", -5.5),
        ("\N{MINUS SIGN}5.50", -5.5),
        ("€-5", -5),
        ("1e3", 1000.0),
    ],
)
def test_a_number_is_read_with_either_decimal_sign(text: str, value: float) -> None:
    assert amount(text, is_price=True) == value
    assert amount(text, is_price=False) == value


@pytest.mark.parametrize(
    ("text", "price", "quantity"),
    [
        ("1,299", 1299, 1.299),
        ("1.299", 1.299, 1.299),
        ("0,125", 0.125, 0.125),
        ("1234,567", 1234.567, 1234.567),
        ("1 299,000", 1299.0, 1299.0),
    ],
)
def test_three_digits_after_a_single_comma_are_thousands_in_a_price_alone(
    text: str, price: float, quantity: float
) -> None:
    assert amount(text, is_price=True) == price
    assert amount(text, is_price=False) == quantity


@pytest.mark.parametrize(
    "text",
    [
        *("", "free", "n/a", "-", "1.2.3", "1,2,3", "12,34,56", "1 2", "1,299.5.", "10 kg", "5-10"),
        *("--5", "-€-5", "1.234,567.89", "٣", "1_000", "1e999", ",50", "19,"),
    ],
)
def test_what_may_be_two_numbers_or_is_none_is_not_read(text: str) -> None:
    assert amount(text, is_price=True) is None
    assert amount(text, is_price=False) is None


@pytest.mark.parametrize(
    "text",
    [
        "4711",
        " 4711 ",
        "gid://shopify/Product/4711",
        "gid://shopify/ProductVariant/4711",
        "gid://shopify/Product/4711?country=DE",
        b64encode(b"gid://shopify/Product/4711").decode(),
    ],
)
def test_an_id_is_read_without_what_a_shop_puts_around_it(text: str) -> None:
    assert bare_id(text) == "4711"


@pytest.mark.parametrize(
    "text",
    ["gid://other/Product/1", "gid://shopify/Product/", "Z2lkOi8v", "wc_post_id_1", "a/b", "1,2"],
)
def test_any_other_id_stays_as_it_is(text: str) -> None:
    assert bare_id(text) == text
