"""The bits of consent strings: base64url, six to a character, without padding."""

from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final

SIX_BITS: Final = {
    character: f"{number:06b}"
    for number, character in enumerate(f"{ascii_uppercase}{ascii_lowercase}{digits}-_")
}


def bits_of(text: str) -> str:
    """The bits as zeros and ones. Raises `ValueError` for another character."""
    try:
        return "".join(SIX_BITS[character] for character in text)
    except KeyError as unknown:
        raise ValueError(f"{unknown} is not base64url") from None


def number_at(bits: str, start: int, length: int) -> int:
    """The number in so many bits. Raises `ValueError` where there are not so many."""
    if start + length > len(bits):
        raise ValueError(f"ends after {len(bits)} bits")
    return int(bits[start : start + length], 2)
