"""What SPEC 2 asks of a record, and the SPEC 7 code of one that breaks it.

Where a record breaks several rules the code is that of the first in this order: size, JSON, the
fields in the order of SPEC 2 (`user_id` before them), the key, the time.
"""

import base64

import orjson

from tests.oracle.policy import DAY

MAXIMUM_VALUE_BYTES = 1_048_576

CHANNELS = ["display", "video", "native", "email", "push", "onsite"]
BASES = ["given", "observed", "inferred"]
PURCHASE_EVENTS = ["order_completed", "order_refunded", "order_cancelled", "order_reinstated"]
ACTIONS = ["dismissed", "restored"]
ANSWERS = ["granted", "denied"]
DISMISSAL_REASONS = [
    "opt_out_all",
    "sensitive_topic",
    "inappropriate",
    "spam_or_misleading",
    "block_advertiser",
    "block_brand",
    "block_category",
    "already_bought",
    "not_interested",
    "removed_from_cart",
    "seen_too_often",
    "covered_content",
]
LINKING_ACTIONS = ["signed_in", "signed_out", "linked", "unlinked"]
METHODS = ["authenticated", "declared", "observed", "inferred"]
NO_TARGET_NEEDED = ["opt_out_all", "covered_content"]

# the field that names a record of each person topic
PERSON_TOPIC_IDS = {
    "identities": "event_id",
    "preferences": "event_id",
    "purchases": "event_id",
    "dismissals": "event_id",
    "impressions": "impression_id",
    "impression-requests": "request_id",
}


class RefusedError(Exception):
    """The record goes to the dead letters; `code` says why."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


# --- checks of one value -----------------------------------------------------------------------


def text(value):
    if not isinstance(value, str):
        raise RefusedError("wrong_type")
    return value


def integer(value):
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise RefusedError("wrong_type")
    return value


def number(value):
    if type(value) not in (int, float):
        raise RefusedError("wrong_type")
    return value


def truth(value):
    if not isinstance(value, bool):
        raise RefusedError("wrong_type")
    return value


def quantity(value):
    if integer(value) < 1:
        raise RefusedError("unknown_value")
    return value


def one_of(words):
    def check(value):
        if text(value) not in words:
            raise RefusedError("unknown_value")
        return value

    return check


def list_of(check, at_most=None):
    def check_list(value):
        if not isinstance(value, list):
            raise RefusedError("wrong_type")
        if at_most is not None and len(value) > at_most:
            raise RefusedError("unknown_value")
        return [check(element) for element in value]

    return check_list


def anything(value):
    return value


def read_field(json_object, field, check, required=False, default=None):
    """The field checked; null counts as absent."""
    value = json_object.get(field)
    if value is None:
        if required:
            raise RefusedError("missing_field")
        return default
    return check(value)


def attributes(json_object):
    return {
        "item_group_id": read_field(json_object, "item_group_id", text),
        "categories": read_field(json_object, "categories", list_of(text)),
        "brand": read_field(json_object, "brand", text),
        "advertiser_id": read_field(json_object, "advertiser_id", text),
    }


# --- topics ------------------------------------------------------------------------------------


def candidate(value):
    if not isinstance(value, dict):
        raise RefusedError("wrong_type")
    return {
        "product_id": read_field(value, "product_id", text, required=True),
        "price": read_field(value, "price", number),
        "currency": read_field(value, "currency", text),
        "interest_at": read_field(value, "interest_at", integer),
        "basis": read_field(value, "basis", one_of(BASES)),
        "sources": read_field(value, "sources", list_of(text), default=[]),
        "attributes": attributes(value),
    }


def request(value):
    checked = {
        "request_id": read_field(value, "request_id", text, required=True),
        "ts": read_field(value, "ts", integer),
        "site": read_field(value, "site", text),
        "channel": read_field(value, "channel", one_of(CHANNELS), default="display"),
        "own_site": read_field(value, "own_site", truth, default=False),
        "candidates": read_field(value, "candidates", list_of(candidate), required=True),
    }
    if checked["candidates"] == []:
        raise RefusedError("missing_field")
    return checked


def order_product(value):
    if not isinstance(value, dict):
        raise RefusedError("wrong_type")
    return {
        "product_id": read_field(value, "product_id", text, required=True),
        "quantity": read_field(value, "quantity", quantity, default=1),
        "price": read_field(value, "price", number),
        "gift": read_field(value, "gift", truth, default=False),
        "attributes": attributes(value),
    }


def purchase(value):
    checked = {
        "event_id": read_field(value, "event_id", text, required=True),
        "ts": read_field(value, "ts", integer),
        "event": read_field(value, "event", one_of(PURCHASE_EVENTS), required=True),
        "order_id": read_field(value, "order_id", text, required=True),
    }
    whole = checked["event"] in ("order_cancelled", "order_reinstated")
    checked["products"] = read_field(
        value,
        "products",
        anything if whole else list_of(order_product),
        required=checked["event"] == "order_completed",
    )
    return checked


def dismissal(value):
    checked = {
        "event_id": read_field(value, "event_id", text, required=True),
        "ts": read_field(value, "ts", integer),
        "action": read_field(value, "action", one_of(ACTIONS), default="dismissed"),
    }
    dismissed = checked["action"] == "dismissed"
    checked["reason"] = read_field(value, "reason", one_of(DISMISSAL_REASONS), required=dismissed)
    product_id = read_field(value, "product_id", text)
    category = read_field(value, "category", text)
    checked["attributes"] = attributes(value)
    brand = checked["attributes"]["brand"]
    advertiser_id = checked["attributes"]["advertiser_id"]

    targets = []
    if product_id is not None:
        targets.append(("product_id", product_id))
    if category is not None:
        targets.append(("category", category))
    # Beside a product these two are the product's attributes; alone they are targets.
    if brand is not None and product_id is None:
        targets.append(("brand", brand))
    if advertiser_id is not None and product_id is None:
        targets.append(("advertiser_id", advertiser_id))
    if len(targets) > 1:
        raise RefusedError("unknown_value")
    if not targets and dismissed and checked["reason"] not in NO_TARGET_NEEDED:
        raise RefusedError("missing_field")
    checked["target"] = targets[0] if targets else None
    checked["price"] = read_field(value, "price", number)
    checked["currency"] = read_field(value, "currency", text)
    return checked


def impression(value):
    return {
        "impression_id": read_field(value, "impression_id", text, required=True),
        "product_id": read_field(value, "product_id", text, required=True),
        "ts": read_field(value, "ts", integer),
        "request_id": read_field(value, "request_id", text),
    }


def preference(value):
    return {
        "event_id": read_field(value, "event_id", text, required=True),
        "ts": read_field(value, "ts", integer),
        "personalised_ads": read_field(value, "personalised_ads", one_of(ANSWERS)),
        "sensitive_topics": read_field(value, "sensitive_topics", one_of(ANSWERS)),
    }


def identity(value):
    checked = {
        "event_id": read_field(value, "event_id", text, required=True),
        "ts": read_field(value, "ts", integer),
        "action": read_field(value, "action", one_of(LINKING_ACTIONS), required=True),
    }
    needs_hub = checked["action"] != "signed_out"
    checked["person_id"] = read_field(value, "person_id", text, required=needs_hub)
    checked["method"] = read_field(value, "method", one_of(METHODS), default="authenticated")
    return checked


FIELDS_OF_TOPIC = {
    "identities": identity,
    "preferences": preference,
    "purchases": purchase,
    "dismissals": dismissal,
    "impressions": impression,
    "impression-requests": request,
}


# --- whole records -----------------------------------------------------------------------------


def value_bytes(record):
    """The value as it would stand in Kafka; None for a null value."""
    if "value_base64" in record:
        return base64.b64decode(record["value_base64"])
    if record.get("value") is None:
        return None
    return orjson.dumps(record["value"])


def parsed(raw):
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise RefusedError("not_json") from None
    if not isinstance(value, dict):
        raise RefusedError("not_an_object")
    return value


def named(value, field, key):
    """What the record is about: by `field` of its value, by its key, or by both alike."""
    in_value = read_field(value, field, text)
    if in_value is None and key is None:
        raise RefusedError("missing_field")
    return key if in_value is None else in_value


def must_be_alike(name, key):
    if key is not None and key != name:
        raise RefusedError("key_mismatch")


def person_event(record):
    """The checked event of a person topic's record, `user_id` and `ts` filled in."""
    raw = value_bytes(record)
    if raw is None:
        raise RefusedError("not_an_object")
    if len(raw) > MAXIMUM_VALUE_BYTES:
        raise RefusedError("too_large")
    value = parsed(raw)
    key = record.get("key")
    user_id = named(value, "user_id", key)
    event = FIELDS_OF_TOPIC[record["topic"]](value)
    must_be_alike(user_id, key)
    event["user_id"] = user_id
    event["topic"] = record["topic"]
    if event["ts"] is None:
        event["ts"] = record["timestamp"]
    if event["topic"] == "identities" and (not user_id or event["person_id"] in ("", user_id)):
        raise RefusedError("unknown_value")
    if event["ts"] > record["timestamp"] + DAY:
        raise RefusedError("future_timestamp")
    if event["ts"] < record["timestamp"] - 3_653 * DAY:
        raise RefusedError("past_timestamp")
    return event


def catalog_line(record):
    """(product_id, attributes of SPEC 1), the latter None when the product is removed."""
    raw = value_bytes(record)
    key = record.get("key")
    if raw is None:
        if key is None:
            raise RefusedError("missing_field")
        return key, None
    if len(raw) > MAXIMUM_VALUE_BYTES:
        raise RefusedError("too_large")
    value = parsed(raw)
    product_id = named(value, "product_id", key)
    product = attributes(value)
    product["price"] = read_field(value, "price", number)
    product["currency"] = read_field(value, "currency", text)
    product["sensitive"] = read_field(value, "sensitive", truth, default=False)
    product["replenish_days"] = read_field(value, "replenish_days", number)
    product["aliases"] = read_field(value, "aliases", list_of(text, at_most=1_000), default=[])
    must_be_alike(product_id, key)
    return product_id, product
