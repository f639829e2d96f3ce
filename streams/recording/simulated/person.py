"""One simulated person: visits to the shop, and the ads that follow them from site to site."""

import random
from itertools import count, islice, pairwise
from typing import Any

from streams.recording.simulated.dismissing import dismissal, restoration
from streams.recording.simulated.happening import DAY, END, HOUR, MINUTE, SECOND, START, Happening
from streams.recording.simulated.shop import Shop, SimulatedProduct, priced

_CANDIDATES = 5
_SALE_BEGINS = START + 22 * DAY
_SITES = ("news.example", "recipes.example", "weather.example", "football.example")
_SOURCES = ("shop-visits", "newsletter", "loyalty-card", "partner-audience")
_CHANNELS = ("display", "video", "native", "email", "push", "onsite")
_CHANNEL_WEIGHTS = (64, 10, 10, 6, 4, 6)


class SimulatedPerson:
    """Looks, buys, sends back, is shown ads for weeks, and complains about some of them."""

    def __init__(self, user_id: str, shop: Shop, rng: random.Random) -> None:
        self._user_id = user_id
        self._rng = rng
        self._shelves = [shop.favourite_shelf(rng) for _ in range(rng.randint(1, 3))]
        self._looks: dict[SimulatedProduct, int] = {}
        self._numbers = count(1)
        self._happenings: list[Happening] = []
        # A few people meet the same ad wherever they go.
        self._shown = 0.9 if self._chance(0.08) else 0.3

    def live(self) -> list[Happening]:
        """All that happens to this person until the end of the recording."""
        rng = self._rng
        self._state_preferences()
        visits = sorted(START + int(rng.random() * (END - START)) for _ in range(rng.randint(1, 4)))
        for visit, next_visit in pairwise([*visits, END]):
            self._visit(visit)
            self._meet_ads(visit, next_visit)
        return [happening for happening in self._happenings if happening.arrival < END]

    def _state_preferences(self) -> None:
        rng = self._rng
        if self._chance(0.04):
            self._prefer("personalised_ads", "denied")
            if self._chance(0.4):
                self._prefer("personalised_ads", "granted")
        if self._chance(0.1):
            self._prefer("sensitive_topics", rng.choice(("granted", "granted", "denied")))

    def _prefer(self, field: str, answer: str) -> None:
        # Preferences come without `ts` and `user_id`: the record's timestamp and key say both.
        at = START + int(self._rng.random() * (END - START))
        self._happenings.append(
            Happening("preferences", self._user_id, at, {"event_id": self._id("pr"), field: answer})
        )

    def _visit(self, at: int) -> None:
        rng = self._rng
        for _ in range(rng.randint(1, 4)):
            product = rng.choice(rng.choice(self._shelves))
            self._looks.pop(product, None)
            self._looks[product] = at
            at += rng.randint(20 * SECOND, 8 * MINUTE)
        if self._chance(0.15):
            target = next(reversed(self._looks))
            price = priced(target.price) if self._chance(0.8) else {}
            reason = {"reason": "removed_from_cart"}
            self._add("dismissals", at, "d", reason | target.named() | price)
        if self._chance(0.4):
            self._buy(at + 2 * MINUTE)

    def _buy(self, at: int) -> None:
        rng = self._rng
        latest = islice(reversed(self._looks), 2)
        bought = {product: rng.choice((1, 1, 1, 2)) for product in latest if self._chance(0.7)}
        order = {"order_id": self._id("o")}
        products = [
            product.named() | {"quantity": quantity, "price": product.price}
            for product, quantity in bought.items()
        ]
        if not products:
            return
        completed = {"event": "order_completed", "products": products} | order
        self._add("purchases", at, "e", completed)
        later = random.Random(f"{self._user_id} {order}")  # so that it changes nothing else
        if later.random() < 0.05:  # the page of thanks is opened again
            self._add("purchases", at + later.randint(HOUR, 5 * DAY), "e", completed)
        if self._chance(0.03):
            self._add("purchases", at + 20 * MINUTE, "e", {"event": "order_cancelled"} | order)
            if later.random() < 0.3:  # the bank was slower than the timer
                self._add("purchases", at + 40 * MINUTE, "e", {"event": "order_reinstated"} | order)
        elif self._chance(0.06):
            refund: dict[str, Any] = {"event": "order_refunded"}
            if self._chance(0.6):
                refund["products"] = [{"product_id": products[0]["product_id"]}]
            self._add("purchases", at + rng.randint(2 * DAY, 9 * DAY), "e", refund | order)

    def _meet_ads(self, visit: int, until: int) -> None:
        rng = self._rng
        if self._chance(0.08):  # the mail about what was left behind, too early
            self._request(visit + rng.randint(10 * MINUTE, 50 * MINUTE), "email")
        for _ in range(rng.randint(3, 14)):
            at = visit + int(rng.expovariate(1 / (5 * DAY))) + HOUR // 2
            if at < until:
                channel = rng.choices(_CHANNELS, _CHANNEL_WEIGHTS)[0]
                self._request(at, channel)

    def _request(self, at: int, channel: str) -> None:
        rng = self._rng
        looks = [(product, ts) for product, ts in self._looks.items() if ts <= at]
        if not looks:
            return
        latest = looks[: -_CANDIDATES - 1 : -1]
        request_id = self._id("r")
        request = {
            "request_id": request_id,
            "user_id": self._user_id,
            "ts": at,
            "site": "shop.example" if channel == "onsite" else rng.choice(_SITES),
            "channel": channel,
            "candidates": [self._candidate(product, ts, at) for product, ts in latest],
        }
        if channel == "onsite":
            request["own_site"] = True
        self._happenings.append(Happening("impression-requests", self._user_id, at, request))
        if self._chance(self._shown):
            self._see(latest[0][0], at + rng.randint(SECOND, 5 * SECOND), request_id)

    def _candidate(self, product: SimulatedProduct, looked_at: int, at: int) -> dict[str, Any]:
        rng = self._rng
        candidate = product.named() | {"interest_at": looked_at}
        if at >= _SALE_BEGINS and self._chance(0.3):
            candidate |= priced(round(product.price * 0.8, 2))
        elif self._chance(0.4):
            candidate |= priced(product.price)
        if self._chance(0.7):
            candidate["basis"] = rng.choices(("observed", "given", "inferred"), (5, 1, 1))[0]
        if product.shelf.category.startswith("health.") or self._chance(0.1):
            candidate["sources"] = rng.sample(_SOURCES, rng.randint(1, 3))
        return candidate

    def _see(self, product: SimulatedProduct, at: int, request_id: str) -> None:
        rng = self._rng
        value = {"impression_id": self._id("i"), "product_id": product.product_id, "ts": at}
        value["request_id"] = request_id
        self._happenings.append(Happening("impressions", self._user_id, at, value))
        if self._chance(0.12):
            at += rng.randint(SECOND, MINUTE)
            dismissed = dismissal(product, rng)
            self._add("dismissals", at, "d", dismissed)
            if self._chance(0.2):
                at += rng.randint(HOUR, 6 * DAY)
                self._add("dismissals", at, "d", restoration(dismissed, rng))

    def _add(self, topic: str, at: int, prefix: str, fields: dict[str, Any]) -> None:
        """Evidence with an id of its own; now and then it arrives hours after it happened."""
        rng = self._rng
        late = rng.randint(5 * MINUTE, 6 * HOUR) if self._chance(0.01) else 0
        value = {"event_id": self._id(prefix), "user_id": self._user_id, "ts": at, **fields}
        self._happenings.append(Happening(topic, self._user_id, at + late, value))

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    def _id(self, prefix: str) -> str:
        return f"{prefix}-{self._user_id}-{next(self._numbers)}"
