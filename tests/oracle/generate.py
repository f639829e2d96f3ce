"""Adversarial random recordings: ties, repeats, late and early events, every kind of evidence."""

import copy
from random import Random

import orjson

from tests.oracle.invalid import invalid_record, too_large_record
from tests.oracle.policy import DAY
from tests.oracle.random_policy import random_policy
from tests.oracle.shop import PRICES, Shop
from tests.oracle.validation import (
    ACTIONS,
    ANSWERS,
    BASES,
    CHANNELS,
    DISMISSAL_REASONS,
    PERSON_TOPIC_IDS,
)

START = 1_700_000_000_000
SECOND, HOUR = 1_000, 3_600_000
SPANS = [10 * SECOND, HOUR, 2 * DAY, 30 * DAY, 120 * DAY, 400 * DAY]


def random_recording(seed, size=None):
    """(records, policy): a recording of about `size` person records, and a user's policy or None.

    The same seed gives the same recording. `records` are the dicts of SPEC 8, in file order.
    """
    random = Random(seed)
    if size is None:
        size = random.choice([5, 20, 60, 150])
    return Recording(random).make(size)


class Recording:
    def __init__(self, random):
        self.random = random
        self.span = random.choices(SPANS, weights=[1, 1, 1, 2, 4, 4])[0]
        # A coarse grid makes many times equal.
        self.grid = random.choice([1, SECOND, max(self.span // 100, 1), max(self.span // 20, 1)])
        self.shop = Shop(random, self.span)
        self.partitions = random.choice([1, 1, 2, 3])
        persons = [f"u{number + 1}" for number in range(random.randint(1, 6))]
        self.partition_of = {user: random.randrange(self.partitions) for user in persons}
        self.orders = [f"o{number + 1}" for number in range(random.randint(1, 4))]
        # A few reasons a recording, the one that hides all others seldom among them.
        self.reasons = random.sample(DISMISSAL_REASONS, random.randint(1, 5))
        if "opt_out_all" in self.reasons and random.random() < 0.6:
            self.reasons.remove("opt_out_all")
        self.reasons = self.reasons or ["not_interested"]
        self.answers = random.choice([["granted"], ["granted"], ANSWERS])
        self.weights = {
            self.request: 30,
            self.order: random.choice([2, 12, 30]),
            self.return_of_goods: random.choice([0, 7]),
            self.dismissal: random.choice([2, 12, 20]),
            self.restoration: random.choice([0, 6]),
            self.impressions: random.choice([0, 2, 15]),
            self.preference: random.choice([0, 4]),
            self.repeat: 10,
            self.twin: 4,
            self.contradiction: 4,
            self.invalid: 4,
            self.of_no_concern: 1,
        }
        self.records = []
        self.contents = {}  # (topic, user, id, ts) -> the first content of that event
        self.count = 0

    def make(self, size):
        policy = self.some_policy()
        times = sorted(self.on_grid(self.random.uniform(0, self.span)) for _ in range(size))
        for time in times:
            self.add_something(START + time)
        self.mix_in(self.shop.catalog_lines(START))
        if self.random.random() < 0.02:
            user = self.some_user()
            record = too_large_record(self.random, user, self.partition_of[user], START)
            self.mix_in([record])
        self.place_by_offset()
        return self.records, policy

    def some_policy(self):
        return random_policy(self.random, self.shop, self.span)

    # --- one step ------------------------------------------------------------------------------

    def add_something(self, timestamp):
        make = self.random.choices(list(self.weights), weights=list(self.weights.values()))[0]
        make(timestamp)

    def request(self, timestamp):
        user = self.some_user()
        ts, value = self.timed(timestamp)
        value["request_id"] = self.new_id("r")
        if self.chance(0.7):
            value["channel"] = self.random.choice(CHANNELS)
        if self.chance(0.3):
            value["own_site"] = self.chance(0.7)
        if self.chance(0.3):
            value["site"] = "news.example"
        value["candidates"] = [self.candidate(ts) for _ in range(self.random.randint(1, 5))]
        self.add("impression-requests", user, value, timestamp)

    def candidate(self, ts):
        product_id = self.shop.some_product()
        named = self.shop.some_id(product_id)
        value = {"product_id": named, **self.shop.reported_attributes(product_id)}
        if self.chance(0.5):
            value["price"] = self.shop.some_price()
        value |= self.shop.some_currency()
        if self.chance(0.4):
            ago = self.random.choice([0, HOUR, 21 * DAY, self.random.uniform(-0.2, 1) * self.span])
            value["interest_at"] = ts - self.on_grid(ago)
        if self.chance(0.4):
            value["basis"] = self.random.choice(BASES)
        if self.chance(0.4):
            count = self.random.randint(0, 4)
            value["sources"] = self.random.choices(["crm", "web", "app"], k=count)
        return value

    def order(self, timestamp):
        _, value = self.timed(timestamp)
        value |= {
            "event_id": self.new_id("e"),
            "event": "order_completed",
            "order_id": self.random.choice(self.orders),
            "products": self.order_products(at_least=0),
        }
        self.add("purchases", self.some_user(), value, timestamp)

    def order_products(self, at_least):
        count = max(self.random.choice([0, 1, 1, 1, 2, 3]), at_least)
        products = []
        attributes = {}
        for _ in range(count):
            product_id = self.shop.some_product()
            # One event says the same of a product each time that it names it, by whatever id.
            about = "all" if any(self.shop.aliases.values()) else product_id
            if about not in attributes:
                attributes[about] = self.shop.reported_attributes(product_id)
            product = {"product_id": self.shop.some_id(product_id), **attributes[about]}
            if self.chance(0.5):
                product["quantity"] = self.random.choice([1, 1, 2, 3])
            if self.chance(0.3):
                product["price"] = self.shop.some_price()
            if self.chance(0.1):
                product["gift"] = self.chance(0.8)
            products.append(product)
        return products

    def return_of_goods(self, timestamp):
        _, value = self.timed(timestamp)
        value |= {
            "event_id": self.new_id("e"),
            "event": self.random.choice(
                ["order_refunded", "order_refunded", "order_cancelled", "order_reinstated"]
            ),
            "order_id": self.random.choice(self.orders),
        }
        if value["event"] == "order_refunded" and self.chance(0.8):
            value["products"] = self.order_products(at_least=0 if self.chance(0.1) else 1)
        if value["event"] in ("order_cancelled", "order_reinstated") and self.chance(0.3):
            value["products"] = self.random.choice(["ignored", [1], []])
        if self.chance(0.05):
            value["products"] = None
            value["event"] = "order_refunded"
        self.add("purchases", self.some_user(), value, timestamp)

    def dismissal(self, timestamp):
        _, value = self.timed(timestamp)
        reason = self.random.choice(self.reasons)
        value |= {"event_id": self.new_id("d"), "reason": reason}
        if self.chance(0.3):
            value["action"] = "dismissed"
        if reason not in ("opt_out_all", "covered_content") or self.chance(0.3):
            value |= self.target()
        if self.chance(0.6):
            value["price"] = self.random.choice(PRICES)
            value |= self.shop.some_currency()
        self.add("dismissals", self.some_user(), value, timestamp)

    def restoration(self, timestamp):
        _, value = self.timed(timestamp)
        value |= {"event_id": self.new_id("d"), "action": "restored"}
        if self.chance(0.8):
            value |= self.target()
        if self.chance(0.3):
            value["reason"] = self.random.choice(self.reasons)
        self.add("dismissals", self.some_user(), value, timestamp)

    def target(self):
        field = self.random.choice(["product_id"] * 4 + ["category", "brand", "advertiser_id"])
        if field == "category":
            return {"category": self.random.choice(self.shop.categories)}
        if field == "brand":
            return {"brand": self.random.choice(self.shop.brands)}
        if field == "advertiser_id":
            return {"advertiser_id": self.random.choice(self.shop.advertisers)}
        product_id = self.shop.some_product()
        named = self.shop.some_id(product_id)
        return {"product_id": named, **self.shop.reported_attributes(product_id)}

    def impressions(self, timestamp):
        """A burst, often enough of them for a cap."""
        user = self.some_user()
        product_ids = [self.shop.some_product() for _ in range(self.random.choice([1, 1, 2]))]
        for _ in range(self.random.choice([1, 2, 4, 8])):
            _, value = self.timed(timestamp)
            value["impression_id"] = self.new_id("i")
            if self.chance(0.1) and self.count > 1:
                value["impression_id"] = f"i{self.random.randint(1, self.count)}"
            value["product_id"] = self.shop.some_id(self.random.choice(product_ids))
            if self.chance(0.2):
                value["request_id"] = "r1"
            self.add("impressions", user, value, timestamp)

    def preference(self, timestamp):
        _, value = self.timed(timestamp)
        value["event_id"] = self.new_id("c")
        for field in ("personalised_ads", "sensitive_topics"):
            if self.chance(0.6):
                value[field] = self.random.choice(self.answers)
        self.add("preferences", self.some_user(), value, timestamp)

    def repeat(self, timestamp):
        """An earlier record once more, now or as it was."""
        record = self.earlier_record()
        if record is not None:
            when = self.random.choice([timestamp, record["timestamp"]])
            self.add(record["topic"], record["user"], record["value"], when)

    def twin(self, timestamp):
        """An earlier event once more under an id of its own, so that claims fall together."""
        record = self.earlier_record()
        if record is not None:
            value = {"ts": record["timestamp"], **record["value"]}
            value[PERSON_TOPIC_IDS[record["topic"]]] = self.new_id("t")
            if "price" in value and self.chance(0.5):
                value["price"] = self.random.choice([None, None, None, *PRICES])
                value |= self.shop.some_currency()
            self.add(record["topic"], record["user"], value, timestamp)

    def contradiction(self, timestamp):
        """The id of an earlier event with something else to say, at another time."""
        record = self.earlier_record()
        if record is None or record["topic"] == "impression-requests":
            return
        value = copy.deepcopy(record["value"])
        value["ts"] = self.timed(timestamp, always=True)[0]
        if record["topic"] == "purchases" and value["event"] in (
            "order_completed",
            "order_refunded",
        ):
            for product in value.get("products") or []:
                product["quantity"] = self.random.choice([1, 2, 5])
        if record["topic"] == "dismissals" and "reason" in value:
            value["action"] = self.random.choice(ACTIONS)
        if record["topic"] == "preferences":
            value["personalised_ads"] = self.random.choice(self.answers)
        self.add(record["topic"], record["user"], value, timestamp)

    def invalid(self, timestamp):
        user = self.some_user()
        record, _ = invalid_record(self.random, user, self.partition_of[user], timestamp)
        self.records.append(record)

    def of_no_concern(self, timestamp):
        topic = self.random.choice(["suppressions", "decisions", "dead-letters", "weather"])
        self.records.append({"topic": topic, "key": "u1", "timestamp": timestamp, "value": {}})

    # --- parts ---------------------------------------------------------------------------------

    def add(self, topic, user, value, timestamp):
        """A right record, unless it would contradict another of its id at the very same time."""
        value = {name: field for name, field in value.items() if name != "user_id"}
        if value.get("ts", 0) > timestamp + DAY:
            return
        ts = value.get("ts", timestamp)
        content = orjson.dumps(
            {**value, "ts": ts, "action": value.get("action", "dismissed")},
            option=orjson.OPT_SORT_KEYS,
        )
        event_key = (topic, user, value[PERSON_TOPIC_IDS[topic]], ts)
        first_content = self.contents.setdefault(event_key, content)
        if topic != "impressions" and first_content != content:
            return
        record = {"topic": topic, "key": user, "timestamp": timestamp, "value": value}
        chance = self.random.random()
        if chance < 0.2:
            record["value"] = {**value, "user_id": user}
        if chance < 0.1:
            record["key"] = None
        if 0.2 < chance < 0.25:
            record["value"] = {**value, "unheard_of": [1], "ts": value.get("ts")}
        if self.partition_of[user] or self.chance(0.5):
            record["partition"] = self.partition_of[user]
        self.records.append(record)

    def earlier_record(self):
        """Topic, user, value and timestamp of an earlier right record."""
        right = [record for record in self.records if self.is_right(record)]
        if not right:
            return None
        record = self.random.choice(right[-20:])
        user = record["key"] or record["value"]["user_id"]
        value = {name: field for name, field in record["value"].items() if name != "unheard_of"}
        if value.get("ts", 0) is None:
            del value["ts"]
        return {**record, "user": user, "value": value}

    def is_right(self, record):
        id_field = PERSON_TOPIC_IDS.get(record["topic"])
        value = record.get("value")
        return isinstance(value, dict) and value.get(id_field) not in (None, "bad", 7, {})

    def timed(self, timestamp, always=False):
        """(event time, value with its `ts`, which is left out now and then)."""
        chance = self.random.random()
        if chance < 0.2 and not always:
            return timestamp, {}
        ts = timestamp
        if chance > 0.75:
            ts -= self.on_grid(self.random.uniform(0, self.span * self.random.choice([0.1, 0.8])))
        elif chance > 0.65:
            early = self.random.choice([DAY, self.random.uniform(0, self.span * 0.2)])
            ts += min(self.on_grid(early), DAY)
        return ts, {"ts": ts}

    def mix_in(self, records):
        for record in records:
            self.records.insert(self.random.randint(0, len(self.records)), record)

    def place_by_offset(self):
        """Offsets with gaps, in some recordings; in a few the file is not in their order."""
        if self.chance(0.7):
            return
        next_offset = {}
        for record in self.records:
            where = (record["topic"], record.get("partition", 0))
            offset = next_offset.get(where, 0) + self.random.choice([0, 0, 1, 5])
            next_offset[where] = offset + 1
            record["offset"] = offset
        if self.chance(0.3):
            catalog = [record for record in self.records if record["topic"] == "catalog"]
            others = [record for record in self.records if record["topic"] != "catalog"]
            self.random.shuffle(others)
            self.records = catalog + others

    def new_id(self, prefix):
        self.count += 1
        return f"{prefix}{self.count}"

    def some_user(self):
        return self.random.choice(list(self.partition_of))

    def chance(self, probability):
        return self.random.random() < probability

    def on_grid(self, milliseconds):
        return round(milliseconds / self.grid) * self.grid
