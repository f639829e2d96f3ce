"""Import of Datacratic's auctions (20,000 bid requests of 2012): who asked when becomes a load.

What is real is the load: whose request came when, and how unevenly they are spread. A user id is
the exchange's (``userIds.xchg``). The busiest one seems to stand for everybody whom one of the
exchanges does not know (its 497 auctions come from 432 addresses); it is kept, since a key of that
kind is what real traffic brings. No more of an auction is taken over, neither address nor page.

The data knows neither products nor what came of an auction, so both are constructed, in the mix of
the benchmarks: seven requests to five impressions, two dismissals and one purchase. Drop the
impressions, an optional topic, and a tenth of what is left are purchases and a fifth dismissals.
Candidates are drawn by Zipf's law, the product of rank k with weight 1/k. An impression, a
dismissal or a purchase is of the first candidate; its id begins with "constructed-".

The same auctions, seed and number of repeats give the same records, to the byte, on every Python:
of ``random`` only ``random()`` is used, whose sequence is promised to stay.
"""

import heapq
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, count
from operator import itemgetter
from random import Random
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from streams.recording.files import KINDS, RecordedRecord, Writer, json_record
from streams.recording.importing.rows import ImportFailed, ImportSummary
from streams.recording.line_order import in_line_order
from streams.recording.sources import AnyPath, Progress, lines_of, open_source

PRODUCTS: Final = 2_000
CANDIDATES: Final = 5
REASONS: Final = ("not_interested", "already_bought", "seen_too_often", "removed_from_cart")

SHOWN_AFTER_MS: Final = 100
RESPONSE_WITHIN_MS: Final = 3_000
"""Purchases and dismissals come this soon after the ad. All the auctions are of 32 seconds, and
every other return of a person is within three of them: what comes later would rarely be joined."""

_Draw = Callable[[], float]
"""Gives a number from 0 to below 1."""

_EXAMPLE = '{"id": "2245", "timestamp": 1326240000.066617, "userIds": {"xchg": "CAES"}, ...}'
_YEAR_5000 = 95_617_584_000


class _UserIds(msgspec.Struct):
    xchg: str = ""


class _AuctionLine(msgspec.Struct):
    id: str
    timestamp: Annotated[float, msgspec.Meta(ge=0, le=_YEAR_5000)]
    """Seconds since 1970."""
    user_ids: _UserIds | None = msgspec.field(name="userIds", default=None)


class _Auction(NamedTuple):
    ts: int
    request_id: str
    user_id: str


class _Constructed(NamedTuple):
    """Something that happens in consequence of an auction. Compares by time, then as drawn."""

    ts: int
    number: int
    record: RecordedRecord


def import_datacratic(
    source: AnyPath,
    output: AnyPath,
    *,
    partitions: int = 4,
    seed: int = 1,
    repeat: int = 1,
    progress: Progress | None = None,
) -> ImportSummary:
    """Write the auctions and what is constructed around them, in order of time.

    They are written ``repeat`` times, one round after the other, each with ids and draws of its
    own, for the same people.

    Raises ``ImportFailed`` for a file that is not this data set and ``SourceError`` for files that
    cannot be read or written.
    """
    summary = ImportSummary(
        notes=[
            "Who asked when is real. Candidates, impressions, purchases and dismissals are"
            f" constructed, drawn with the seed {seed}.",
        ]
    )
    auctions = _read_auctions(source, progress, summary)
    with Writer(output) as writer:
        for record in in_line_order(_records(_rounds(auctions, repeat), partitions, seed)):
            writer.write(record)
            summary.written[record.topic] += 1
    return summary


def _read_auctions(
    source: AnyPath, progress: Progress | None, summary: ImportSummary
) -> list[_Auction]:
    auctions = []
    for line in _read_lines(source, progress):
        summary.rows += 1
        user_id = line.user_ids.xchg if line.user_ids is not None else ""
        if user_id:
            auctions.append(_Auction(round(line.timestamp * 1000), line.id, user_id))
        else:
            summary.skipped["auctions without a user id"] += 1
    if not auctions:
        raise ImportFailed(f"{source}: no auctions of known users; expected at least one")
    auctions.sort(key=itemgetter(0))
    return auctions


def _read_lines(source: AnyPath, progress: Progress | None) -> Iterator[_AuctionLine]:
    decode = msgspec.json.Decoder(_AuctionLine).decode
    with open_source(source, KINDS, progress) as lines:
        for number, line in enumerate(lines_of(lines, source), start=1):
            try:
                yield decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                if line.isspace():
                    continue
                problem = str(error).replace(" - at `$.", " in `")
                raise ImportFailed(
                    f"{source}, line {number}: {problem}. Expected an auction like {_EXAMPLE}"
                ) from error


def _rounds(auctions: Sequence[_Auction], repeat: int) -> Iterator[_Auction]:
    """The auctions so many times, each round beginning when the one before has ended."""
    length = auctions[-1].ts - auctions[0].ts + 1
    for number in range(repeat):
        suffix = f"-{number + 1}" if number else ""
        for ts, request_id, user_id in auctions:
            yield _Auction(ts + number * length, request_id + suffix, user_id)


def _records(auctions: Iterable[_Auction], partitions: int, seed: int) -> Iterator[RecordedRecord]:
    """The requests with what is constructed from them, in order of time."""
    draw = Random(seed).random
    popularity = _Popularity()
    numbers = count()
    due: list[_Constructed] = []
    for auction in auctions:
        while due and due[0].ts <= auction.ts:
            yield heapq.heappop(due).record
        ts, request_id, user_id = auction
        products = popularity.different(CANDIDATES, draw)
        candidates = [{"product_id": product_id} for product_id in products]
        request = {"ts": ts, "user_id": user_id, "request_id": request_id, "candidates": candidates}
        yield json_record("impression-requests", user_id, request, ts, partitions)
        for topic, value in _consequences(auction, products[0], draw):
            record = json_record(
                topic, user_id, {"user_id": user_id, **value}, value["ts"], partitions
            )
            heapq.heappush(due, _Constructed(value["ts"], next(numbers), record))
    while due:
        yield heapq.heappop(due).record


class _Popularity:
    """Products by Zipf's law."""

    def __init__(self) -> None:
        # Not sum(): from Python 3.12 on it adds up floats in another way.
        self._weights = [*accumulate(1 / rank for rank in range(1, PRODUCTS + 1))]

    def different(self, number: int, draw: _Draw) -> list[str]:
        """So many different products, in the order in which they were drawn."""
        drawn: dict[str, None] = {}
        while len(drawn) < number:
            rank = bisect(self._weights, draw() * self._weights[-1], hi=PRODUCTS - 1) + 1
            drawn[f"product-{rank:04}"] = None
        return [*drawn]


def _consequences(
    auction: _Auction, product_id: str, draw: _Draw
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What comes of an auction, by topic: of seven ads five are shown, and three answered."""
    kind = int(draw() * 7)
    if kind >= 5:
        return
    constructed = f"constructed-{auction.request_id}"
    shown = auction.ts + SHOWN_AFTER_MS
    yield (
        "impressions",
        {
            "ts": shown,
            "impression_id": constructed,
            "request_id": auction.request_id,
            "product_id": product_id,
        },
    )
    if kind >= 3:
        return
    response = {"ts": shown + int(draw() * RESPONSE_WITHIN_MS), "event_id": constructed}
    if kind == 0:
        bought = {"order_id": constructed, "products": [{"product_id": product_id}]}
        yield "purchases", {**response, "event": "order_completed", **bought}
    else:
        reason = REASONS[int(draw() * len(REASONS))]
        yield "dismissals", {**response, "reason": reason, "product_id": product_id}
