"""Records that break SPEC 2 in exactly one way, for each code of SPEC 7."""

import base64
import copy
from random import Random
from typing import Any

from tests.oracle.policy import DAY

RIGHT_VALUES = {
    "impression-requests": {"request_id": "bad", "candidates": [{"product_id": "p1"}]},
    "purchases": {
        "event_id": "bad",
        "event": "order_completed",
        "order_id": "o1",
        "products": [{"product_id": "p1"}],
    },
    "dismissals": {"event_id": "bad", "reason": "not_interested", "product_id": "p1"},
    "impressions": {"impression_id": "bad", "product_id": "p1"},
    "preferences": {"event_id": "bad", "personalised_ads": "denied"},
    "identities": {"event_id": "bad", "action": "signed_in", "person_id": "account"},
    "catalog": {"brand": "b1"},
}
PERSON_TOPICS = [topic for topic in RIGHT_VALUES if topic != "catalog"]

# code -> [(topic, path of the field, value that makes it wrong)]; the value MISSING takes it out
MISSING = object()
FAULTS = {
    "missing_field": [
        ("impression-requests", ["request_id"], MISSING),
        ("impression-requests", ["candidates"], MISSING),
        ("impression-requests", ["candidates"], None),
        ("impression-requests", ["candidates"], []),
        ("impression-requests", ["candidates", 0, "product_id"], MISSING),
        ("purchases", ["event_id"], None),
        ("purchases", ["event"], MISSING),
        ("purchases", ["order_id"], MISSING),
        ("purchases", ["products"], MISSING),
        ("purchases", ["products", 0, "product_id"], MISSING),
        ("dismissals", ["event_id"], MISSING),
        ("dismissals", ["reason"], MISSING),
        ("dismissals", ["product_id"], MISSING),
        ("impressions", ["impression_id"], MISSING),
        ("impressions", ["product_id"], None),
        ("preferences", ["event_id"], MISSING),
        ("identities", ["event_id"], MISSING),
        ("identities", ["action"], None),
        ("identities", ["person_id"], MISSING),
    ],
    "wrong_type": [
        ("impression-requests", ["request_id"], 7),
        ("impression-requests", ["ts"], "1700000000000"),
        ("impression-requests", ["channel"], 1),
        ("impression-requests", ["own_site"], "yes"),
        ("impression-requests", ["candidates"], {"product_id": "p1"}),
        ("impression-requests", ["candidates", 0], "p1"),
        ("impression-requests", ["candidates", 0, "price"], "10"),
        ("impression-requests", ["candidates", 0, "price"], True),
        ("impression-requests", ["candidates", 0, "currency"], ["EUR"]),
        ("impression-requests", ["candidates", 0, "interest_at"], 1.5),
        ("impression-requests", ["candidates", 0, "sources"], [1]),
        ("impression-requests", ["candidates", 0, "categories"], "grocery"),
        ("impression-requests", ["user_id"], 5),
        ("purchases", ["ts"], 1.5),
        ("purchases", ["products"], "p1"),
        ("purchases", ["products", 0], None),
        ("purchases", ["products", 0, "quantity"], 1.5),
        ("purchases", ["products", 0, "brand"], ["b1"]),
        ("purchases", ["products", 0, "gift"], "yes"),
        ("dismissals", ["price"], [1]),
        ("dismissals", ["currency"], 978),
        ("dismissals", ["product_id"], 1),
        ("impressions", ["ts"], False),
        ("preferences", ["event_id"], {}),
        ("identities", ["person_id"], 7),
        ("identities", ["method"], ["observed"]),
        ("catalog", ["price"], "10"),
        ("catalog", ["sensitive"], 1),
        ("catalog", ["categories"], [None]),
        ("catalog", ["aliases"], "0012"),
    ],
    "unknown_value": [
        ("impression-requests", ["channel"], "fax"),
        ("impression-requests", ["candidates", 0, "basis"], "guessed"),
        ("purchases", ["event"], "order_lost"),
        ("purchases", ["products", 0, "quantity"], 0),
        ("dismissals", ["reason"], "bored"),
        ("dismissals", ["action"], "undone"),
        ("dismissals", ["category"], "grocery"),
        ("preferences", ["personalised_ads"], "maybe"),
        ("identities", ["action"], "left"),
        ("identities", ["method"], "guessed"),
        ("identities", ["person_id"], ""),
    ],
}
OTHER_FAULTS = [
    *("not_json", "not_an_object", "key_mismatch", "no_key"),
    *("future_timestamp", "past_timestamp", "own_hub"),
]
NOT_JSON = [b"{oops", b"\xff\xfe", b"", b"NaN", b'{"a": 1']
NOT_AN_OBJECT = [[], "text", 5, None, True]


def invalid_record(
    random: Random, user_id: str, partition: int, timestamp: int
) -> tuple[dict[str, Any], str]:
    """(record, code): one that has to go to the dead letters, and why."""
    record = {"key": user_id, "partition": partition, "timestamp": timestamp}
    code = random.choice([*FAULTS, *OTHER_FAULTS])
    if code in FAULTS:
        topic, path, wrong = random.choice(FAULTS[code])
        record["topic"] = topic
        record["value"] = _with_fault(RIGHT_VALUES[topic], path, wrong)
        return record, code

    record["topic"] = topic = random.choice(PERSON_TOPICS)
    value = copy.deepcopy(RIGHT_VALUES[topic])
    if code == "not_json":
        record["value_base64"] = base64.b64encode(random.choice(NOT_JSON)).decode()
        return record, code
    if code == "not_an_object":
        value = random.choice(NOT_AN_OBJECT)
    elif code == "key_mismatch":
        value["user_id"] = user_id + "x"
    elif code == "no_key":
        record["key"] = None
        code = "missing_field"
    elif code == "own_hub":
        record["topic"] = "identities"
        value = {**RIGHT_VALUES["identities"], "person_id": user_id}
        code = "unknown_value"
    elif code == "past_timestamp":
        value["ts"] = random.choice([timestamp // 1_000, timestamp - 3_653 * DAY - 1])
    else:
        value["ts"] = timestamp + DAY + random.choice([1, 1_000, 400 * DAY])
    record["value"] = value
    return record, code


def too_large_record(
    random: Random, user_id: str, partition: int, timestamp: int
) -> dict[str, Any]:
    """A right request but for its size."""
    value = {**RIGHT_VALUES["impression-requests"], "site": "x" * 1_048_576}
    return {
        "topic": "impression-requests",
        "key": user_id,
        "partition": partition,
        "timestamp": timestamp,
        "value": value,
    }


def _with_fault(right, path, wrong):
    value = copy.deepcopy(right)
    *parents, last = path
    inner = value
    for part in parents:
        inner = inner[part]
    if wrong is MISSING:
        del inner[last]
    else:
        inner[last] = wrong
    return value
