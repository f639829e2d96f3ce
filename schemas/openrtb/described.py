"""A bid request in JSON Schema: what is read of it. Everything else passes through."""

from collections.abc import Mapping
from typing import Any, Final

from schemas.adapters.spellings import PLACEHOLDERS
from schemas.openrtb.bid_request import MOST_IMPRESSIONS

Schema = dict[str, Any]


def bid_request(candidates: Schema) -> Schema:
    """The schema of a bid request; `candidates` is that of the candidates of SPEC 2."""
    candidate_list = {"description": "The products that want to be shown.", **candidates}
    imp = _object(
        "An impression.",
        required=("id",),
        id=_ID,
        banner=_ANY_OBJECT,
        video=_ANY_OBJECT,
        native=_ANY_OBJECT,
        ext=_object(unhaunt=_object(candidates=candidate_list)),
    )
    return _object(
        "A bid request of OpenRTB 2.6; of 2.5 what has moved since is found where it was.",
        required=("id", "imp"),
        id=_ID,
        imp={"type": "array", "minItems": 1, "maxItems": MOST_IMPRESSIONS, "items": imp},
        user=_USER,
        site=_object(domain=_TEXT, page=_TEXT),
        app=_object(bundle=_TEXT, domain=_TEXT),
        device=_object(ifa=_TEXT, lmt=_FLAG, dnt=_FLAG),
        regs=_REGS,
        bcat=_TEXTS,
        badv=_TEXTS,
        cattax={"type": "integer"},
        ext=_object(unhaunt=_object(own_site={"type": "boolean"})),
    )


def _object(description: str = "", required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    keywords: Mapping[str, Any] = {"description": description, "required": list(required)}
    kept = {name: value for name, value in keywords.items() if value}
    return {"type": "object", **kept, "properties": properties}


_TEXT: Final[Schema] = {"type": "string"}
_ID: Final[Schema] = {**_TEXT, "minLength": 1, "not": {"enum": list(PLACEHOLDERS)}}
"""What must be there; a word for nothing is none."""
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}
_FLAG: Final[Schema] = {"enum": [0, 1]}
_ANY_OBJECT: Final[Schema] = {"type": "object"}
_EIDS: Final[Schema] = {
    "type": "array",
    "items": _object(source=_TEXT, uids={"type": "array", "items": _object(id=_TEXT)}),
}
_USER: Final = _object(id=_TEXT, buyeruid=_TEXT, eids=_EIDS, consent=_TEXT)
_REGS: Final = _object(
    coppa=_FLAG,
    gdpr=_FLAG,
    us_privacy=_TEXT,
    gpp=_TEXT,
    gpp_sid={"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 1_000}},
    gpc=_FLAG,
)
