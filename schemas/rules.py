"""What a type alone cannot say: fields that depend on other fields (SPEC 2).

The rules read JSON objects as they came; a null counts as absent.
"""

from collections.abc import Mapping
from typing import get_args

from schemas.fields import DismissalReason
from schemas.problems import Problem, one_of
from schemas.records import TargetField

TARGET_FIELDS: tuple[str, ...] = get_args(TargetField)
REASONS_WITHOUT_TARGET = ("opt_out_all", "covered_content")
PRODUCT_ATTRIBUTES = ("brand", "advertiser_id")
WITHOUT_PRODUCTS = ("order_cancelled", "order_reinstated")
"""They are about the whole order, whatever products they list."""


def without_ignored_fields(purchase: dict[str, object]) -> dict[str, object]:
    """The purchase without products where it is about the whole order, whatever they hold."""
    if purchase.get("event") not in WITHOUT_PRODUCTS or "products" not in purchase:
        return purchase
    return {name: value for name, value in purchase.items() if name != "products"}


def purchase_problem(purchase: Mapping[str, object]) -> Problem | None:
    """A completed order says what was bought."""
    if purchase.get("event") != "order_completed" or purchase.get("products") is not None:
        return None
    message = "expected an array (required for order_completed), got nothing"
    return Problem("products", "missing_field", message)


def dismissal_problem(dismissal: Mapping[str, object]) -> Problem | None:
    """A dismissal says why, and what it means unless it means everything; never two things."""
    reason = dismissal.get("reason")
    dismissed = dismissal.get("action") in (None, "dismissed")
    if dismissed and reason is None:
        message = (
            f"expected {one_of(get_args(DismissalReason))} (required when dismissed), got nothing"
        )
        return Problem("reason", "missing_field", message)
    present = [name for name in TARGET_FIELDS if dismissal.get(name) is not None]
    if not present and dismissed and reason not in REASONS_WITHOUT_TARGET:
        message = "expected a product_id, category, brand or advertiser_id, got nothing"
        return Problem("product_id", "missing_field", message)
    return _second_target_problem(present)


def _second_target_problem(present: list[str]) -> Problem | None:
    """A product's own brand and advertiser describe it; every other pair is two targets."""
    if present[:1] == ["product_id"]:
        present = [name for name in present if name not in PRODUCT_ATTRIBUTES]
    if len(present) <= 1:
        return None
    message = f"expected at most one target, got {' and '.join(present)}"
    return Problem(present[1], "unknown_value", message)
