"""What a type alone cannot say: fields that depend on other fields (SPEC 2).

The rules read JSON objects as they came; a null counts as absent.
"""

from collections.abc import Callable, Mapping
from typing import Final, get_args

from schemas.fields import DismissalReason
from schemas.problems import Problem, one_of, quoted
from schemas.records import EventGroup, Identity, Input, TargetField, events_of

TARGET_FIELDS: tuple[str, ...] = get_args(TargetField)
REASONS_WITHOUT_TARGET = ("opt_out_all", "covered_content")
PRODUCT_ATTRIBUTES = ("brand", "advertiser_id")
WITHOUT_PRODUCTS = ("order_cancelled", "order_reinstated")
"""They are about the whole order, whatever products they list."""
SIGNED_OUT: Final = "signed_out"
"""Ends whichever session there is, so it need not say whose."""
EMPTY_ID: Final = "expected an id, got an empty string"


def without_ignored_fields(purchase: dict[str, object]) -> dict[str, object]:
    """The purchase without products where it is about the whole order, whatever they hold."""
    if purchase.get("event") not in WITHOUT_PRODUCTS or "products" not in purchase:
        return purchase
    return {name: value for name, value in purchase.items() if name != "products"}


def without_nulls(fields: Mapping[str, object]) -> dict[str, object]:
    """Drop null members. No record nests deeper than an object in a list of an object."""
    return {
        name: [_members(item) for item in value] if isinstance(value, list) else value
        for name, value in fields.items()
        if value is not None
    }


def _members(item: object) -> object:
    if not isinstance(item, dict):
        return item
    return {name: value for name, value in item.items() if value is not None}


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


def identity_problem(statement: Mapping[str, object]) -> Problem | None:
    """A statement is about two ids, neither of them empty; signing out needs but one (SPEC 9)."""
    user_id, person_id = statement.get("user_id"), statement.get("person_id")
    if user_id == "":
        return Problem("user_id", "unknown_value", EMPTY_ID)
    if person_id is None:
        if statement.get("action") == SIGNED_OUT:
            return None
        message = f"expected a string (required unless {SIGNED_OUT}), got nothing"
        return Problem("person_id", "missing_field", message)
    if person_id == "":
        return Problem("person_id", "unknown_value", EMPTY_ID)
    if person_id == user_id:
        message = "expected another id than the user_id, got the same"
        return Problem("person_id", "unknown_value", message)
    return None


def blocked_problem(found: Input, is_blocked: Callable[[str], bool]) -> Problem | None:
    """A statement about an id that the policy blocks, since it is nobody's (SPEC 9).

    It is for who has the policy: decoding knows none.
    """
    for each in events_of(found):
        if isinstance(each, Identity):
            for name, value in (("user_id", each.user_id), ("person_id", each.person_id)):
                if value is not None and is_blocked(value):
                    message = f"expected the id of one person, got {quoted(value)}, a blocked one"
                    return Problem(name, "unknown_value", message)
    return None


def without_blocked(found: Input, is_blocked: Callable[[str], bool]) -> Input | Problem:
    """The input without statements about ids that the policy blocks; the problem if none is left.

    What else came in the record counts.
    """
    problems = [blocked_problem(each, is_blocked) for each in events_of(found)]
    problem = next((each for each in problems if each is not None), None)
    if problem is None:
        return found
    left = [event for event, each in zip(events_of(found), problems, strict=True) if each is None]
    if not left:
        return problem
    return left[0] if len(left) == 1 else EventGroup(found.user_id, left[-1].ts, left)


def _second_target_problem(present: list[str]) -> Problem | None:
    """A product's own brand and advertiser describe it; every other pair is two targets."""
    if present[:1] == ["product_id"]:
        present = [name for name in present if name not in PRODUCT_ATTRIBUTES]
    if len(present) <= 1:
        return None
    message = f"expected at most one target, got {' and '.join(present)}"
    return Problem(present[1], "unknown_value", message)
