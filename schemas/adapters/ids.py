"""Ids as shops write them, and the bare id that their catalog has."""

import binascii
import re
from base64 import b64decode
from typing import Final

GLOBAL: Final = re.compile(r"gid://shopify/[A-Za-z]+/([^/?]+)(\?.*)?")
"""Shopify's global ids; what may follow the `?` describes the object."""
GLOBAL_IN_BASE64: Final = "Z2lkOi8v"
"""How `gid://` begins where older interfaces of Shopify encode it."""


INVISIBLE: Final = "\N{ZERO WIDTH NO-BREAK SPACE}\N{ZERO WIDTH SPACE}"
"""What files with a byte order mark, and texts that were copied from a page, bring with them."""


def bare_id(text: str) -> str:
    """The id without blanks around it, and without Shopify's `gid://shopify/<Type>/`."""
    text = text.strip().strip(INVISIBLE)
    if text.startswith("gid://"):
        found = GLOBAL.fullmatch(text)
    elif text.startswith(GLOBAL_IN_BASE64):
        found = GLOBAL.fullmatch(_decoded(text))
    else:
        return text
    return text if found is None else found[1]


def _decoded(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return text
