"""What each reason means, and what would undo a claim for it: one table for all of them.

A way to undo a claim is plain JSON data: `by` says what it takes, and what else it has follows
from that. Any one of a claim's ways is enough.

| `by` | |
|---|---|
| `return` | of all `lines`, each `order_id`, `product_id` and the `quantity` that was kept |
| `purchase` | of the same again, which then counts as bought |
| `restoration` | of all `targets`; one of everything does as well, and is what null asks for |
| `price` | of `at_least` and `at_most` so much; not in another `currency`, where one is given |
| `consent` | to `preference`; for an ad with `sources` or more of them, where that is given |
| `interest` | shown within the last `milliseconds` |
| `basis` | for the targeting: `one_of` these |
| `channel` | other than `none_of` these |
| `own_site` | the ad is shown on the advertiser's own site |
| `time` | it ends by itself, at `at` |
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from msgspec import UNSET, UnsetType

from streams.suppression.account import Fact
from streams.suppression.claims import Claim
from streams.suppression.policy import Policy

Way = dict[str, Any]


class Explained(NamedTuple):
    """A reason in plain words, and what would undo a claim for it."""

    meaning: str
    undone_by: tuple[str, ...]


def ways_to_undo(claim: Claim, facts: Sequence[Fact], policy: Policy) -> list[Way]:
    """Everything that would undo a claim by itself; `facts` are those behind it."""
    ways = []
    for by in (*EXPLAINED[claim.reason].undone_by, "own_site", "time"):
        more = _what_it_takes(by, claim, facts, policy)
        if more is not None:
            ways.append({"by": by, **more})
    return ways


def _what_it_takes(
    by: str, claim: Claim, facts: Sequence[Fact], policy: Policy
) -> dict[str, Any] | None:
    """What a way to undo a claim takes besides; None where it is of no use."""
    match by:
        case "return":
            return {"lines": [_line(line) for line in facts]}
        case "restoration":
            targets = [fact["target"] for fact in facts]
            return {"targets": [t for n, t in enumerate(targets) if t not in targets[:n]]}
        case "price" if claim.price is not UNSET:
            return _price(claim.price, claim.currency, policy)
        case "consent" if claim.reason == "sensitive":
            return {"preference": "sensitive_topics", "sources": policy.min_sources}
        case "consent":
            return {"preference": "personalised_ads"}
        case "interest":
            return {"milliseconds": policy.follow}
        case "basis":
            return {"one_of": ["given", "observed"]}
        case "channel":
            return {"none_of": sorted(policy.quiet_channels)}
        case "own_site" if claim.reason in policy.own_site_lifts:
            return {}
        case "time" if claim.until is not None:
            return {"at": claim.until}
        case "purchase":
            return {}
    return None


def _price(before: float, currency: str | UnsetType, policy: Policy) -> dict[str, Any] | None:
    """The prices that lift a claim; None if the policy lets none."""
    lifting = policy.lifting_prices(before)
    if lifting is None:
        return None
    lowest, highest = lifting
    prices = {"at_least": lowest, "at_most": highest}
    return prices if currency is UNSET else {**prices, "currency": currency}


def _line(line: Fact) -> dict[str, Any]:
    return {
        "order_id": line["order_id"],
        "product_id": line["product_id"],
        "quantity": line["kept"],
    }


_DISMISSAL: Final = ("restoration", "price")
"""What undoes a dismissal."""

EXPLAINED: Final[Mapping[str, Explained]] = {
    "opt_out_all": Explained("the person wants no ads at all", _DISMISSAL),
    "no_consent": Explained("the person has not agreed to personalised ads", ("consent",)),
    "sensitive_topic": Explained("the person said that the topic is sensitive to them", _DISMISSAL),
    "sensitive": Explained("an ad for it would say something intimate of the person", ("consent",)),
    "inappropriate": Explained("the person found an ad for it inappropriate", _DISMISSAL),
    "spam_or_misleading": Explained("the person reported an ad as spam or misleading", _DISMISSAL),
    "block_advertiser": Explained("the person blocked the advertiser", _DISMISSAL),
    "block_brand": Explained("the person blocked the brand", _DISMISSAL),
    "block_category": Explained("the person blocked the category", _DISMISSAL),
    "purchased": Explained("the person bought it, or what counts as the same", ("return",)),
    "already_bought": Explained("the person said that they have it", _DISMISSAL),
    "not_interested": Explained("the person said that it does not interest them", _DISMISSAL),
    "removed_from_cart": Explained("the person took it out of the cart", _DISMISSAL),
    "seen_too_often": Explained("the person said that they had seen it too often", _DISMISSAL),
    "frequency_cap": Explained("the person has seen it as often as the policy allows", ()),
    "lapsed": Explained(
        "it must be used up, and the person did not buy it again", ("purchase", "return")
    ),
    "followed_too_long": Explained("the person's interest lies too far back", ("interest",)),
    "inferred_interest": Explained("the person's interest was only inferred", ("basis",)),
    "too_soon": Explained(
        "the person looked at it only just now, and this channel has to wait", ("channel",)
    ),
}
"""What the reasons mean, by rank."""
