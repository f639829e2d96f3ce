"""What is suppressed, written into the bid request that asked, for whoever bids on it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import to_builtins

from schemas.adapters.node import Node
from schemas.openrtb.bid_request import BidRequest
from schemas.outputs import Decision, ListEntry

DECIDED: Final = ("policy", "suppressed", "allowed", "ghosted", "as_of")

IAB_1: Final = 1
"""The taxonomy of categories where a request names none (AdCOM's list)."""
IAB_1_CODE: Final = re.compile(r"IAB\d+(-\d+)?")
LATER_CODE: Final = re.compile(r"\d+")
"""Codes of the later taxonomies."""
DOMAIN: Final = re.compile(r"([a-z0-9-]+\.)+[a-z][a-z0-9-]+", re.IGNORECASE)


def answered(
    bid: BidRequest, decisions: Mapping[str, Decision], entries: Iterable[ListEntry] = ()
) -> dict[str, Any]:
    """The bid request with what is suppressed; what it held before stays.

    `bcat` and `badv` are widened by the categories and advertisers that the person's list holds,
    where they are named as OpenRTB names them: by codes of the request's taxonomy, by domains. Each
    impression has its decision in `ext.unhaunt.decision`. `ext.unhaunt` of the request says what
    denied consent and what could not be read, and, when everything is suppressed, why.

    Args:
        bid: the request as it was read.
        decisions: by the id of the impression (SPEC 5).
        entries: those of the person's list; a denial in the request is added to them.

    """
    denial = bid.denial()
    active = [entry for entry in entries if _is_active(entry, bid.ts)]
    if denial is not None:
        active.append(denial)
    answer = dict(bid.fields)
    code = IAB_1_CODE if bid.fields.get("cattax") in (None, IAB_1) else LATER_CODE
    _widen(answer, "bcat", _values(active, "category", code))
    _widen(answer, "badv", _values(active, "advertiser", DOMAIN))
    answer["imp"] = [_decided(imp, decisions.get(_id(imp))) for imp in _imps(bid)]
    extension = {
        "denied": list(bid.consent.denied),
        "unread": list(bid.consent.unread),
        "all": next((entry.reason for entry in active if entry.scope == "all"), None),
    }
    return _extended(answer, {name: value for name, value in extension.items() if value})


def _is_active(entry: ListEntry, at: int) -> bool:
    return entry.since <= at and (entry.until is None or at < entry.until)


def _values(entries: Iterable[ListEntry], scope: str, form: re.Pattern[str]) -> list[str]:
    values = (entry.value for entry in entries if entry.scope == scope)
    return sorted({value for value in values if form.fullmatch(value)})


def _widen(answer: dict[str, Any], name: str, values: list[str]) -> None:
    known = Node(answer).texts(name)
    added = sorted(set(values) - set(known))
    if added:
        answer[name] = [*known, *added]


def _imps(bid: BidRequest) -> list[Mapping[str, Any]]:
    imps = bid.fields["imp"]
    return imps if isinstance(imps, list) else [imps]


def _id(imp: Mapping[str, Any]) -> str:
    """The impression's id as the request was read: of a number, 7.0 is 7."""
    return Node(imp).required("id")


def _decided(imp: Mapping[str, Any], decision: Decision | None) -> dict[str, Any]:
    if decision is None:
        return dict(imp)
    decided = to_builtins(decision)
    shown = {name: decided[name] for name in DECIDED if name in decided}
    return _extended(imp, {"decision": shown})


def _extended(fields: Mapping[str, Any], extension: Mapping[str, Any]) -> dict[str, Any]:
    """The object with this in its `ext.unhaunt`, beside what was there."""
    if not extension:
        return dict(fields)
    ext = fields.get("ext") or {}
    return {**fields, "ext": {**ext, "unhaunt": {**(ext.get("unhaunt") or {}), **extension}}}
