"""A bid request of OpenRTB 2.6, or of 2.5, as requests of SPEC 2: one for each impression in it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlsplit

import orjson

from schemas.adapters.node import Node
from schemas.asked import MOST_IDS
from schemas.decoding import InvalidRecord, decode
from schemas.openrtb.consent import Consent, consent_of
from schemas.outputs import ListEntry
from schemas.problems import quoted
from schemas.records import Request

NOBODY: Final = ""
"""The person of a request that names nobody: nothing is known of them."""
USER_IDS: Final = ("user.id", "user.buyeruid")
PLACES: Final = (*USER_IDS, "device.ifa")
"""Where an id stands that names the person, besides the extended ids, whose place is a source."""
MOST_IMPRESSIONS: Final = 200
MOST_CANDIDATES: Final = 10_000
CHANNELS: Final = {"banner": "display", "video": "video", "native": "native"}

Fields = Mapping[str, Any]


class BidRequest(NamedTuple):
    """What a bid request asks."""

    fields: Fields
    """The request as it came."""
    user_ids: Sequence[str]
    """The ids of the person, each once, or `NOBODY`."""
    ts: int
    """When it came, in epoch milliseconds: a bid request does not say."""
    own_site: bool
    """Whether the site is the advertiser's own, by `ext.unhaunt.own_site`."""
    requests: Mapping[str, Request]
    """By the id of the impression, for those with candidates."""
    consent: Consent

    @property
    def user_id(self) -> str:
        """The first of the ids: the holdout goes by that."""
        return self.user_ids[0]

    def denial(self) -> ListEntry | None:
        """The denial of consent in the request as an entry of a list (SPEC 5), if there is one.

        It holds for this request alone, so it goes beside the person's own entries.
        """
        if not self.consent.denied:
            return None
        return ListEntry("all", "*", "no_consent", 0, None, tuple(sorted(self.consent.denied)))


def read_bid_request(
    fields: Fields,
    ts: int,
    persons: Sequence[str] = USER_IDS,
    candidates: Sequence[Fields] = (),
    most_candidates: int = MOST_CANDIDATES,
) -> BidRequest:
    """Read a bid request.

    Args:
        fields: the JSON object.
        ts: when it came, in epoch milliseconds.
        persons: where its person is named by ids that the topics' keys are: `user.id`,
            `user.buyeruid`, `device.ifa`, or the `source` of extended ids such as `id5-sync.com`.
            All that are there count, in this order.
        candidates: for impressions that bring none in `ext.unhaunt.candidates`.
        most_candidates: of all its impressions together.

    Raises:
        InvalidRecord: it is no bid request or too large, or its candidates break SPEC 2.

    """
    bid = Node(cast(Mapping[str, object], fields))
    user_ids = _user_ids(bid, persons)
    own_site = bid.child("ext").child("unhaunt").get("own_site")
    context = {
        "user_id": user_ids[0],
        "ts": ts,
        "site": _site(bid),
        "own_site": own_site,
    }
    bid_id = bid.required("id")
    requests: dict[str, Request] = {}
    seen: set[str] = set()
    offers = 0
    for imp in _impressions(bid):
        imp_id = imp.required("id")
        if imp_id in seen:
            detail = f"{imp.at('id')}: expected each once, got {quoted(imp_id)} again"
            raise InvalidRecord("unknown_value", detail)
        seen.add(imp_id)
        offered = imp.child("ext").child("unhaunt").get("candidates") or list(candidates)
        if offered:
            offers += len(offered) if isinstance(offered, list) else 0
            if offers > most_candidates:
                detail = f"imp: expected at most {most_candidates:,} candidates in all, got more"
                raise InvalidRecord("too_large", detail)
            named = {"request_id": f"{bid_id}/{imp_id}", "channel": _channel(imp)}
            requests[imp_id] = _request({**context, **named, "candidates": offered}, imp)
    return BidRequest(fields, user_ids, ts, own_site is True, requests, consent_of(bid))


def _impressions(bid: Node) -> list[Node]:
    found = bid.some("imp")
    if len(found) > MOST_IMPRESSIONS:
        detail = f"imp: expected at most {MOST_IMPRESSIONS}, got {len(found):,}"
        raise InvalidRecord("too_large", detail)
    return found


def _request(fields: Fields, imp: Node) -> Request:
    try:
        decoded = decode("impression-requests", None, orjson.dumps(fields), fields["ts"])
    except InvalidRecord as refused:
        where = imp.at("ext.unhaunt")
        raise InvalidRecord(refused.code, f"{where}.{refused.detail}") from None
    except orjson.JSONEncodeError as error:
        raise InvalidRecord("not_json", f"{imp.at('ext.unhaunt')}: {error}") from None
    assert isinstance(decoded, Request)
    return decoded


def _user_ids(bid: Node, persons: Sequence[str]) -> list[str]:
    """The ids in the named places, each once; `NOBODY` where there are none."""
    named = (user_id for place in persons for user_id in _ids_in(bid, place) if user_id)
    user_ids = list(dict.fromkeys(named)) or [NOBODY]
    if len(user_ids) > MOST_IDS:
        detail = f"user: expected at most {MOST_IDS} ids of the person, got {len(user_ids):,}"
        raise InvalidRecord("too_large", detail)
    return user_ids


def _ids_in(bid: Node, place: str) -> Iterator[str | None]:
    user = bid.child("user")
    match place:
        case "user.id":
            yield user.text("id")
        case "user.buyeruid":
            yield user.text("buyeruid")
        case "device.ifa":
            yield bid.child("device").text("ifa")
        case source:
            for eid in (*user.children("eids"), *user.child("ext").children("eids")):
                if eid.text("source") == source:
                    yield from (uid.text("id") for uid in eid.children("uids"))


def _site(bid: Node) -> str | None:
    """Where the ad would be shown: the site's domain, or else its page's, or an app's bundle."""
    site, app = bid.child("site"), bid.child("app")
    return site.text("domain") or _host(site.text("page")) or app.text("bundle", "domain")


def _host(page: str | None) -> str | None:
    try:
        return urlsplit(page or "").hostname
    except ValueError:
        return None


def _channel(imp: Node) -> str:
    """The first kind of ad that the impression takes."""
    return next((channel for kind, channel in CHANNELS.items() if imp.has_all(kind)), "display")
