"""The policy: how evidence is to be read (SPEC 4).

A `Policy` is compiled once from a complete document; lengths of time are in milliseconds from
there on. `policy_document` knows the defaults and checks what users write.
"""

import hashlib
import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, Self, final

from schemas.outputs import Reason, Scope
from streams.suppression import policy_document
from streams.suppression.words import DAY, LATEST, MINUTE

PriceObstacle = Literal["too_high", "too_low"]
"""Why a price is not such a better one that the ad may come back."""


def milliseconds(days: float) -> int:
    """A number of days, which may be a fraction, cut to whole milliseconds (SPEC 1)."""
    return int(min(days * DAY, LATEST))


@final
class PurchaseRule:
    """How an owned line of a product is read; lengths of time are in milliseconds."""

    __slots__ = ("category", "open", "replenish_days", "scope", "window")

    def __init__(
        self,
        scope: Scope,
        category: str | None,
        window: int,
        replenish_days: float | None,
        open: int,  # noqa: A002 -- the policy's own word
    ) -> None:
        self.scope: Scope = scope
        self.category = category
        """The category whose entry set the scope; a claim of scope `category` has it as value."""
        self.window = window
        self.replenish_days = replenish_days
        self.open = open

    def replenished(self, days: float) -> "PurchaseRule":
        """The same for a product of which one piece is used up after so many days."""
        return PurchaseRule(self.scope, self.category, self.window, days, self.open)


@final
class DismissalRule:
    """How a dismissal for one reason is read; `length` is None when only a restoration ends it."""

    __slots__ = ("length", "price_drop", "reason", "scope")

    def __init__(self, reason: Reason, scope: Scope, length: int | None, price_drop: bool) -> None:
        self.reason = reason
        self.scope: Scope = scope
        self.length = length
        self.price_drop = price_drop


class Policy:
    """A compiled policy.

    `version` labels what was decided by it. `fingerprint` changes with any value by which evidence
    is read, so not with `[stale]`, which concerns copies of lists alone. `sharing` changes with
    what decides what ids share with each other.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Compile a complete, checked document (see `policy_document.complete`)."""
        self.document = document
        self.version: str = document["version"]
        read = {name: table for name, table in document.items() if name != "stale"}
        self.fingerprint = hashlib.blake2b(
            json.dumps(read, sort_keys=True).encode(), digest_size=8
        ).hexdigest()
        purchase = document["purchase"]
        self._purchase = _purchase_rule(purchase, {}, None)
        self._purchase_by_category = {
            category: _purchase_rule(purchase, entry, category)
            for category, entry in purchase["category"].items()
        }
        self.dismissals: dict[str, DismissalRule] = {
            reason: DismissalRule(
                reason,
                scope="all" if reason == "opt_out_all" else table["scope"],
                length=milliseconds(table["days"]) if table["days"] else None,
                price_drop=table["price_drop"],
            )
            for reason, table in document["dismissal"].items()
        }
        self.frequency_scope: Scope = document["frequency"]["scope"]
        self.frequency_max: int = document["frequency"]["max"]
        self.frequency_length = milliseconds(document["frequency"]["days"])
        self.follow = milliseconds(document["follow"]["days"])
        self.quiet_channels = frozenset(document["quiet"]["channels"])
        self.quiet = int(document["quiet"]["minutes"] * MINUTE)
        self.sensitive_categories = frozenset(document["sensitive"]["categories"])
        self.min_sources: int = document["sensitive"]["min_sources"]
        self.inferred_allowed: bool = document["inferred"]["allow"]
        self.consent_required = document["consent"]["mode"] == "opt_in"
        self.price_drop_percent: float = document["price_drop"]["percent"]
        self.price_drop_max_percent: float = document["price_drop"]["max_percent"]
        self.own_site_lifts = frozenset(document["own_site"]["lifts"])
        self.holdout_reasons = frozenset(document["holdout"]["reasons"])
        self._holdout_salt = document["holdout"]["salt"].encode() + b":"
        self._holdout_below = document["holdout"]["percent"] * 100
        identity = document["identity"]
        self.lookback = milliseconds(identity["lookback_days"])
        self.max_persons: int = identity["max_persons"]
        self.max_ids: int = identity["max_ids"]
        self.impressions_shared: bool = identity["impressions"]
        self.blocked = frozenset(each.lower() for each in identity["blocked"])
        shared_by = {**identity, "blocked": sorted(self.blocked)}
        self.sharing = hashlib.blake2b(
            json.dumps(shared_by, sort_keys=True).encode(), digest_size=4
        ).hexdigest()
        self.retention = milliseconds(document["retention"]["days"])
        self._stale: Mapping[str, Mapping[str, Any]] = document["stale"]
        self._never_stale_below = min(table["seconds"] for table in self._stale.values())

    @classmethod
    def default(cls) -> Self:
        """The policy of SPEC 4, nothing overridden."""
        return cls(policy_document.complete({}))

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """A policy from a user's file, which overrides the defaults that it names.

        Raises `PolicyError` when the text is no TOML, or a key or value is not right.
        """
        return cls(policy_document.complete(policy_document.parse(text)))

    def purchase_rule(self, categories: Sequence[str]) -> PurchaseRule:
        """The rule for a product: that of its narrowest category with an entry, or the general."""
        if self._purchase_by_category:
            for category in reversed(categories):
                rule = self._purchase_by_category.get(category)
                if rule is not None:
                    return rule
        return self._purchase

    def price_obstacle(self, price: float, before: float) -> PriceObstacle | None:
        """What keeps a price from lifting what was dismissed at `before`; None if it does (SPEC 5).

        One that is lower by more than can be meant, such as cents for euros, lifts nothing.
        """
        hundredfold = price * 100
        if not hundredfold <= before * (100 - self.price_drop_percent):
            return "too_high"
        if not before * (100 - self.price_drop_max_percent) <= hundredfold:
            return "too_low"
        return None

    def lifting_prices(self, before: float) -> tuple[float, float] | None:
        """The lowest and the highest price that lift what was dismissed at `before`, to the bit.

        None if no price does.
        """
        highest = _highest(before * (100 - self.price_drop_percent))
        lowest = 0.0 - _highest(-(before * (100 - self.price_drop_max_percent)))
        return (lowest, highest) if lowest <= highest else None

    def stale_reasons(self, age: float) -> tuple[Collection[str], Collection[str]]:
        """The reasons that fail closed and those that fail open by a copy so many seconds old."""
        if age < self._never_stale_below:
            return (), ()
        stale = [reason for reason, table in self._stale.items() if age >= table["seconds"]]
        closed = {reason for reason in stale if self._stale[reason]["fails"] == "closed"}
        return closed, set(stale) - closed

    def is_blocked(self, user_id: str) -> bool:
        """Whether an id is none that could be one person's, such as `null` (SPEC 9)."""
        return not user_id or user_id.lower() in self.blocked

    def in_holdout(self, user_id: str) -> bool:
        """Whether a person belongs to those who see what they would have been spared (SPEC 5)."""
        if not self._holdout_below:
            return False
        digest = hashlib.blake2b(self._holdout_salt + user_id.encode(), digest_size=8).digest()
        return bool(int.from_bytes(digest, "big") % 10_000 < self._holdout_below)


def _highest(limit: float) -> float:
    """The highest price of which a hundredfold is within a limit."""
    if math.isinf(limit):
        return limit
    price = limit / 100
    while price * 100 > limit:
        price = math.nextafter(price, -math.inf)
    while (more := math.nextafter(price, math.inf)) * 100 <= limit:
        price = more
    return price


def _purchase_rule(
    general: Mapping[str, Any], entry: Mapping[str, Any], category: str | None
) -> PurchaseRule:
    fields = {**general, **entry}
    return PurchaseRule(
        fields["scope"],
        category if "scope" in entry else None,
        milliseconds(fields["window_days"]),
        fields.get("replenish_days"),
        milliseconds(fields.get("open_days", policy_document.OPEN_DAYS)),
    )
