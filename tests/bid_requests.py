"""Bid requests of OpenRTB for tests, and what is decided of them by a list alone."""

from typing import Any

from schemas.openrtb.bid_request import BidRequest, read_bid_request
from schemas.records import Product, Request
from streams.suppression.policy import Policy
from tests.builders import NOW
from tests.property.decider import decide_from_list

POLICY = Policy.default()


def simple(**fields: Any) -> dict[str, Any]:
    """A bid request for one banner with one candidate."""
    imp = {"id": "1", "banner": {"w": 320, "h": 50}}
    imp["ext"] = {"unhaunt": {"candidates": [{"product_id": "mug"}]}}
    return {"id": "a1", "imp": [imp], "user": {"id": "ann"}, **fields}


def bid(**fields: Any) -> BidRequest:
    return read_bid_request(simple(**fields), NOW)


def decide(request: Request, entries: list[dict[str, Any]]) -> dict[str, Any]:
    products: Any = _Unknown()
    return decide_from_list(request, {"entries": entries, "granted": []}, POLICY, products)


class _Unknown(dict[str, Product]):
    def __missing__(self, product_id: str) -> Product:
        return Product()

    def get(self, product_id: str, default: Any = None) -> Any:
        return default or Product()
