"""Random recordings of people with several ids, as adversarial as those of `generate`."""

from random import Random

from tests.oracle.generate import HOUR, START, Recording
from tests.oracle.policy import DAY, merged
from tests.oracle.random_policy import chance, some_days
from tests.oracle.validation import METHODS, PERSON_TOPIC_IDS

LONG = 4_000
"""Days of a retention in which nothing is over."""


def linked_recording(seed, size=None, kind="lasting"):
    """(records, policy, partition of each id): a recording of about `size` person records.

    The kinds are

    - `lasting`: nothing is over in it, so that the order of arrival means nothing;
    - `crowded`: the same, of persons who may have only one or two ids besides the account;
    - `expiring`: what is over goes. Nothing is told later than a day, or said again;
    - `final`: the same, and nothing that is over is changed by what another id says.
    """
    random = Random(seed)
    if size is None:
        size = random.choice([5, 15, 40, 80])
    recording = KINDS[kind](random)
    records, policy = recording.make(size)
    return records, policy, recording.partition_of


class LinkedRecording(Recording):
    """Devices and accounts; some of the accounts were merged into others."""

    def __init__(self, random):
        super().__init__(random)
        self.accounts = [f"a{number + 1}" for number in range(random.randint(1, 3))]
        devices = [f"u{number + 1}" for number in range(random.randint(1, 5))]
        self.partitions = random.choice([1, 2, 3, 8])
        ids = devices + self.accounts
        self.partition_of = {user: random.randrange(self.partitions) for user in ids}
        self.leaves = devices * 3 + self.accounts
        self.methods = random.choice([METHODS[:1], METHODS, METHODS[:2]])
        self.linking = ["signed_in"] * 5 + ["signed_out"] * 3 + ["linked"] * 2 + ["unlinked"]
        self.gifts = {order for order in self.orders if chance(random, 0.3)}
        self.shown = dict.fromkeys(ids, 0)
        self.most_shown = 0
        self.latest = LONG * DAY  # how much later something may be reported of another id
        self.statements = []
        self.said = {}  # (topic, id, ts) -> the first content of that event
        self.weights |= {
            self.request: 5,
            self.invalid: 0,
            self.of_no_concern: 0,
            self.statement: random.choice([10, 30, 60]),
            self.same_elsewhere: 8,
        }

    def some_policy(self):
        policy = super().some_policy() or {}
        self.most_shown = merged(policy)["frequency"]["max"]
        policy["retention"] = {"days": LONG}
        policy["identity"] = {
            "lookback_days": self.random.choice([0, 1, some_days(self.random, self.span)]),
            "max_persons": self.random.choice([1, 2, 5]),
            "impressions": self.chance(0.5),
        }
        return policy

    def statement(self, timestamp):
        leaf = self.random.choice(self.leaves)
        hubs = [each for each in self.accounts if each != leaf]
        _, value = self.timed(timestamp)
        value |= {"event_id": self.statement_id(), "action": self.random.choice(self.linking)}
        if value["action"] != "signed_out":
            if not hubs:
                return
            value["person_id"] = self.random.choice(hubs)
        if self.chance(0.7):
            value["method"] = self.random.choice(self.methods)
        self.add("identities", leaf, value, timestamp)

    def statement_id(self):
        """A new one, or now and then one that said something else."""
        if not self.statements or self.chance(0.9):
            self.statements.append(self.new_id("s"))
            return self.statements[-1]
        return self.random.choice(self.statements)

    def same_elsewhere(self, timestamp):
        """What was reported of one id is reported of another one as well."""
        record = self.earlier_record()
        if record is None or record["topic"] in ("identities", "impression-requests"):
            return
        if timestamp - record["timestamp"] > self.latest:
            return
        value = {"ts": record["timestamp"], **record["value"]}
        if self.chance(0.5):
            value[PERSON_TOPIC_IDS[record["topic"]]] = self.new_id("m")
            value["ts"] += self.random.choice([-HOUR, 0, HOUR])
        self.add(record["topic"], self.some_user(), value, timestamp)

    def place_by_offset(self):
        """Records arrive as they stand in the file."""

    def add(self, topic, user, value, timestamp):
        """A record; all lines of one order are gifts or none is.

        Of no id more impressions are reported than are kept of it (SPEC 3). What is reported of
        several ids is not contradicted at the very same time either.
        """
        if topic == "purchases" and isinstance(value.get("products"), list):
            is_gift = value["order_id"] in self.gifts
            products = [each for each in value["products"] if isinstance(each, dict)]
            value = {**value, "products": [{**each, "gift": is_gift} for each in products]}
        if topic == "impressions":
            if self.shown[user] >= self.most_shown:
                return
            self.shown[user] += 1
        content = {**value, "ts": value.get("ts", timestamp)}
        named = (topic, value[PERSON_TOPIC_IDS[topic]], content["ts"])
        if topic != "impressions" and self.said.setdefault(named, content) != content:
            return
        super().add(topic, user, value, timestamp)


class CrowdedRecording(LinkedRecording):
    """More ids than a person may have; which of them stay depends on the newest statements."""

    def __init__(self, random):
        super().__init__(random)
        self.linking = ["signed_in"] * 2 + ["signed_out", "linked", "linked", "unlinked"]

    def some_policy(self):
        policy = super().some_policy()
        policy["identity"]["max_ids"] = self.random.choice([1, 2])
        return policy


class ExpiringRecording(LinkedRecording):
    """What was reported ends and goes; an order is told of within a day, wherever it is."""

    def __init__(self, random):
        super().__init__(random)
        for product in self.shop.products.values():
            product["replenish_days"] = None
        self.gifts = set()
        self.latest = DAY
        self.weights |= {self.repeat: 0, self.twin: 0, self.contradiction: 0}

    def some_policy(self):
        policy = super().some_policy()
        policy["retention"] = {"days": self.random.choice([3, 10, 30])}
        for entry in policy.get("purchase", {}).get("category", {}).values():
            entry.pop("replenish_days", None)
        return policy

    def order(self, timestamp):
        self.orders = [self.new_id("o")]
        super().order(timestamp)

    def timed(self, timestamp, always=False):
        ts = timestamp - self.random.choice([0, 0, HOUR, DAY])
        return max(ts, START), {"ts": max(ts, START)}


class FinalRecording(ExpiringRecording):
    """What is gone on one id would have changed nothing on another."""

    def __init__(self, random):
        super().__init__(random)
        self.impression_ids = set()
        self.weights |= {self.return_of_goods: 0, self.restoration: 0, self.same_elsewhere: 0}

    def add(self, topic, user, value, timestamp):
        if topic == "impressions":
            if value["impression_id"] in self.impression_ids:
                return
            self.impression_ids.add(value["impression_id"])
        super().add(topic, user, value, timestamp)


KINDS = {
    "lasting": LinkedRecording,
    "crowded": CrowdedRecording,
    "expiring": ExpiringRecording,
    "final": FinalRecording,
}
