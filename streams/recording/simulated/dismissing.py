"""What a simulated person says about an ad that they do not want to see."""

import random
from typing import Any

from streams.recording.simulated.shop import SimulatedProduct, priced

_WEIGHTS = {
    "not_interested": 24,
    "already_bought": 14,
    "seen_too_often": 14,
    "covered_content": 10,
    "block_brand": 6,
    "block_category": 6,
    "block_advertiser": 6,
    "inappropriate": 5,
    "spam_or_misleading": 5,
    "sensitive_topic": 5,
    "opt_out_all": 4,
}
_REASONS = list(_WEIGHTS)
_TARGETS = ("product_id", "category", "brand", "advertiser_id")


def dismissal(product: SimulatedProduct, rng: random.Random) -> dict[str, Any]:
    """A reason and what it names: a block names its kind, others the product and its price."""
    reason = rng.choices(_REASONS, list(_WEIGHTS.values()))[0]
    fields: dict[str, Any] = {"reason": reason}
    if reason == "block_brand":
        return fields | {"brand": product.brand}
    if reason == "block_category":
        return fields | {"category": rng.choice(product.categories)}
    if reason == "block_advertiser":
        return fields | {"advertiser_id": product.advertiser_id}
    if reason in ("opt_out_all", "covered_content"):
        return fields
    return fields | product.named() | priced(product.price)


def restoration(dismissed: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Takes a dismissal back: its target, often with the reason, or simply everything."""
    if rng.choice((True, False, False, False, False)):
        return {"action": "restored"}
    field = next((field for field in _TARGETS if field in dismissed), None)
    target = {} if field is None else {field: dismissed[field]}
    reason = {"reason": dismissed["reason"]} if rng.choice((True, False)) else {}
    return {"action": "restored"} | target | reason
