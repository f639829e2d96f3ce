"""How large a request may be, by its values: they cost more than its bytes, above all where it has
to be said what is wrong with them.
"""

from typing import Final

from schemas.decoding import InvalidRecord

OTHER_VALUES: Final = 1_000
VALUES_OF_A_CANDIDATE: Final = 12
"""With all its attributes and three categories."""


def require_few_values(value: bytes, candidates: int) -> None:
    """Raises `InvalidRecord` where JSON has more values than so many candidates may have.

    It counts commas and brackets, those within texts as well.
    """
    most = OTHER_VALUES + VALUES_OF_A_CANDIDATE * candidates
    if len(value) <= most:
        return
    values = sum(map(value.count, (b",", b"[", b"{")))
    if values > most:
        detail = f"value: expected at most {most:,} JSON values, got {values:,}"
        raise InvalidRecord("too_large", detail)
