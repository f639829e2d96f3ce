"""Short ways to say what happened to a person, so that each test shows only what matters to it.

Everybody is Ann, everything happens at `NOW`, and the product is a TV, unless a test says more.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import orjson

from schemas.decoding import InvalidRecord, decode, decode_product
from schemas.outputs import SuppressionList
from schemas.records import (
    Candidate,
    Dismissal,
    Event,
    Identity,
    Impression,
    OrderProduct,
    Preference,
    Product,
    Purchase,
    Request,
)
from schemas.topics import PERSON_TOPICS
from streams.engine.alignment import PartitionGroup
from streams.recording.backtest import Backtest
from streams.recording.backtest_counts import BacktestCounts
from streams.recording.files import RecordedRecord, numbered, record_of
from streams.suppression import policy_document
from streams.suppression.aliases import read_evidence
from streams.suppression.catalog import Catalog
from streams.suppression.claim_index import ClaimIndex
from streams.suppression.claims import Claim, rank
from streams.suppression.decision import decide
from streams.suppression.evidence import Evidence
from streams.suppression.list_index import decide_from_list
from streams.suppression.list_union import union_of
from streams.suppression.lists import list_of
from streams.suppression.person import Person
from streams.suppression.policy import Policy

NOW = 1_700_000_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

TOPIC_OF = {
    Identity: "identities",
    Request: "impression-requests",
    Purchase: "purchases",
    Dismissal: "dismissals",
    Impression: "impressions",
    Preference: "preferences",
}


# --- what happened -------------------------------------------------------------------------------


def product(product_id: str = "tv", **fields: Any) -> OrderProduct:
    return OrderProduct(product_id, **fields)


def purchase(
    *products: str | OrderProduct,
    event_id: str = "bought",
    order_id: str = "order",
    ts: int = NOW,
    user_id: str = "ann",
) -> Purchase:
    """A completed order: of one TV unless products are named."""
    listed = _order_products(products or ("tv",))
    return _order("order_completed", event_id, order_id, ts, user_id, listed)


def refund(
    *products: str | OrderProduct,
    event_id: str = "refunded",
    order_id: str = "order",
    ts: int = NOW,
    user_id: str = "ann",
) -> Purchase:
    """A refund of the products that are named, or of the whole order."""
    listed = _order_products(products) if products else None
    return _order("order_refunded", event_id, order_id, ts, user_id, listed)


def cancellation(
    event_id: str = "cancelled", order_id: str = "order", ts: int = NOW, user_id: str = "ann"
) -> Purchase:
    return _order("order_cancelled", event_id, order_id, ts, user_id, None)


def reinstatement(
    event_id: str = "reinstated", order_id: str = "order", ts: int = NOW, user_id: str = "ann"
) -> Purchase:
    return _order("order_reinstated", event_id, order_id, ts, user_id, None)


def dismissal(
    reason: str, event_id: str = "dismissed", ts: int = NOW, user_id: str = "ann", **fields: Any
) -> Dismissal:
    """A dismissal; name its target, or nothing for `opt_out_all`."""
    return Dismissal(event_id=event_id, user_id=user_id, ts=ts, reason=reason, **fields)


def restoration(
    event_id: str = "restored", ts: int = NOW, user_id: str = "ann", **fields: Any
) -> Dismissal:
    """A restoration of what the fields name, or of everything."""
    return Dismissal(event_id=event_id, user_id=user_id, ts=ts, action="restored", **fields)


def impression(
    impression_id: str = "shown", product_id: str = "tv", ts: int = NOW, user_id: str = "ann"
) -> Impression:
    return Impression(impression_id=impression_id, product_id=product_id, user_id=user_id, ts=ts)


def impressions(*times: int, product_id: str = "tv") -> list[Impression]:
    """Impressions i1, i2, … at these times."""
    return [impression(f"i{n}", product_id, ts) for n, ts in enumerate(times, start=1)]


def preference(
    event_id: str = "said", ts: int = NOW, user_id: str = "ann", **answers: Any
) -> Preference:
    return Preference(event_id=event_id, user_id=user_id, ts=ts, **answers)


def candidate(product_id: str = "tv", **fields: Any) -> Candidate:
    return Candidate(product_id, **fields)


def request(
    *candidates: str | Candidate,
    request_id: str = "asked",
    ts: int = NOW,
    user_id: str = "ann",
    **fields: Any,
) -> Request:
    """A request with these candidates, or with the TV."""
    listed = [
        Candidate(named) if isinstance(named, str) else named for named in candidates or ("tv",)
    ]
    return Request(request_id=request_id, user_id=user_id, ts=ts, candidates=listed, **fields)


def _order(
    event: Any,
    event_id: str,
    order_id: str,
    ts: int,
    user_id: str,
    products: list[OrderProduct] | None,
) -> Purchase:
    return Purchase(
        event_id=event_id, user_id=user_id, ts=ts, event=event, order_id=order_id, products=products
    )


def _order_products(products: Iterable[str | OrderProduct]) -> list[OrderProduct]:
    return [OrderProduct(named) if isinstance(named, str) else named for named in products]


# --- how it is read ------------------------------------------------------------------------------


def policy(**tables: Any) -> Policy:
    """The default policy, with what these tables override: `policy(follow={"days": 3})`."""
    return Policy(policy_document.complete(tables))


def catalog(**products: Mapping[str, Any]) -> Catalog:
    """A catalog with these products: `catalog(tv={"brand": "acme"})`."""
    known = Catalog()
    for product_id, fields in products.items():
        known.put(product_id, Product(**fields))
    return known


def person_with(*events: Event) -> Evidence:
    """The evidence of a person to whom this happened."""
    evidence = Evidence()
    for event in events:
        evidence.join(event)
    return evidence


def index_of(evidence: Evidence, policy: Policy, catalog: Catalog) -> ClaimIndex:
    """What the evidence claims by a policy and a catalog."""
    index = ClaimIndex(read_evidence(evidence, catalog), policy, catalog)
    index.bring_up_to_date()
    return index


def stored(evidence: Evidence) -> bytes:
    """The evidence as it is stored, of a person of whom nothing was published."""
    return Person(evidence).to_bytes()


def read_back(evidence: Evidence) -> Evidence:
    """The evidence as it comes back from where it was stored."""
    return Person.from_bytes(stored(evidence)).evidence


def claims(
    *events: Event, policy: Policy | None = None, catalog: Catalog | None = None
) -> list[Claim]:
    """What these events claim, the claim that ranks first at the front."""
    index = index_of(person_with(*events), policy or Policy.default(), catalog or Catalog())
    return sorted(index.claims(), key=rank)


def the_claim(
    *events: Event, policy: Policy | None = None, catalog: Catalog | None = None
) -> Claim:
    """The only claim that these events make."""
    [claim] = claims(*events, policy=policy, catalog=catalog)
    return claim


def decision(
    asked: Request, *events: Event, policy: Policy | None = None, catalog: Catalog | None = None
) -> dict[str, Any]:
    """The decision on a request by a person to whom this happened, as its JSON reads."""
    policy, catalog = policy or Policy.default(), catalog or Catalog()
    index = index_of(person_with(*events), policy, catalog)
    return as_json(decide(asked, index, policy, catalog))


def decided_by_list(
    asked: Request,
    listed: Mapping[str, Any] | None,
    policy: Policy,
    catalog: Catalog,
    age: float = 0,
) -> dict[str, Any]:
    """The decision by a published list as its JSON reads."""
    known = None if listed is None else msgspec.convert(listed, SuppressionList)
    return as_json(decide_from_list(asked, known, policy, catalog, age))


def decided_by_copies(
    asked: Request, copies: Iterable[Mapping[str, Any]], policy: Policy, catalog: Catalog
) -> dict[str, Any]:
    """The decision by the lists of several ids, each with the age of its copy."""
    known = [each for each in copies if each["list"] is not None]
    union = union_of([msgspec.convert(each["list"], SuppressionList) for each in known])
    age = max(each["age"] for each in copies)
    return as_json(decide_from_list(asked, union, policy, catalog, age))


def reasons(
    asked: Request, *events: Event, policy: Policy | None = None, catalog: Catalog | None = None
) -> dict[str, str]:
    """Why each candidate that is suppressed is so."""
    decided = decision(asked, *events, policy=policy, catalog=catalog)
    return {answer["product_id"]: answer["reason"] for answer in decided["suppressed"]}


def published(
    *events: Event,
    policy: Policy | None = None,
    catalog: Catalog | None = None,
    newest: int | None = None,
) -> dict[str, Any] | None:
    """The list of a person to whom this happened; `newest` is the partition's event time."""
    policy, catalog = policy or Policy.default(), catalog or Catalog()
    evidence = person_with(*events)
    found = list_of(
        "ann",
        index_of(evidence, policy, catalog).claims(),
        evidence.granted(),
        evidence.newest,
        evidence.newest if newest is None else newest,
        policy.version,
    )
    return as_json(found)


# --- recordings ----------------------------------------------------------------------------------


def line(event: Event, **position: int) -> dict[str, Any]:
    """An event as a line of a recording (SPEC 8); `position` may give partition and offset."""
    value = {name: field for name, field in msgspec.to_builtins(event).items() if field is not None}
    return {
        "topic": TOPIC_OF[type(event)],
        "key": event.user_id,
        "timestamp": event.ts,
        "value": value,
        **position,
    }


def catalog_line(product_id: str, **fields: Any) -> dict[str, Any]:
    return {"topic": "catalog", "key": product_id, "timestamp": NOW, "value": fields}


def recorded(lines: Iterable[Mapping[str, Any]]) -> list[RecordedRecord]:
    """Lines as reading them from a file hands them out."""
    return list(numbered(_record(line) for line in lines))


def _record(line: Mapping[str, Any]) -> RecordedRecord:
    if "value_base64" in line:
        return msgspec.convert(dict(line), RecordedRecord)
    key = line.get("key")
    record = record_of(
        line["topic"],
        None if key is None else key.encode(),
        orjson.dumps(line["value"]),
        line["timestamp"],
        partition=line.get("partition", 0),
    )
    record.offset = line.get("offset", record.offset)
    return record


def backtest(
    lines: Iterable[Mapping[str, Any]], policy: Policy | None = None
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]], BacktestCounts]:
    """Decisions, lists by person, and the counts of a recording."""
    return backtest_of_records(recorded(lines), policy)


def backtest_of_records(
    records: Iterable[RecordedRecord], policy: Policy | None = None
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]], BacktestCounts]:
    """The same of what was read from a file."""
    run = Backtest(policy or Policy.default())
    decisions = as_json(list(run.run(records)))
    lists = as_json({each.user_id: each for each in run.lists()})
    return decisions, lists, run.counts


def as_json(value: Any) -> Any:
    """The value as whoever reads its JSON sees it."""
    return orjson.loads(msgspec.json.encode(value))


def groups_of(lines: Iterable[Mapping[str, Any]]) -> tuple[Catalog, dict[int, list[Event]]]:
    """The catalog of a recording, and its valid events by partition in the order of SPEC 6."""
    known = Catalog()
    groups: dict[int, PartitionGroup[Event]] = {}
    for record in sorted(recorded(lines), key=lambda record: record.offset):
        if record.topic not in (*PERSON_TOPICS, "catalog"):
            continue
        try:
            if record.topic == "catalog":
                known.put(*decode_product(record.key, record.value))
            else:
                event = decode(record.topic, record.key, record.value, record.timestamp)
                group = groups.setdefault(record.partition, PartitionGroup())
                queue = group.queue(record.topic, PERSON_TOPICS.index(record.topic))
                queue.append(record.offset, event.ts, event)
        except InvalidRecord:
            continue
    return known, {
        partition: [event for _, event in group.pop_ready()] for partition, group in groups.items()
    }
