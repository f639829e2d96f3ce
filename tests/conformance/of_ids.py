"""Cases on a person who is asked for by several ids."""

from typing import Any, Final

from tests.builders import (
    DAY,
    NOW,
    candidate,
    dismissal,
    impressions,
    preference,
    purchase,
    request,
)
from tests.conformance.case import Case, Id, Rule

SHOP: Final = {"tv": {"brand": "acme"}, "test": {"sensitive": True}}
OPT_IN: Final = {"consent": {"mode": "opt_in"}}
SOURCED: Final = request(candidate("test", sources=["one", "another"]))


def _dismissed(event_id: str = "d1", price: float | None = None, **more: Any) -> tuple[Any, ...]:
    """At one time, so that what is said of two ids is one entry."""
    return (dismissal("not_interested", event_id, product_id="mug", price=price, **more),)


def _offered(*prices: float, currency: str | None = None) -> Any:
    return request(*(candidate("mug", price=each, currency=currency) for each in prices))


def _aged(name: str, first: float, other: float, fails: str) -> Case:
    return Case(
        f"{name}; purchased fails {fails} from 60 s on",
        request("tv", "mug"),
        (purchase("tv"),),
        policy={"stale": {"purchased": {"seconds": 60, "fails": fails}}},
        age=first,
        others=(Id((purchase("mug"),), other),),
    )


SEVERAL_IDS: Final = Rule(
    "several-ids",
    "A person who is asked for by several ids has the entries and the grants of all their lists, "
    "and the age of the oldest copy (SPEC 9). There is a copy for each id, the request's first.",
    (
        Case("what is held against any of the ids counts", request("tv", "mug", "tea"),
             (purchase("tv"),), others=(Id((purchase("mug"),)),)),
        Case("one id with a list is enough", request("tv", "mug"),
             others=(Id(), Id((purchase("tv"),), user_id="phone"))),
        Case("of ids that nobody knows nothing is held", request("tv"), others=(Id(),)),
        Case("three ids may each hold something", request("tv", "mug", "tea", "cup"),
             (purchase("tv"),), others=(
                 Id((dismissal("not_interested", product_id="mug"),)),
                 Id(tuple(impressions(*[NOW - DAY] * 7, product_id="tea")), user_id="phone"))),
        Case("an opt-out of one id is one of the person", request("tv"),
             others=(Id((dismissal("opt_out_all"),)),)),
        Case("of what two ids hold, the reason that ranks first answers", request("tv"),
             (purchase("tv"),), others=(Id((dismissal("block_brand", brand="acme"),)),),
             catalog=SHOP),
        Case("of one reason, the claim that ends later answers", request("tv", ts=NOW + DAY),
             (purchase("tv", event_id="e1"),),
             others=(Id((purchase("tv", event_id="e2", ts=NOW + DAY),)),)),
        Case("of one event that two ids tell at two times, the earlier answers", request("tv"),
             (dismissal("opt_out_all", "d1"),),
             others=(Id((dismissal("opt_out_all", "d1", ts=NOW - DAY),)),)),
        Case("an order that both ids report is one", request("tv"), (purchase("tv"),),
             others=(Id((purchase("tv"),)),)),
        Case("what both say in different events is because of both, sorted", request("mug"),
             _dismissed("d2"), others=(Id(_dismissed("d1")),)),
        Case("of what two ids say, the lowest price counts", _offered(18, 16.2, 16.3),
             _dismissed("d1", 20), others=(Id(_dismissed("d2", 18)),)),
        Case("so what is a mistake for the higher one may not be for the lower", _offered(1.9),
             _dismissed("d1", 20), others=(Id(_dismissed("d2", 18)),)),
        Case("where one has no price, none lifts", _offered(1, 10, 18), _dismissed("d1", 20),
             others=(Id(_dismissed("d2")),)),
        Case("nor where they are in two currencies", _offered(10), _dismissed("d1", 20,
             currency="EUR"), others=(Id(_dismissed("d2", 20, currency="USD")),)),
        Case("a currency that one of them says is that of both", _offered(10, currency="USD"),
             _dismissed("d1", 20), others=(Id(_dismissed("d2", 20, currency="EUR")),)),
        Case("three ids may say the same", _offered(17, 15), _dismissed("d3", 20),
             others=(Id(_dismissed("d1", 18, currency="EUR")),
                     Id(_dismissed("d2", 19), user_id="phone"))),
        Case("entries that differ in their times are two, each with its price", _offered(10, 17),
             _dismissed("d1", 20), others=(Id(_dismissed("d2", 12, ts=NOW - DAY)),)),
        Case("a grant of any of the ids counts", SOURCED, catalog=SHOP,
             others=(Id((preference(sensitive_topics="granted"),)),)),
        Case("a denial on another id does not take it back", SOURCED,
             (preference(sensitive_topics="granted"),), catalog=SHOP,
             others=(Id((preference(sensitive_topics="denied"), purchase("mug"))),)),
        Case("consent that one id gave is enough beside ids that nobody knows", request("tv"),
             (preference(personalised_ads="granted"),), policy=OPT_IN, others=(Id(),)),
        Case("but not beside one whose list says that it is missing", request("tv"),
             (preference(personalised_ads="granted"),), policy=OPT_IN,
             others=(Id((purchase("mug"),)),)),
        Case("without any it is missing", request("tv"), policy=OPT_IN, others=(Id(),)),
        Case("consent that one id denied is denied", request("tv"),
             (preference(personalised_ads="granted"),),
             others=(Id((preference("e7", personalised_ads="denied"),)),)),
        _aged("all copies are new enough", 59.9, 59.9, "open"),
        _aged("the first copy is old, and so both are", 60, 0, "open"),
        _aged("another copy is old, and so both are", 0, 60, "open"),
        _aged("an old copy holds on", 0, 60, "closed"),
        Case("the age of a copy counts though it has no list", SOURCED,
             (preference(sensitive_topics="granted"),), catalog=SHOP,
             others=(Id(age=300),)),
        Case("the holdout goes by the first id: ann's number is 1,882", request("tv"),
             (purchase("tv"),), policy={"holdout": {"percent": 18.83}},
             others=(Id(user_id="zoë"),)),
        Case("zoë's is 3,900", request("tv", user_id="zoë"), (purchase("tv"),),
             policy={"holdout": {"percent": 18.83}}, others=(Id(user_id="ann"),)),
    ),
)  # fmt: skip
