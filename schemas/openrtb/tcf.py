"""TCF 2 strings: what somebody in the EU agreed to. Only the purposes are read."""

from typing import Final

from schemas.openrtb.bits import bits_of, number_at

VERSION: Final = 2
PURPOSES_AT: Final = 152
"""Where the bits of purposes 1 to 24 begin, in the core segment."""
CHARACTERS: Final = 30
"""So many hold all that is read."""
PERSONALISED_ADS: Final = (3, 4)
"""To make profiles for advertising, and to choose ads by them. Both need consent."""


def allows_personalised_ads(text: str) -> bool:
    """Whether there is consent to both purposes. Raises `ValueError` for no string of TCF 2."""
    core, _, _ = text.partition(".")
    bits = bits_of(core[:CHARACTERS])
    if number_at(bits, 0, 6) != VERSION:
        raise ValueError(f"expected version {VERSION}")
    return all(number_at(bits, PURPOSES_AT + purpose - 1, 1) for purpose in PERSONALISED_ADS)
