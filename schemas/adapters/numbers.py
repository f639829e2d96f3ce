"""Numbers as people and programs of many countries write them.

The rules, for a text that is no number as JSON has it:

- A currency may stand before or after it: `€ 19,90`, `19.90 EUR`.
- Spaces and apostrophes separate thousands: `1 299,00`, `1'299.00`.
- Of points and commas in one number the last is the decimal sign: `4,245.42`, `4.245,42`. What is
  there more than once separates thousands: `1,234,567`.
- A single point is the decimal sign, as programs write it: `1.299` is less than two.
- A single comma is the decimal sign (`19,90`), unless exactly three digits follow it and one to
  three come before, the first of which is not 0: then it separates thousands (`1,299`), since
  prices have cents and not mills. In a quantity it is the decimal sign all the same, since a shop
  that sells by weight writes `1,250`, and nobody buys 1,250 pieces.

What fits none of them is no number.
"""

import re
from math import isfinite
from typing import Final

PLAIN: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
"""As JSON has it, but for leading zeros."""
LARGEST_EXACT: Final = 2**53

SPACES: Final = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
APOSTROPHES: Final = "'\N{RIGHT SINGLE QUOTATION MARK}"
MINUS: Final = "\N{MINUS SIGN}-"
CURRENCY: Final = r"(?:[A-Z]{2,3}|[A-Z]{0,2}[$€£¥₹₩₽₺₴₪₫฿]|kr|Kč|zł|Ft|lei)"
AMOUNT: Final = re.compile(
    rf"(?P<sign>[+{MINUS}]?)(?:{CURRENCY}[{SPACES}]?)?(?P<inner>[+{MINUS}]?)"
    rf"(?P<digits>[0-9][0-9.,{SPACES}{APOSTROPHES}]*?)(?:[{SPACES}]?{CURRENCY})?"
)
BY_THREE: Final = re.compile(r"[0-9]{1,3}(?:[^0-9][0-9]{3})+")
AS_IN_INDIA: Final = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3}")
DIGITS: Final = re.compile("[0-9]+")


def plain_number(text: str) -> int | float | None:
    """The number that a text is as JSON writes one; None when it is none."""
    if not PLAIN.fullmatch(text):
        return None
    number = float(text)
    if abs(number) < LARGEST_EXACT and DIGITS.fullmatch(text.lstrip("-")):
        return int(text)
    return number if isfinite(number) else None


def amount_of(value: object, *, is_price: bool) -> int | float | None:
    """The number that a value is, be it a number or a text; None when it is neither."""
    if isinstance(value, str):
        return amount(value, is_price=is_price)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def amount(text: str, *, is_price: bool) -> int | float | None:
    """The number that a text is, by the rules above; None when it is none, or may be two.

    `is_price` is False for a quantity.
    """
    text = text.strip()
    number = plain_number(text)
    if number is not None:
        return number
    found = AMOUNT.fullmatch(text)
    if found is None or (found["sign"] and found["inner"]):
        return None
    written = _without_thousands(found["digits"], is_price)
    if written is None:
        return None
    sign = "-" if (found["sign"] or found["inner"]) in tuple(MINUS) else ""
    return plain_number(sign + written)


def _without_thousands(text: str, is_price: bool) -> str | None:
    """The digits alone, with a point for the decimal sign if there is one."""
    last = max(text.rfind("."), text.rfind(","))
    whole, mark, fraction = (
        (text, "", "") if last < 0 else (text[:last], text[last], text[last + 1 :])
    )
    if mark and (mark in whole or (is_price and _are_thousands(whole, mark, fraction))):
        whole, mark, fraction = text, "", ""
    if mark and not DIGITS.fullmatch(fraction):
        return None
    if not DIGITS.fullmatch(whole):
        separators = {character for character in whole if not character.isdigit()}
        if len(separators) > 1 or not (BY_THREE.fullmatch(whole) or AS_IN_INDIA.fullmatch(whole)):
            return None
        whole = whole.translate({ord(separator): None for separator in separators})
    return f"{whole}.{fraction}" if mark else whole


def _are_thousands(whole: str, mark: str, fraction: str) -> bool:
    """Whether a mark that stands alone separates thousands."""
    looks_so = len(fraction) == 3 and len(whole) <= 3 and not whole.startswith("0")
    return mark == "," and looks_so and whole.isdigit()
