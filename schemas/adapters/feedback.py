"""What people say of an ad in its own menu: Google's mutes, Meta's hides, opt-outs by AdChoices.

No platform publishes a feed of it, so the record is one that a site or an ad server writes when the
menu is used: `platform`, `reason` in the platform's words, who, and the ad's product, category or
advertiser.
"""

import re
from typing import Final

from schemas.adapters.node import Node
from schemas.adapters.notes import labels
from schemas.adapters.records import (
    Adapted,
    currency_of,
    dismissal,
    has_own_id,
    path_levels,
    present,
)
from schemas.decoding import Fields

MENU: Final = {
    "already bought": "already_bought",
    "already bought this": "already_bought",
    "already purchased": "already_bought",
    "seen multiple times": "seen_too_often",
    "seen this ad multiple times": "seen_too_often",
    "repetitive": "seen_too_often",
    "not interested": "not_interested",
    "not interested in this ad": "not_interested",
    "irrelevant": "not_interested",
    "inappropriate": "inappropriate",
    "ad was inappropriate": "inappropriate",
    "offensive": "inappropriate",
    "covered content": "covered_content",
    "ad covered content": "covered_content",
    "spam": "spam_or_misleading",
    "misleading or scam": "spam_or_misleading",
    "sensitive topic": "sensitive_topic",
    "hide advertiser": "block_advertiser",
    "hide all ads from this advertiser": "block_advertiser",
}
"""What the reasons of a mute or hide are called here; case and punctuation do not count."""

WORDS: Final = {
    "google": MENU,
    "meta": MENU,
    "adchoices": {
        "opt out": "opt_out_all",
        "opted out": "opt_out_all",
        "opt in": "opt_in",
        "opted in": "opt_in",
    },
}

PLATFORMS: Final = {**{platform: platform for platform in WORDS}, "facebook": "meta"}
OF_ADVERTISERS: Final = ("spam_or_misleading", "block_advertiser")
"""Reasons that mean who advertises, where the record says who that is."""
OF_CATEGORIES: Final = ("sensitive_topic", "inappropriate")
"""Reasons that may mean a category, where the record names no product."""
OF_NO_PRODUCT: Final = ("opt_out_all", "covered_content")

FIELDS: Final = labels(
    *("id", "time", "user_id", "product_id"),
    *("price", "currency", "category", "brand", "advertiser_id"),
)
"""Those that a note may name."""


def recognises(event: Node) -> bool:
    """Whether it names one of the platforms, and has no id of our own."""
    return not has_own_id(event) and (event.text("platform") or "").strip().lower() in PLATFORMS


def read(event: Node) -> Adapted:
    """What somebody chose in an ad's menu; a mute or hide without a reason is no interest."""
    platform = event.choice("platform", PLATFORMS)
    event_id, ts = event.attribute("id"), event.time("time")
    reason = _reason(event, platform)
    if reason == "opt_in":
        back = present(action="restored", reason="opt_out_all", event_id=event_id, ts=ts)
        record = ("dismissals", back)
    else:
        record = dismissal(reason, event_id=event_id, ts=ts, **_target(event, reason))
    return Adapted(event.person("user_id"), [record])


def _reason(event: Node, platform: str) -> str:
    if platform != "adchoices" and not event.has_all("reason"):
        return "not_interested"
    words = re.findall(r"[a-z]+", event.required("reason").lower())
    joined = {word.replace(" ", ""): reason for word, reason in WORDS[platform].items()}
    found = joined.get("".join(words))
    if found is not None:
        return found
    return Node({"reason": " ".join(words)}, event.path).choice("reason", WORDS[platform])


def _target(event: Node, reason: str) -> Fields:
    if reason in OF_NO_PRODUCT:
        return {}
    advertiser = event.attribute("advertiser_id")
    if reason in OF_ADVERTISERS and advertiser is not None:
        return {"advertiser_id": advertiser}
    categories = path_levels(event.attribute("category"))
    if reason in OF_CATEGORIES and categories is not None and not event.has("product_id"):
        return {"category": categories[-1]}
    price = event.price("price")
    return present(
        product_id=event.id("product_id"),
        price=price,
        currency=None if price is None else currency_of(event),
        categories=categories,
        brand=event.attribute("brand"),
        advertiser_id=advertiser,
    )
