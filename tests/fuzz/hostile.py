"""Feeds what reads files, foreign events and requests what libFuzzer finds by their coverage.

    python -m tests.fuzz.hostile policy -max_total_time=600
    python -m tests.fuzz.hostile adapters -runs=20000 FOLDER

The targets are in `TARGETS`. It begins with examples that are right, and what else is worth
keeping it keeps beside them in FOLDER, or else in build/fuzz-TARGET. What it stops at it leaves in
a file `crash-…`, which `python -m tests.fuzz.hostile TARGET FILE` tries again. All other options
are libFuzzer's (`-help=1`).
"""

import gzip
import lzma
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import atheris

with atheris.instrument_imports(include=["schemas", "streams", "tomllib"]):
    from schemas.adapters.formats import ADAPTERS, AUTO, readers_of
    from schemas.asked import read_asked
    from schemas.avro import avro_reader
    from schemas.decoding import InvalidRecord, decode_product, parse_object
    from schemas.framing import JsonOf, SchemaId, framed_readers, unframed
    from schemas.openrtb.bid_request import read_bid_request
    from schemas.registered import schema_text, unknown
    from streams.errors import SourceError
    from streams.policy_file import read_policy
    from streams.recording.backtest import Backtest
    from streams.recording.files import read
    from streams.recording.importing.datacratic import import_datacratic
    from streams.recording.importing.events import EventOptions, import_events
    from streams.recording.importing.jdata import import_jdata
    from streams.recording.importing.online_retail import import_online_retail
    from streams.recording.importing.pairs import Columns, import_pairs
    from streams.suppression.policy import Policy
    from streams.suppression.policy_document import DEFAULTS, PolicyError
    from streams.view.bounds import require_few_values

import msgspec
import orjson
import tomli_w
import zstandard

from schemas import generate
from schemas.avro import avro_writer
from schemas.framing import framed
from schemas.outputs import to_json
from schemas.records import events_of
from tests.builders import dismissal, preference, published, purchase
from tests.property.bad_input import NOW, VALID_VALUES
from tests.served import FixedView

REPOSITORY = Path(__file__).parents[2]
GOLDEN = REPOSITORY / "tests" / "golden"
EXAMPLES = Path(generate.__file__).parent / "examples"
FORMATS = EXAMPLES / "formats"
FOLDER = Path(tempfile.mkdtemp(prefix="unhaunt-fuzz-"))
"""Where what is tried lies as a file; there is one at a time."""

KINDS = [*ADAPTERS, AUTO]
TOPICS = ("purchases", "dismissals", "preferences", "catalog")
SCHEMA_ID = 7


class Target(NamedTuple):
    """What is fuzzed: attempts with any bytes, beginning with these, which are right."""

    attempt: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]


def laid(name: str, content: bytes) -> Path:
    """A file with this content."""
    path = FOLDER / name
    path.write_bytes(content)
    return path


def check_words(words: str, most: int) -> None:
    """A refusal has words, not too many, and such as can be written anywhere."""
    assert 0 < len(words.encode()) < most


# --- policies ------------------------------------------------------------------------------------


def try_policy(data: bytes) -> None:
    """A policy is compiled or refused, and one that is compiled can be shown."""
    try:
        policy = read_policy(laid("policy.toml", data))
    except PolicyError as refused:
        check_words(str(refused), 60_000)
        return
    orjson.dumps(policy.document)
    Policy.from_toml(tomli_w.dumps(policy.document))


def policies() -> Iterable[bytes]:
    """The default policy, and those of the golden cases."""
    yield tomli_w.dumps(DEFAULTS).encode()
    yield from (path.read_bytes() for path in sorted(GOLDEN.glob("*/policy.toml")))


# --- recordings and importers --------------------------------------------------------------------


def try_recording(data: bytes) -> None:
    """A recording is read and decided on, or said not to be one; the first byte says how packed."""
    name = {b"z": "r.jsonl.zst", b"g": "r.ndjson.gz"}.get(data[:1], "r.jsonl")
    path = laid(name, data[1:])
    run = Backtest(Policy.default(), formats={"purchases": AUTO})
    try:
        list(run.run(read([path])))
    except SourceError as refused:
        check_words(str(refused), 4_000)
    list(run.lists())


def recordings() -> Iterable[bytes]:
    """Those of the golden cases."""
    for path in sorted(GOLDEN.glob("*/recording.jsonl")):
        content = path.read_bytes()[:4_000]
        yield b"p" + content
        yield b"z" + zstandard.compress(content)
        yield b"g" + gzip.compress(content, mtime=0)


def try_importers(data: bytes) -> None:
    """A file is imported, and can then be read, or it is said what is wrong with it."""
    made = FOLDER / "made.jsonl"
    kind, content = data[:1], data[1:]
    try:
        if kind == b"d":
            import_datacratic(laid("source.jsonl", content), made)
        elif kind == b"x":
            import_online_retail(laid("source.csv.xz", content), made)
        elif kind in (b"e", b"t"):
            name = "source.ndjson" if kind == b"e" else "source.csv"
            options = EventOptions(AUTO, "purchases", skip_broken=True)
            import_events([laid(name, content)], made, options)
        elif kind == b"o":
            import_online_retail(laid("source.csv", content), made)
        elif kind == b"p":
            columns = Columns("leaf", "hub", "probability")
            import_pairs(laid("pairs.csv", content), made, columns, NOW, "inferred", at_least=0.5)
        else:
            actions, _, products = content.partition(b"\0")
            import_jdata([laid("actions.csv", actions)], laid("products.csv", products), made)
    except SourceError:
        return
    assert list(read([made])) or kind == b"p"  # of which all pairs may say nothing


def sources() -> Iterable[bytes]:
    """Some rows of each data set."""
    yield b'd{"id":"2245","timestamp":1326240000.06,"userIds":{"xchg":"CAES"}}\n' * 2
    order = b'{"type":"track","event":"Order Completed","userId":"ann","timestamp":"2025-06-30",'
    yield b"e" + order + b'"properties":{"order_id":"o1","products":[{"product_id":"tv"}]}}\n'
    yield (
        b"ttype,event,userId,timestamp,properties.order_id,properties.products.0.product_id\n"
        b"track,Order Completed,ann,2025-06-30,o1,tv\n"
    )
    retail = (
        b"InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n"
        b"536365,85123A,6,12/1/10 8:26,2.55,17850\nC536379,D,-1,12/1/10 9:41,27.5,14527\n"
    )
    yield b"o" + retail
    yield b"x" + lzma.compress(retail)
    yield b"pleaf,hub,probability\nphone,ann,0.9\nlaptop,ann,0.1\nphone,ann,1\n"
    yield (
        b"juser_id,sku_id,time,model_id,type,cate,brand\n"
        b"266079.0,138778,2016-01-31 23:59:02,,1,8,403\n266079,9,2016-02-01 00:00:03,,4,8,403\n"
        b"\0sku_id,a1,a2,a3,cate,brand\n138778,3,1,1,8,403\n"
    )


# --- foreign events and frames -------------------------------------------------------------------

READERS = {kind: readers_of({"purchases": f"{kind}:signed_in"})["purchases"] for kind in KINDS}
"""Of events, and of what they say of ids."""


def try_adapters(data: bytes) -> None:
    """An event is read, ignored or refused with a code; the first byte names its format."""
    number = data[0] if data else 0
    headers = [("ce_id", b"1"), ("ce_source", b"s")] if number & 128 else []
    key = b"ann" if number & 64 else None
    try:
        said = READERS[KINDS[number % 64 % len(KINDS)]](key, data[1:], NOW, headers)
    except InvalidRecord as refused:
        check_words(refused.detail, 4_000)
        return
    for event in () if said is None else events_of(said):
        orjson.dumps(msgspec.to_builtins(event))


def foreign_events() -> Iterable[bytes]:
    """The examples of each format."""
    for number, kind in enumerate(KINDS):
        for path in sorted(FORMATS.parent.glob(f"*/{kind}/*.json")):
            value = orjson.loads(path.read_bytes())["value"]
            yield bytes([number]) + orjson.dumps(value)


class OneSchema(dict[SchemaId, JsonOf]):
    """A registry in which a topic has one schema."""

    def __missing__(self, schema_id: SchemaId) -> JsonOf:
        return unknown(schema_id)


REGISTRIES = {
    topic: OneSchema({SCHEMA_ID: avro_reader(SCHEMA_ID, [schema_text(topic, "avro")])})
    for topic in TOPICS
}


def try_frames(data: bytes) -> None:
    """A framed value is read or refused; the first byte names its topic."""
    topic = TOPICS[(data[0] if data else 0) % len(TOPICS)]
    registry = REGISTRIES[topic]
    try:
        if topic == "catalog":
            decode_product(b"p1", unframed(registry, data[1:], []))
        else:
            framed_readers({}, [topic], registry)[topic](None, data[1:], NOW, [])
    except InvalidRecord as refused:
        check_words(refused.detail, 4_000)


def frames() -> Iterable[bytes]:
    """The contract's examples in Avro."""
    for number, topic in enumerate(TOPICS):
        write = avro_writer(schema_text(topic, "avro"))
        for value in VALID_VALUES[topic]:
            try:
                yield bytes([number]) + framed(SCHEMA_ID, write(value))
            except (TypeError, ValueError, AttributeError):  # what JSON may say and Avro may not
                continue


# --- what ad servers ask -------------------------------------------------------------------------

CANDIDATES = 2_000
PLACES = ("user.id", "user.buyeruid", "device.ifa", "id5-sync.com")
VIEW = FixedView(
    ann=published(purchase("mug-7"), preference(sensitive_topics="granted")) or {},
    u1=published(dismissal("inappropriate", category="IAB7")) or {},
)


def try_asked(data: bytes) -> None:
    """A request is decided, or refused with a code."""
    try:
        require_few_values(data, CANDIDATES)
        asked = read_asked(data, NOW)
    except InvalidRecord as refused:
        check_words(refused.detail, 4_000)
        return
    decision, _ = VIEW.decide(*asked)
    to_json(decision)


def requests() -> Iterable[bytes]:
    """The examples of requests, and one by several ids."""
    yield from (orjson.dumps(value) for value in VALID_VALUES["impression-requests"])
    candidates = [{"product_id": "mug-7", "price": 10, "interest_at": NOW}]
    yield orjson.dumps({"request_id": "r", "user_ids": ["ann", "u1"], "candidates": candidates})


def try_bids(data: bytes) -> None:
    """A bid request is answered with itself, or refused with the path of a field."""
    try:
        require_few_values(data, CANDIDATES)
        bid = read_bid_request(parse_object(data), NOW, PLACES, [{"product_id": "mug-7"}])
    except InvalidRecord as refused:
        check_words(refused.detail, 4_000)
        return
    answer, decisions, _ = VIEW.bid(bid)
    assert len(decisions) == len(bid.requests)
    with suppress(orjson.JSONEncodeError):  # where it is nested deeper than may be written
        orjson.dumps(answer)


def bids() -> Iterable[bytes]:
    """The examples of bid requests."""
    for path in sorted((EXAMPLES / "openrtb").iterdir()):
        yield orjson.dumps(orjson.loads(path.read_bytes())["request"])


TARGETS = {
    "policy": Target(try_policy, policies),
    "recordings": Target(try_recording, recordings),
    "importers": Target(try_importers, sources),
    "adapters": Target(try_adapters, foreign_events),
    "frames": Target(try_frames, frames),
    "asked": Target(try_asked, requests),
    "bids": Target(try_bids, bids),
}


def main() -> None:
    """Fuzz until something is wrong, or as the arguments say."""
    program, *arguments = sys.argv
    name = arguments.pop(0) if arguments else ""
    if name not in TARGETS:
        sys.exit(f"expected one of {', '.join(TARGETS)}, got {name or 'nothing'}")
    target = TARGETS[name]
    named = [Path(argument) for argument in arguments if not argument.startswith("-")]
    corpus = named[0] if named else REPOSITORY / "build" / f"fuzz-{name}"
    if not corpus.is_file():
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(target.seeds()):
            (corpus / f"seed-{number}").write_bytes(seed)
    options = arguments if named else [*arguments, str(corpus)]
    atheris.Setup([program, *options], target.attempt)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
