"""Cases on what follows from the request, and on what lifts claims."""

from typing import Any, Final

from streams.suppression.policy_document import DEFAULTS
from tests.builders import (
    DAY,
    MINUTE,
    NOW,
    candidate,
    dismissal,
    impressions,
    preference,
    purchase,
    request,
)
from tests.conformance.case import Case, Rule

TEST: Final = {"test": {"sensitive": True, "categories": ["health"]}}
GRANT: Final = (preference(sensitive_topics="granted"),)
TWO: Final = ["one", "another"]


def _sourced(sources: list[str] | None) -> Any:
    return request(candidate("test", sources=sources))


SENSITIVE: Final = Rule(
    "sensitive",
    "A sensitive product needs a grant and enough different sources (SPEC 4).",
    (
        Case("a product that the catalog calls sensitive", request("test", "mug"), catalog=TEST),
        Case("a grant and two sources are enough", _sourced(TWO), GRANT, catalog=TEST),
        Case("one source is not", _sourced(["one"]), GRANT, catalog=TEST),
        Case("nor is one that is named twice", _sourced(["one", "one"]), GRANT, catalog=TEST),
        Case("nor are sources without a grant", _sourced(TWO), catalog=TEST),
        Case("a denial is no grant", _sourced(TWO), (preference(sensitive_topics="denied"),),
             catalog=TEST),
        Case("where no source is needed a grant is enough", _sourced(None), GRANT,
             policy={"sensitive": {"min_sources": 0}}, catalog=TEST),
        Case("the policy may name a category", request("test", "mug"),
             policy={"sensitive": {"categories": ["health"]}},
             catalog={"test": {"categories": ["shop", "health", "health.test"]}}),
        Case("a category that the request tells counts as well",
             request(candidate("new", categories=["health"])),
             policy={"sensitive": {"categories": ["health"]}}),
        Case("but not against the catalog",
             request(candidate("mug", categories=["health"])),
             policy={"sensitive": {"categories": ["health"]}},
             catalog={"mug": {"categories": ["kitchen"]}}),
        Case("a sensitive topic that was dismissed ranks before it", request("test"),
             (dismissal("sensitive_topic", category="health"),), catalog=TEST),
    ),
)  # fmt: skip


def _interested(name: str, ago: int, **more: Any) -> Case:
    policy = more.pop("policy", {})
    asked = request(candidate("mug", interest_at=NOW - ago), **more)
    return Case(name, asked, policy=policy)


INTEREST: Final = Rule(
    "interest",
    "What interest in a product lies too far back, is too fresh, or was only inferred (SPEC 4).",
    (
        _interested("after 21 days it is enough", 21 * DAY),
        _interested("just before, it is not", 21 * DAY - 1),
        _interested("days may be fractions", DAY // 2, policy={"follow": {"days": 0.5}}),
        _interested("an email waits", 0, channel="email"),
        _interested("an email waits for nearly an hour", 60 * MINUTE - 1, channel="email"),
        _interested("after an hour it does not", 60 * MINUTE, channel="email"),
        _interested("nor before there is an interest", -1, channel="email"),
        _interested("a push message waits as well", MINUTE, channel="push"),
        _interested("a banner does not", MINUTE, channel="display"),
        _interested("a request without a channel is for a banner", MINUTE,
                    policy={"quiet": {"channels": ["display"]}}),
        _interested("the policy may name other channels", MINUTE, channel="video",
                    policy={"quiet": {"channels": ["video"], "minutes": 2.5}}),
        _interested("followed too long ranks before too soon", 5 * MINUTE, channel="email",
                    policy={"follow": {"days": 0.001}}),
        Case("an interest that was only inferred is not enough",
             request(candidate("mug", basis="inferred"), candidate("tv", basis="observed"),
                     candidate("tea", basis="given"))),
        Case("unless the policy allows it", request(candidate("mug", basis="inferred")),
             policy={"inferred": {"allow": True}}),
        Case("what the list holds ranks before it",
             request(candidate("mug", basis="inferred", interest_at=NOW - 30 * DAY)),
             (purchase("mug"),)),
    ),
)  # fmt: skip

SEVEN: Final = tuple(impressions(*[NOW - DAY] * 7, product_id="mug"))

OWN_SITE: Final = Rule(
    "own-site",
    "On the advertiser's own site the policy lifts the reasons that it names (SPEC 5, step 2).",
    (
        Case("five reasons are lifted", request(
            "mug", "test", candidate("a", interest_at=NOW - 30 * DAY),
            candidate("b", basis="inferred"), candidate("c", interest_at=NOW),
            channel="email", own_site=True), SEVEN, catalog=TEST),
        Case("but only there", request(
            "mug", "test", candidate("a", interest_at=NOW - 30 * DAY),
            candidate("b", basis="inferred"), candidate("c", interest_at=NOW),
            channel="email"), SEVEN, catalog=TEST),
        Case("what was bought is off there too", request("mug", own_site=True),
             (purchase("mug"),)),
        Case("what is lifted leaves the answer to the next", request("mug", own_site=True),
             (*SEVEN, dismissal("seen_too_often", product_id="mug"))),
        Case("the policy may name others", request("mug", "tv", own_site=True),
             (purchase("mug"), dismissal("block_brand", brand="acme")),
             policy={"own_site": {"lifts": ["purchased"]}}, catalog={"tv": {"brand": "acme"}}),
        Case("or none", request("mug", own_site=True), SEVEN, policy={"own_site": {"lifts": []}}),
    ),
)  # fmt: skip


def _of_holdout(name: str, percent: float, user_id: str = "ann", **holdout: Any) -> Case:
    return Case(
        name,
        request("tv", "mug", user_id=user_id),
        (purchase("tv"),),
        policy={"holdout": {"percent": percent, **holdout}},
    )


HOLDOUT: Final = Rule(
    "holdout",
    "Who is in the holdout sees what they would have been spared, and it is told (SPEC 5, step 4).",
    (
        _of_holdout("ann's number is 1,882: in 18.83 % she is", 18.83),
        _of_holdout("in 18.82 % she is not", 18.82),
        _of_holdout("zoë's number is 3,900", 39.01, "zoë"),
        _of_holdout("so 39 % is not enough", 39, "zoë"),
        _of_holdout("another salt gives another number", 50, salt="größer"),
        _of_holdout("whom it leaves out", 10, salt="größer"),
        _of_holdout("a long id", 50, "x" * 300),
        _of_holdout("an empty id", 50, ""),
        _of_holdout("nobody is in it by default", 0),
        _of_holdout("a reason that the policy does not name is kept", 50,
                    reasons=["not_interested"]),
        Case("one claim whose reason is kept is enough", request("tv"),
             (purchase("tv"), dismissal("block_brand", brand="acme")),
             policy={"holdout": {"percent": 50}}, catalog={"tv": {"brand": "acme"}}),
        Case("of two that are not, the first is told", request("tv"),
             (purchase("tv"), dismissal("not_interested", product_id="tv")),
             policy={"holdout": {"percent": 50}}),
        Case("what is lifted keeps nobody from it",
             request(candidate("tv", basis="inferred"), own_site=True),
             (purchase("tv"),), policy={"holdout": {"percent": 50}}),
        Case("suppressed, ghosted and allowed keep the order of the request",
             request("a", "tv", candidate("b", basis="inferred"), "c"),
             (purchase("a"), purchase("tv", event_id="e2", order_id="o2")),
             policy={"holdout": {"percent": 50}}),
    ),
)  # fmt: skip


def _held(reason: str) -> tuple[Any, ...]:
    """What makes a claim for a reason that a list may hold."""
    if reason in DEFAULTS["dismissal"]:
        return (dismissal(reason, **({} if reason == "opt_out_all" else {"product_id": "mug"})),)
    if reason == "frequency_cap":
        return SEVEN
    if reason == "no_consent":
        return (preference(personalised_ads="denied"),)
    return (purchase("mug", ts=NOW - 25 * DAY),) if reason == "lapsed" else (purchase("mug"),)


def _aged(reason: str, fails: str, age: float) -> Case:
    stale = {reason: {"seconds": 60, "fails": fails}}
    return Case(
        f"{reason} fails {fails} from 60 s on; the copy is {age} s old",
        request("mug"),
        _held(reason),
        policy={"stale": stale},
        catalog={"mug": {"replenish_days": 10}} if reason == "lapsed" else {},
        age=age,
    )


def _aged_grant(preferred: str, name: str, fails: str, age: float, **more: Any) -> Case:
    stale = {name: {"seconds": 60, "fails": fails}}
    return Case(
        f"a grant of {preferred}, {name} fails {fails} from 60 s on; the copy is {age} s old",
        _sourced(TWO),
        (preference(**{preferred: "granted"}),),
        policy={"stale": stale, **more.pop("policy", {})},
        age=age,
        **more,
    )


OPT_IN: Final = {"consent": {"mode": "opt_in"}}

STALE: Final = Rule(
    "stale",
    "A copy that may be out of date counts in one direction only: see the page on views.",
    (
        *(_aged(reason, "open", 60) for reason in DEFAULTS["stale"] if reason != "sensitive"),
        *(_aged(reason, "closed", 60) for reason in ("purchased", "block_brand", "no_consent")),
        _aged("purchased", "open", 59.9),
        *(_aged_grant("sensitive_topics", "sensitive", fails, age, catalog=TEST)
          for fails, age in (("closed", 59.9), ("closed", 60), ("open", 60))),
        *(_aged_grant("personalised_ads", "no_consent", fails, age, policy=OPT_IN)
          for fails, age in (("closed", 59.9), ("closed", 60), ("open", 60))),
        Case("where sensitive fails open, sources are needed all the same", request("test"),
             policy={"stale": {"sensitive": {"seconds": 60, "fails": "open"}}},
             catalog=TEST, age=60),
        Case("where consent fails open, even nobody's list may be out of date", request("mug"),
             policy={**OPT_IN, "stale": {"no_consent": {"seconds": 60, "fails": "open"}}}, age=60),
        Case("where consent is not needed nobody is presumed to have denied it", request("mug"),
             age=1_000_000_000),
        Case("what follows from the request alone is never stale",
             request(candidate("mug", basis="inferred")), age=1_000_000_000),
        Case("by default, after an hour", request("mug", "tv", "tea"),
             (*SEVEN, purchase("tv"), dismissal("not_interested", product_id="tea")), age=3_600),
        Case("by default, after a day", request("mug", "tv", "tea"),
             (*SEVEN, purchase("tv"), dismissal("not_interested", product_id="tea")), age=86_400),
        Case("what opens leaves the answer to the next", request("mug"),
             (purchase("mug"), dismissal("not_interested", product_id="mug")), age=86_400),
    ),
)  # fmt: skip
