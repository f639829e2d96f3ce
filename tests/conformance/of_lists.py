"""Cases on what a list holds against candidates."""

from typing import Any, Final

from streams.suppression.policy_document import DEFAULTS
from tests.builders import (
    DAY,
    NOW,
    candidate,
    dismissal,
    impressions,
    preference,
    product,
    purchase,
    request,
    restoration,
)
from tests.conformance.case import Case, Rule

TV: Final = {
    "item_group_id": "tv-55",
    "categories": ["electronics", "electronics.tv"],
    "brand": "acme",
    "advertiser_id": "shop",
}
OTHER_TV: Final = {**TV, "item_group_id": "tv-65"}
SHOP: Final = {"tv": TV, "tv-65": OTHER_TV, "mug": {"brand": "potter", "price": 20}}

EVERY_PRODUCT: Final = request("tv", "tv-65", "mug", "socks")


def _target(reason: str) -> dict[str, Any]:
    return {} if reason == "opt_out_all" else {"product_id": "tv"}


def _dismissed(reason: str) -> Case:
    return Case(
        f"a product is dismissed as {reason}",
        EVERY_PRODUCT,
        (dismissal(reason, **_target(reason)),),
        catalog=SHOP,
    )


REASONS: Final = Rule(
    "reasons",
    "Each reason that stands on a list, with the scope that it has by default (SPEC 4).",
    (
        *map(_dismissed, DEFAULTS["dismissal"]),
        Case("covered content is held against nothing", EVERY_PRODUCT,
             (dismissal("covered_content", product_id="tv"),), catalog=SHOP),
        Case("a product was bought", EVERY_PRODUCT, (purchase("tv"),), catalog=SHOP),
        Case("a product is used up and was not bought again", request("tea", ts=NOW + 25 * DAY),
             (purchase("tea"),), catalog={"tea": {"replenish_days": 10}}),
        Case("a product that is used up may be shown for a while",
             request("tea", ts=NOW + 12 * DAY), (purchase("tea"),),
             catalog={"tea": {"replenish_days": 10}}),
        Case("a product was shown as often as the policy allows", request("mug", "tv"),
             tuple(impressions(*[NOW - DAY] * 7, product_id="mug")), catalog=SHOP),
        Case("ads were denied", EVERY_PRODUCT, (preference(personalised_ads="denied"),)),
    ),
)  # fmt: skip

SCOPES: Final = Rule(
    "scopes",
    "What a claim covers, by what catalog and request say of a candidate (SPEC 4).",
    (
        *(
            Case(f"what was bought covers its {scope}", EVERY_PRODUCT, (purchase("tv"),),
                 policy={"purchase": {"scope": scope}}, catalog=SHOP)
            for scope in ("product", "group", "category", "brand")
        ),
        Case("a blocked advertiser is off with all products of theirs",
             request("tv", "mug", candidate("lamp", advertiser_id="shop")),
             (dismissal("block_advertiser", advertiser_id="shop"),), catalog=SHOP),
        Case("a category covers what lists it at any level", EVERY_PRODUCT,
             (dismissal("block_category", category="electronics"),), catalog=SHOP),
        Case("a category does not cover what only begins like it",
             request(candidate("a", categories=["electronics.t"]),
                     candidate("b", categories=["electronics.tv"])),
             (dismissal("block_category", category="electronics.t"),)),
        Case("a product without a group is a group of its own",
             request("mug", candidate("cup", item_group_id="mug")), (purchase("mug"),)),
        Case("the value of one scope is not that of another",
             request(candidate("a", brand="x"), candidate("b", advertiser_id="x"),
                     candidate("c", categories=["x"]), candidate("d", item_group_id="x"), "x"),
             (dismissal("block_brand", brand="x"),)),
        Case("of what the catalog does not know, the request tells",
             request(candidate("new", item_group_id="tv-55"), candidate("newer", brand="acme")),
             (purchase("tv"), dismissal("block_brand", brand="acme")), catalog=SHOP),
        Case("the catalog wins attribute by attribute",
             request(candidate("tv", item_group_id="other", brand="other", advertiser_id="other",
                               categories=["other"]),
                     candidate("mug", item_group_id="tv-55", brand="acme")),
             (dismissal("block_brand", brand="acme"),
              dismissal("block_advertiser", "d2", advertiser_id="shop"),
              dismissal("already_bought", "d3", product_id="tv")), catalog=SHOP),
        Case("what the catalog wins against is not held against a product",
             request(candidate("tv", brand="potter", item_group_id="cups")),
             (dismissal("block_brand", brand="potter"),), catalog=SHOP),
        Case("categories that the catalog says to be none are none",
             request(candidate("bare", categories=["electronics"]),
                     candidate("unknown", categories=["electronics"])),
             (dismissal("block_category", category="electronics"),),
             catalog={"bare": {"categories": []}}),
        Case("an opt-out covers what nothing is known of", request("never-heard-of"),
             (dismissal("opt_out_all"),)),
        Case("a value may be any text", request(candidate("a", brand="größe ☕ \"x\""), "b"),
             (dismissal("block_brand", brand="größe ☕ \"x\""),)),
    ),
)  # fmt: skip

TIMES: Final = Rule(
    "times",
    "A claim is active at t when since <= t and (until is null or t < until) (SPEC 1).",
    (
        Case("a claim is active at its since", request("tv", ts=NOW), (purchase("tv", ts=NOW),)),
        Case("a claim is active just before its until",
             request("tv", ts=NOW + 180 * DAY - 1), (purchase("tv"),)),
        Case("a claim is no more active at its until",
             request("tv", ts=NOW + 180 * DAY), (purchase("tv"),)),
        Case("a claim without until is active for ever",
             request("tv", ts=NOW + 9_000 * DAY), (dismissal("block_brand", brand="acme"),),
             catalog=SHOP),
        Case("a claim that has not begun is not active", request("tea", ts=NOW + 24 * DAY - 1),
             (purchase("tea"),), catalog={"tea": {"replenish_days": 10}}),
        Case("a claim that has not begun is active at its since",
             request("tea", ts=NOW + 24 * DAY),
             (purchase("tea"),), catalog={"tea": {"replenish_days": 10}}),
        Case("of two claims the one that is active answers", request("tv", ts=NOW + 100 * DAY),
             (dismissal("not_interested", product_id="tv"), dismissal(
                 "already_bought", "d2", product_id="tv"))),
        Case("days may be fractions", request("tv", ts=NOW + 43_200_000),
             (purchase("tv"),), policy={"purchase": {"window_days": 0.5}}),
    ),
)  # fmt: skip


def _offered(price: float | None, before: float | None, **more: Any) -> Case:
    tables = {name: more[name] for name in ("percent", "max_percent") if name in more}
    known = {"mug": {"price": more["known"]}} if "known" in more else {}
    percent, most = tables.get("percent", 10), tables.get("max_percent", 90)
    return Case(
        f"{percent} to {most} % below {before} is wanted, {price} is asked"
        + (f", {more['known']} stands in the catalog" if "known" in more else ""),
        request(candidate("mug", price=price)),
        (dismissal(more.get("reason", "not_interested"), product_id="mug", price=before),),
        policy={"price_drop": tables},
        catalog=known,
    )


def _in_currencies(
    asked: str | None,
    before: str | None,
    known: str | None = None,
    price: float | None = 18,
) -> Case:
    """Dismissed at 20, and 18 is asked; by the catalog where the request has no price."""
    where = "" if known is None else f", {known} stands in the catalog"
    by = "the request" if price is not None else "the catalog"
    return Case(
        f"dismissed in {before}, the price is that of {by}, asked in {asked}{where}",
        request(candidate("mug", price=price, currency=asked)),
        (dismissal("not_interested", product_id="mug", price=20, currency=before),),
        catalog={"mug": {"price": 18, "currency": known}},
    )


PRICE: Final = Rule(
    "better-prices",
    "An entry with a price is lifted when price * (100 - max_percent) <= c * 100 <= "
    "price * (100 - percent), unless the currencies are known to differ (SPEC 5, step 2).",
    (
        _offered(18, 20),
        _offered(18.01, 20),
        _offered(17.99, 20),
        _offered(20, 20),
        _offered(8.99, 9.99),
        _offered(8.991, 9.99),
        _offered(20, 20, percent=0),
        _offered(20.5, 20, percent=0),
        _offered(17.5, 20, percent=12.5),
        _offered(17.6, 20, percent=12.5),
        _offered(0, 20, percent=100, max_percent=100),
        _offered(0.01, 20, percent=100, max_percent=100),
        _offered(2, 20),
        _offered(1.99, 20),
        _offered(2.01, 20),
        _offered(0, 20),
        _offered(0, 20, max_percent=100),
        _offered(15, 20, percent=25, max_percent=25),
        _offered(14.99, 20, percent=25, max_percent=25),
        _offered(10, 20, percent=60, max_percent=40),
        _offered(17.49, 20, max_percent=12.5),
        _offered(-1, 20, max_percent=100),
        _offered(None, 20, known=18),
        _offered(None, 20, known=19),
        _offered(18, 20, known=30),
        _offered(19, 20, known=10),
        _offered(None, 20),
        _offered(1, None),
        _offered(0, 0),
        _in_currencies("EUR", "EUR"),
        _in_currencies("USD", "EUR"),
        _in_currencies(None, "EUR"),
        _in_currencies("USD", None),
        _in_currencies(None, "EUR", "USD"),
        _in_currencies("EUR", "EUR", "USD"),
        _in_currencies(None, "EUR", "USD", price=None),
        _in_currencies("EUR", "EUR", "USD", price=None),
        _in_currencies("USD", "EUR", "EUR", price=None),
        Case("a reason without price drop is lifted by no price",
             request(candidate("mug", price=10)),
             (dismissal("already_bought", product_id="mug", price=20),)),
        Case("of what one entry says twice, the lowest price counts",
             request(candidate("mug", price=18), candidate("mug", price=16)),
             (dismissal("not_interested", "d1", product_id="mug", price=20),
              dismissal("not_interested", "d2", product_id="mug", price=18))),
        Case("of what one entry says in two currencies, neither price counts",
             request(candidate("mug", price=16), candidate("mug", price=16, currency="EUR")),
             (dismissal("not_interested", "d1", product_id="mug", price=20, currency="EUR"),
              dismissal("not_interested", "d2", product_id="mug", price=20, currency="USD"))),
        Case("a currency that was said once is that of the entry",
             request(candidate("mug", price=16, currency="USD"),
                     candidate("mug", price=16, currency="EUR")),
             (dismissal("not_interested", "d1", product_id="mug", price=18),
              dismissal("not_interested", "d2", product_id="mug", price=20, currency="EUR"))),
        Case("cents for euros lift nothing", request(candidate("mug", price=0.2)),
             (dismissal("not_interested", product_id="mug", price=20),)),
        Case("a better price lifts one entry and not another",
             request(candidate("mug", price=10)),
             (dismissal("not_interested", product_id="mug", price=20),
              dismissal("seen_too_often", "d2", product_id="mug", price=20))),
    ),
)  # fmt: skip

SAME_END: Final = (
    purchase(product("tea", quantity=2), event_id="e9", order_id="o1", ts=NOW),
    purchase(product("tea", quantity=1), event_id="e1", order_id="o2", ts=NOW + 10 * DAY),
)
"""Two claims that differ only in when they began and in their ids."""


def _two_brands(one: str, other: str) -> Case:
    return Case(
        f"of one scope the value that comes first answers: {one} before {other}",
        request(candidate("tv", categories=[other, one])),
        (
            dismissal("block_category", "d1", category=other),
            dismissal("block_category", "d2", category=one),
        ),
    )


RANK: Final = Rule(
    "rank",
    "Of several claims that are left, the one that ranks first answers (SPEC 5, step 3).",
    (
        Case("the reason that ranks first answers", request("tv"),
             (purchase("tv"), dismissal("block_brand", brand="acme"),
              dismissal("opt_out_all", "d2")), catalog=SHOP),
        Case("the reason ranks before the end", request("tv"),
             (dismissal("not_interested", product_id="tv"), purchase("tv"),
              dismissal("seen_too_often", "d2", product_id="tv")),
             policy={"dismissal": {"seen_too_often": {"days": 0}}}),
        Case("the claim that ends later answers", request("tv", ts=NOW + DAY),
             (purchase("tv", event_id="e1", order_id="o1"),
              purchase("tv", event_id="e2", order_id="o2", ts=NOW + DAY))),
        Case("the claim that never ends answers before all that do", request("tv"),
             (dismissal("block_brand", brand="acme"),
              dismissal("block_brand", "d2", product_id="tv")),
             policy={"dismissal": {"block_brand": {"days": 0, "scope": "product"}}}, catalog=SHOP),
        *(
            Case(f"of one end a {narrow} answers before a {wide}", request("tv"),
                 (dismissal("block_brand", "d1", product_id="tv"),
                  dismissal("block_brand", "d2", **{field: value})),
                 policy={"dismissal": {"block_brand": {"scope": narrow}}}, catalog=SHOP)
            for narrow, wide, field, value in (
                ("product", "brand", "brand", "acme"),
                ("group", "category", "category", "electronics"),
                ("category", "brand", "brand", "acme"),
                ("brand", "advertiser", "advertiser_id", "shop"),
            )
        ),
        _two_brands("a", "b"),
        _two_brands("Z", "a"),
        _two_brands("a", "a.b"),
        _two_brands("z", "ä"),
        _two_brands("\uffee", "😀"),  # by code points; by UTF-16 units it would be otherwise
        Case("what differs only in its ids is ranked by them", request("tea", ts=NOW + 11 * DAY),
             SAME_END, catalog={"tea": {"replenish_days": 10}}),
        Case("a claim that was lifted leaves the answer to the next",
             request(candidate("mug", price=10)),
             (dismissal("not_interested", product_id="mug", price=20),
              dismissal("removed_from_cart", "d2", product_id="mug"))),
    ),
)  # fmt: skip

OPT_IN: Final = {"consent": {"mode": "opt_in"}}

CONSENT: Final = Rule(
    "consent",
    "Where consent is needed, who has not granted it is shown nothing, list or not (SPEC 4).",
    (
        Case("nobody is asked by default", request("tv")),
        Case("without a list there is no consent", request("tv"), policy=OPT_IN),
        Case("who granted it may be shown ads", request("tv"),
             (preference(personalised_ads="granted"),), policy=OPT_IN),
        Case("who denied it is told by which preference", request("tv"),
             (preference("e7", personalised_ads="denied"),), policy=OPT_IN),
        Case("who said something else has not granted it", request("tv"),
             (preference(sensitive_topics="granted"),), policy=OPT_IN),
        Case("a list from before consent was needed grants none", request("tv", "mug"),
             (purchase("tv"),), policy=OPT_IN, held_by={}),
        Case("who granted it is still spared what they bought", request("tv", "mug"),
             (purchase("tv"), preference(personalised_ads="granted")), policy=OPT_IN),
        Case("an opt-out ranks before a missing consent", request("tv"),
             (dismissal("opt_out_all"),), policy=OPT_IN),
    ),
)  # fmt: skip

ORDER: Final = Rule(
    "candidates",
    "Candidates are answered one by one, in the order of the request (SPEC 5).",
    (
        Case("without a list everything is allowed", request("a", "b", "c")),
        Case("a tombstone allows everything", request("tv"),
             (dismissal("already_bought", product_id="tv"), restoration())),
        Case("suppressed and allowed keep the order of the request",
             request("d", "tv", "c", "mug", "b", "tv-65", "a"),
             (purchase("mug"), purchase("tv", order_id="o2", event_id="e2")), catalog=SHOP),
        Case("a candidate that comes twice is answered twice",
             request("tv", "mug", "tv", "mug"), (purchase("tv"),)),
        Case("a candidate may be dearer the second time",
             request(candidate("mug", price=10), candidate("mug", price=20)),
             (dismissal("not_interested", product_id="mug", price=20),)),
        Case("the ids behind a claim are all told", request("tv"),
             (dismissal("block_brand", "d2", brand="acme"),
              dismissal("block_brand", "d1", brand="acme")), catalog=SHOP),
        Case("the decision names the policy of the view, not that of the list", request("tv"),
             (purchase("tv"),), policy={"version": "new"}, held_by={"version": "old"}),
    ),
)  # fmt: skip
