"""Input as no producer should send it: the contract's valid examples, damaged, and raw bytes."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import orjson
from hypothesis import strategies as st

from schemas import generate
from schemas.topics import PERSON_TOPICS

INPUTS = (*PERSON_TOPICS, "catalog")
NOW = 1_700_000_000_000
INT64_MAX = 2**63 - 1
EXAMPLES = Path(generate.__file__).parent / "examples"


def valid_values(topic: str) -> list[Any]:
    """The values of a topic's valid examples, without those that are null."""
    examples = (orjson.loads(path.read_bytes()) for path in EXAMPLES.glob(f"{topic}/valid-*.json"))
    return [example["value"] for example in examples if example["value"] is not None]


VALID_VALUES: Mapping[str, list[Any]] = {topic: valid_values(topic) for topic in INPUTS}

FIELDS = sorted(
    {name for values in VALID_VALUES.values() for value in values for name in value}
    | {"user_id", "ts", "product_id"}
)

NUMBERS = [
    *("0", "-0", "-0.0", "1.0", "1.5", "-1", "1e3", "NaN", "Infinity", "-Infinity", "01", "+1"),
    *("1e400", "-1e400", "1e-400", "1e308", "-1e308", "1.7976931348623157e308", "5e-324"),
    *(str(2**63 - 1), str(2**63), str(-(2**63)), str(-(2**63) - 1), str(2**64 - 1), str(2**64)),
    *("1" + "0" * 400, "-1" + "0" * 400, "0." + "0" * 400 + "1", str(NOW), str(NOW + 86_400_001)),
]
TEXTS = [
    *('""', '"x"', '"u1"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"'),
    *('"\\u2028"', '"\\x00"', '"' + "x" * 5_000 + '"', '"electronics.tv"', '"'),
]
NESTED = [
    *("[]", "{}", "[null]", '[""]', "[{}]", '{"a":1}', "[[]]", "[1,]", "[" * 50 + "]" * 50),
    *("[" * 1_020 + "]" * 1_020, '{"a":' * 900 + "1" + "}" * 900, "[" * 20_000, '{"a":' * 20_000),
]
ODD_VALUES = [*NUMBERS, *TEXTS, *NESTED, "null", "true", "false", "", "nul"]
"""Texts that stand where a JSON value should; not all of them are JSON."""

RAW_SURROGATE = b'"\xed\xa0\x80"'


def damaged(random: Random, value: Any, odds: float) -> str:
    """The JSON text of a value in which some members are odd, missing, new or said twice."""
    if random.random() < odds:
        return random.choice(ODD_VALUES)
    if isinstance(value, list):
        return f"[{','.join(damaged(random, item, odds) for item in value)}]"
    if not isinstance(value, dict):
        return orjson.dumps(value).decode()
    members = [(name, damaged(random, member, odds)) for name, member in value.items()]
    if members and random.random() < 2 * odds:
        del members[random.randrange(len(members))]
    if random.random() < 2 * odds:
        members.append((random.choice(FIELDS), random.choice(ODD_VALUES)))
    return "{" + ",".join(f'"{name}":{text}' for name, text in members) + "}"


def with_wrong_bytes(random: Random, value: bytes) -> bytes:
    """The value with some of its bytes replaced."""
    changed = bytearray(value)
    for _ in range(min(len(changed), random.randint(1, 3))):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def value_of(topic: str, random: Random) -> bytes:
    """A value of a topic that was valid before something happened to it."""
    valid = random.choice(VALID_VALUES[topic])
    if random.random() < 0.5:  # then it is the record's timestamp that counts
        valid = {name: member for name, member in valid.items() if name != "ts"}
    value = damaged(random, valid, random.choice((0, 0, 0.02, 0.1))).encode()
    if random.random() < 0.05:
        value = value.replace(b'"x"', RAW_SURROGATE)
    return with_wrong_bytes(random, value) if random.random() < 0.1 else value


def values(topic: str) -> st.SearchStrategy[bytes | None]:
    """Values of a topic: damaged ones, any bytes, and none."""
    # By a seed: what Hypothesis itself offers as random numbers is mostly extremes.
    of_examples = st.integers(0, 2**32 - 1).map(lambda seed: value_of(topic, Random(seed)))
    return mostly(of_examples, st.binary() | st.none())


def mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The usual nine times out of ten."""
    return st.integers(0, 9).flatmap(lambda dice: odd if dice == 9 else usual)


keys = mostly(st.just(b"u1"), st.sampled_from([None, b"", b"\xff", b"\xed\xa0\x80"]) | st.binary())
timestamps = st.sampled_from([NOW, NOW, -(2**63), -1, 0, INT64_MAX]) | st.integers(
    -(2**63), INT64_MAX
)
"""Of Kafka's records: milliseconds, 64 bits, -1 where there is none."""
