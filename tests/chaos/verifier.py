"""Says of what the topics hold whether anything was lost, doubled or changed (SPEC 3, 6 and 7).

It knows nothing of workers: its reference is a backtest of what it finds on the input topics.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

from schemas.decoding import InvalidRecord, decode, decode_product
from schemas.records import Event, Request
from schemas.topics import STREAMS
from streams.kafka.partitioner import partition_of
from streams.recording.backtest import Backtest
from streams.recording.files import RecordedRecord
from streams.suppression.policy import Policy
from tests.builders import as_json
from tests.chaos.observed import Observed

REQUESTS: Final = "impression-requests"
RecordId = tuple[str, int, int]
"""Topic, partition and offset of a record."""

SHOWN: Final = 3
"""So many examples of each kind of finding are shown."""


class Finding(NamedTuple):
    """Something that is not as it must be."""

    kind: str
    detail: str


class Report(NamedTuple):
    """What was found, and what became of the records."""

    findings: list[Finding]
    totals: Mapping[str, int]
    """`consumed` is the sum of the others: a record that is rerouted is consumed twice."""


def described(findings: Iterable[Finding]) -> str:
    """How many findings of each kind there are, with some examples."""
    by_kind = defaultdict(list)
    for kind, detail in findings:
        by_kind[kind].append(detail)
    lines = []
    for kind, details in by_kind.items():
        lines += [f"{kind}: {len(details)}", *(f"  {detail}" for detail in details[:SHOWN])]
    return "\n".join(lines)


class Valid(NamedTuple):
    """An input that is right, and the partition of its person."""

    record: RecordedRecord
    event: Event
    home: int

    @property
    def is_misplaced(self) -> bool:
        return self.record.partition != self.home


def verify(observed: Observed, policy: Policy) -> Report:
    """Compare what came out with what must come of what went in."""
    return _Verification(observed, policy).report()


class _Verification:
    def __init__(self, observed: Observed, policy: Policy) -> None:
        self._observed = observed
        self._valid: list[Valid] = []
        self._invalid: dict[RecordId, tuple[RecordedRecord, str]] = {}
        for record in observed.inputs:
            self._judge(record)
        backtest = Backtest(policy)
        self._decisions = as_json(list(backtest.run(observed.inputs)))
        self._lists = {
            each["user_id"]: each
            for each in as_json(list(backtest.lists()))
            if each["entries"] or each["granted"]
        }

    def _judge(self, record: RecordedRecord) -> None:
        try:
            if record.topic == "catalog":
                decode_product(record.key, record.value)
                return
            event: Any = decode(record.topic, record.key, record.value, record.timestamp)
        except InvalidRecord as error:
            self._invalid[_id_of(record)] = record, error.code
        else:
            home = partition_of(event.user_id.encode(), self._observed.partitions)
            self._valid.append(Valid(record, event, home))

    def report(self) -> Report:
        totals = self._totals()
        findings = [
            *self._of_decisions(),
            *self._of_order(),
            *self._of_lists(),
            *self._of_dead_letters(),
            *self._of_rerouting(),
            *self._of_shares(),
            *self._of_offsets(),
        ]
        consumed, *outcomes = totals.values()
        if consumed != sum(outcomes):
            findings.append(
                Finding("consumed is not decided + joined + shared + dead + rerouted", "")
            )
        return Report(findings, totals)

    def _totals(self) -> Mapping[str, int]:
        seen = self._observed
        return {
            "consumed": sum(
                record.offset < seen.offsets.get((record.topic, record.partition), 0)
                for record in (*seen.inputs, *seen.rerouted, *seen.shares)
                if record.topic in STREAMS
            ),
            "decided": len(seen.decisions),
            "joined": sum(
                not valid.is_misplaced and not isinstance(valid.event, Request)
                for valid in self._valid
            )
            + sum(_header(record, "topic") != REQUESTS for record in seen.rerouted),
            "dead": sum(_original(letter)[0] != "catalog" for letter in seen.dead_letters),
            "rerouted": len(seen.rerouted),
            "shared": len(seen.shares),
        }

    def _of_decisions(self) -> Iterator[Finding]:
        """Every request has one decision, which is the backtest's."""
        given = defaultdict(list)
        for record in self._observed.decisions:
            decision = orjson.loads(record.value or b"")
            decision.pop("as_of", None)
            given[decision["request_id"]].append(decision)
            yield from self._of_home(record)
        for expected in self._decisions:
            request_id = expected["request_id"]
            found = given.pop(request_id, [])
            if not found:
                yield Finding("request without a decision", request_id)
            if len(found) > 1:
                yield Finding("request decided more than once", f"{request_id}, {len(found)} times")
            for decision in found:
                if decision != expected:
                    yield Finding("decision unlike the backtest's", f"{decision}, not {expected}")
        for request_id in given:
            yield Finding("decision that nobody asked for", request_id)

    def _of_order(self) -> Iterator[Finding]:
        """Requests are decided in the order in which they lie in their partition."""
        for number in range(self._observed.partitions):
            decided = dict.fromkeys(
                orjson.loads(record.value or b"")["request_id"]
                for record in self._observed.decisions
                if record.partition == number
            )
            asked = (
                valid.event.request_id
                for valid in self._valid
                if valid.record.partition == valid.home == number
                and isinstance(valid.event, Request)
            )
            passed_on = (
                orjson.loads(record.value or b"")["request_id"]
                for record in self._observed.rerouted
                if record.partition == number and _header(record, "topic") == REQUESTS
            )
            for requests in (dict.fromkeys(asked), dict.fromkeys(passed_on)):
                in_order = [request_id for request_id in requests if request_id in decided]
                found = [request_id for request_id in decided if request_id in requests]
                first = next(
                    (pair for pair in zip(found, in_order, strict=True) if pair[0] != pair[1]), None
                )
                if first:
                    yield Finding("decision out of its order", f"{first[0]} before {first[1]}")

    def _of_lists(self) -> Iterator[Finding]:
        """Each change of a list is there once, and the last list is the backtest's."""
        last: dict[str, bytes | None] = {}
        for record in self._observed.lists:
            user_id = (record.key or b"").decode()
            if record.value == last.get(user_id):
                yield Finding("list published without a change", user_id)
            last[user_id] = record.value
            yield from self._of_home(record)
        for user_id in last.keys() | self._lists.keys():
            value = last.get(user_id)
            found = None if value is None else orjson.loads(value)
            expected = self._lists.get(user_id)
            if found != expected:
                yield Finding("last list unlike the backtest's", f"{found}, not {expected}")

    def _of_dead_letters(self) -> Iterator[Finding]:
        """Each input that is not right is there once, as it was received."""
        dead_lettered = Counter(_original(letter) for letter in self._observed.dead_letters)
        for record_id in self._invalid.keys() - dead_lettered.keys():
            yield Finding("dead letter missing", f"{record_id}")
        for record_id, count in dead_lettered.items():
            if record_id not in self._invalid:
                yield Finding("dead letter of a record that is right", f"{record_id}")
            if count > 1:
                yield Finding("dead letter more than once", f"{record_id}, {count} times")
        for letter in self._observed.dead_letters:
            record, code = self._invalid.get(_original(letter), (letter, _header(letter, "error")))
            if (letter.key, letter.value) != (record.key, record.value):
                yield Finding("dead letter unlike its record", f"{_original(letter)}")
            if _header(letter, "error") != code:
                yield Finding("dead letter with another code", f"{_original(letter)}, not {code}")

    def _of_rerouting(self) -> Iterator[Finding]:
        """Each misplaced input reached the partition of its person once, as it was."""
        expected = Counter(
            (valid.record.topic, valid.home, valid.record.timestamp, valid.record.value)
            for valid in self._valid
            if valid.is_misplaced
        )
        found = Counter(
            (_header(record, "topic"), record.partition, record.timestamp, record.value)
            for record in self._observed.rerouted
        )
        for record in expected - found:
            yield Finding("misplaced record that was not rerouted", f"{record}")
        for record in found - expected:
            yield Finding("rerouted more than once, or without need", f"{record}")

    def _of_shares(self) -> Iterator[Finding]:
        """Nothing is shared twice, but for the whole where it was asked for.

        All of it lies where its receiver is.
        """
        shared: Counter[bytes] = Counter()
        asked: Counter[tuple[str, str]] = Counter()
        for record in self._observed.shares:
            value = record.value or b""
            shared[_untimed(value)] += 1
            share = orjson.loads(value)
            asked[share["sender"], share["user_id"]] += share.get("asks", False)
        for value, count in shared.items():
            share = orjson.loads(value)
            most = 1
            if share.get("whole"):
                asked_for = asked[share["user_id"], share["sender"]]
                most = 1 + asked_for if share["direction"] == "up" else max(1, asked_for)
            if count > most:
                yield Finding("shared more than once", f"{value!r}, {count} times")
        for record in self._observed.shares:
            yield from self._of_home(record)

    def _of_offsets(self) -> Iterator[Finding]:
        """The group stands after the last record of every partition."""
        ends: dict[tuple[str, int], int] = {}
        observed = self._observed
        for record in (*observed.inputs, *observed.rerouted, *observed.shares):
            if record.topic != "catalog":
                ends[record.topic, record.partition] = record.offset + 1
        for partition, end in ends.items():
            offset = self._observed.offsets.get(partition, 0)
            if offset != end:
                yield Finding(
                    "offset not after the last record", f"{partition}: {offset}, not {end}"
                )

    def _of_home(self, record: RecordedRecord) -> Iterator[Finding]:
        if record.partition != partition_of(record.key or b"", self._observed.partitions):
            yield Finding("output in another partition than its person's", f"{_id_of(record)}")


def _id_of(record: RecordedRecord) -> RecordId:
    return record.topic, record.partition, record.offset


def _original(letter: RecordedRecord) -> RecordId:
    """Where the record of a dead letter lay; its topic without the deployment's prefix."""
    topic = _header(letter, "topic").rpartition(".")[2]
    return topic, int(_header(letter, "partition")), int(_header(letter, "offset"))


def _untimed(share: bytes) -> bytes:
    """What is shared: its time is when that was done."""
    return orjson.dumps({name: of for name, of in orjson.loads(share).items() if name != "ts"})


def _header(record: RecordedRecord, name: str) -> str:
    """The last value of one of our headers: an earlier one came with the record."""
    return next(
        (value or b"").decode()
        for header, value in reversed(record.headers)
        if header == f"unhaunt.{name}"
    )
