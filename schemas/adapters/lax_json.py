"""JSON as it comes from languages that are laxer than the standard.

Python writes NaN, Windows a byte order mark, JavaScript cuts an emoji in half, and by hand one puts
a line break into a text. None of it is in what an event needs, mostly, so the rest of it is read.
"""

import json

from schemas.adapters.notes import Note, Reading
from schemas.decoding import InvalidRecord, parse


def read_json(value: bytes | None, reading: Reading) -> object:
    """A value as JSON, without what makes it none. Raises `InvalidRecord` where too little is."""
    try:
        return parse(value)
    except InvalidRecord as refused:
        if value is None or refused.code != "not_json":
            raise
        try:
            found = parse(_strict(value))
        except (InvalidRecord, ValueError, RecursionError):
            raise refused from None
    reading.notes.append(Note("corrected", "value", "lax JSON", "JSON"))
    return found


def _strict(value: bytes) -> bytes:
    """The same in JSON of the standard: NaN becomes null, what is no text a replacement for it."""
    text = value.decode("utf-8-sig", "replace")
    found = json.loads(text, strict=False, parse_constant=lambda _: None)
    return json.dumps(found, ensure_ascii=False).encode(errors="replace")
