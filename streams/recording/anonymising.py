"""Anonymising recordings, so that they can be shared as test cases.

Ids and names become keyed hashes: of one text the same one wherever it stands, so that all that
met still meets, and nobody without the key can try which id a hash belongs to. Kinds are kept
apart (person 17 and product 17 have different hashes), or else well-known products would give
persons away. What no policy could be tested without stays: times, prices, quantities, the words of
the contract, and categories, which policies name. Everything else goes: fields that the contract
does not name, headers, what broke the contract, and topics that are no input. So does what ids
share with each other, which a backtest derives again from what is said of them (SPEC 9).

Hashes have another order than ids. Where the contract lets the order of ids break a tie, between
events of one time (SPEC 3), between claims that differ only in what they are based on (SPEC 5) or
between products that name one alias (SPEC 2), the other one may win; apart from that everything is
decided as before (`tests/property`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count
from typing import Any, Final

import msgspec
import orjson

from schemas.decoding import MAX_VALUE_BYTES, InvalidRecord, decode, decode_product
from schemas.records import Candidate, Identity, OrderProduct
from schemas.rules import without_ignored_fields
from schemas.topics import PERSON_TOPICS, TOPICS
from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord, record_of
from streams.suppression.policy import Policy

HASHED: Final[Mapping[str, str]] = {
    "user_id": "person",
    "person_id": "person",
    "order_id": "order",
    "event_id": "event",
    "request_id": "request",
    "impression_id": "impression",
    "product_id": "product",
    "aliases": "product",
    "item_group_id": "product",  # one of its own names a product's group where it has none (SPEC 4)
    "brand": "brand",
    "advertiser_id": "advertiser",
    "site": "site",
    "sources": "source",
}
"""The fields whose texts are replaced, and the kind of thing that each of them names."""

KEPT_AS_WRITTEN: Final = frozenset({"category", "categories", "currency"})
"""The fields whose texts stay. All others hold numbers or words of the contract."""

SHORTEST_KEY: Final = 16
LONGEST_KEY: Final = 64
"""Bytes of a key; BLAKE2b takes no more."""

_DIGEST_BYTES: Final = 12  # of a billion ids two are the same with odds of one in 10^11
_MOST_PARTITIONS: Final = 10_000  # no topic has more; to look for a hash in one of them takes long

_DEFAULT: Final = Policy.default()

_INPUTS: Final = (*PERSON_TOPICS, "catalog")
_FIELDS: Final[Mapping[type[msgspec.Struct], frozenset[str]]] = {
    record: frozenset(record.__struct_fields__)
    for record in (Candidate, OrderProduct, *(TOPICS[name].record for name in _INPUTS))
    if record is not None
}
_PARTS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "candidates": Candidate,
    "products": OrderProduct,
}

_RIGHT_BUT_FOR_KEY_OR_TIME: Final = ("key_mismatch", "future_timestamp", "past_timestamp")
STAND_INS: Final[Mapping[str, bytes]] = {
    "not_json": b"{",
    "not_an_object": b"[]",
    "missing_field": b"{}",
    "wrong_type": b'{"user_id":0,"product_id":0}',
    "unknown_value": (
        b'{"user_id":"","request_id":"","event_id":"",'
        b'"channel":"?","event":"?","action":"?","personalised_ads":"?"}'
    ),
    "too_large": b'"' + b" " * MAX_VALUE_BYTES + b'"',
}
"""By error code a value that, without a key, is refused for the same reason in any topic."""


@dataclass(frozen=True, slots=True)
class Homes:
    """The partition of each person, of so many: a hash is chosen to lie in it."""

    partitions: int = 1
    of: Mapping[str, int] = field(default_factory=dict)


def homes_of(records: Iterable[RecordedRecord]) -> Homes:
    """Where the persons of a recording are at home.

    Who lies in several partitions is at home where Kafka's Java clients would put them, as in a
    backtest and in a worker (SPEC 7), and so is who is only named by what is said of others.
    """
    homes: dict[str, int] = {}
    scattered: set[str] = set()
    named: set[str] = set()
    partitions = 1
    for record in records:
        if record.topic not in PERSON_TOPICS:
            continue
        partitions = max(partitions, record.partition + 1)  # a refused record's topic has it too
        try:
            event = decode(record.topic, record.key, record.value, record.timestamp)
        except InvalidRecord:
            continue
        user_id = event.user_id
        if isinstance(event, Identity) and event.person_id is not None:
            named.add(event.person_id)
        if homes.setdefault(user_id, record.partition) != record.partition:
            scattered.add(user_id)
    elsewhere = scattered | (named - homes.keys())
    homes |= {user_id: partition_of(user_id.encode(), partitions) for user_id in elsewhere}
    return Homes(partitions, homes)


class Pseudonyms:
    """The hashes of one key.

    So that every record can stay in its partition and a replay still finds it rightly placed, a
    person's hash is the first of a series that lies in the person's own partition. That is all it
    tells of the id, and it depends on the number of partitions. Ids that are nobody's, such as
    `guest`, stay, so that statements about them still link nothing.
    """

    def __init__(self, key: bytes, homes: Homes, policy: Policy = _DEFAULT) -> None:
        self._key = key
        self._homes = homes
        self._policy = policy
        self._persons: dict[str, str] = {}

    def of(self, kind: str, text: str) -> str:
        """The hash that stands for a text of this kind."""
        if kind != "person":
            return self._hash(kind, text, 0)
        if text and self._policy.is_blocked(text):
            return text
        pseudonym = self._persons.get(text)
        if pseudonym is None:
            pseudonym = self._persons[text] = self._of_person(text)
        return pseudonym

    def _of_person(self, user_id: str) -> str:
        home, partitions = self._homes.of.get(user_id), self._homes.partitions
        if home is None or partitions > _MOST_PARTITIONS:
            return self._hash("person", user_id, 0)
        series = (self._hash("person", user_id, number) for number in count())
        return next(each for each in series if partition_of(each.encode(), partitions) == home)

    def _hash(self, kind: str, text: str, number: int) -> str:
        return blake2b(
            text.encode(errors="surrogateescape"),
            digest_size=_DIGEST_BYTES,
            key=self._key,
            salt=number.to_bytes(8),
            person=kind.encode(),
        ).hexdigest()


@dataclass(slots=True)
class AnonymisedCounts:
    """What was written and what was left out."""

    written: Counter[str] = field(default_factory=Counter)
    """Records by topic."""
    stand_ins: Counter[str] = field(default_factory=Counter)
    """Those among them that stand in for what broke the contract, by error code."""
    topics: Counter[str] = field(default_factory=Counter)
    """Records left out, by topic."""
    fields: int = 0
    """Fields left out because the contract does not name them."""
    headers: int = 0


class Anonymiser:
    """Anonymises records one by one; `counts` tells what became of them."""

    def __init__(self, key: bytes, homes: Homes, policy: Policy = _DEFAULT) -> None:
        """The policy says which ids are nobody's, and stay as they are."""
        self.counts = AnonymisedCounts()
        self._pseudonyms = Pseudonyms(key, homes, policy)

    def anonymise(self, record: RecordedRecord) -> RecordedRecord | None:
        """The record that may be shared in place of this one; None for a topic that is no input.

        It has the same topic, time, partition and offset. A record that breaks the contract is
        replaced by one that is refused for the same reason.
        """
        if record.topic not in _INPUTS:
            self.counts.topics[record.topic] += 1
            return None
        self.counts.written[record.topic] += 1
        self.counts.headers += len(record.headers)
        key, value = self._content(record)
        return record_of(
            record.topic,
            key,
            value,
            record.timestamp,
            partition=record.partition,
            offset=record.offset,
        )

    def _content(self, record: RecordedRecord) -> tuple[bytes | None, bytes | None]:
        """The new key and value."""
        topic = TOPICS[record.topic]
        try:
            if topic.name == "catalog":
                decode_product(record.key, record.value)
            else:
                decode(topic.name, record.key, record.value, record.timestamp)
        except InvalidRecord as error:
            if error.code not in _RIGHT_BUT_FOR_KEY_OR_TIME:
                self.counts.stand_ins[error.code] += 1
                return None, STAND_INS[error.code]
        key = record.key
        if key is not None:
            assert topic.key is not None, "the keys of inputs name somebody or something"
            text = key.decode(errors="surrogateescape")
            key = self._pseudonyms.of(HASHED[topic.key], text).encode()
        fields = None if record.value is None else orjson.loads(record.value)
        if fields is None:
            return key, None
        if topic.name == "purchases":
            kept = without_ignored_fields(fields)
            self.counts.fields += len(fields) - len(kept)
            fields = kept
        assert topic.record is not None, "inputs have a type"
        named = _FIELDS[topic.record] | {topic.key}
        return key, orjson.dumps(self._anonymous(fields, named))

    def _anonymous(self, fields: Mapping[str, Any], named: frozenset[str | None]) -> dict[str, Any]:
        """The fields that the contract names, without ids. They have been found to be right."""
        kept = {}
        for name, value in fields.items():
            if name not in named:
                self.counts.fields += 1
            elif name in _PARTS:
                part = _FIELDS[_PARTS[name]]
                kept[name] = value and [self._anonymous(each, part) for each in value]
            elif name in HASHED and value is not None:
                kept[name] = self._hashed(HASHED[name], value)
            else:
                kept[name] = value
        return kept

    def _hashed(self, kind: str, value: str | list[str]) -> str | list[str]:
        if isinstance(value, str):
            return self._pseudonyms.of(kind, value)
        return [self._pseudonyms.of(kind, text) for text in value]
