"""A small random shop whose products share groups, categories, brands and advertisers."""

from tests.oracle.products import ATTRIBUTES
from tests.oracle.random_policy import chance, some_days

CHAINS = [
    ["electronics", "electronics.tv"],
    ["electronics", "electronics.phone", "electronics.phone.case"],
    ["grocery", "grocery.coffee"],
    ["grocery"],
    ["health", "health.condition"],
    [],
]
PRICES = [5, 10, 20, 80, 100, 9.5, 19.99, 100.25]
CURRENCIES = ["EUR", "EUR", "EUR", "USD"]


class Shop:
    """Products with their true attributes; what is said of them elsewhere may leave some out."""

    def __init__(self, random, span):
        self.random = random
        self.categories = sorted({category for chain in CHAINS for category in chain})
        self.brands = ["b1", "b2"]
        self.advertisers = ["a1", "a2"]
        self.products = {}
        for number in range(random.randint(2, 8)):
            self.products[f"p{number + 1}"] = {
                "item_group_id": random.choice([None, "g1", "g2", "p1"]),
                "categories": random.choice([None, *CHAINS]),
                "brand": random.choice([None, *self.brands]),
                "advertiser_id": random.choice([None, *self.advertisers]),
                "price": random.choice([None, *PRICES]),
                "sensitive": chance(random, 0.15),
                "replenish_days": random.choice(
                    [None, None, 0, some_days(random, span / 10), some_days(random, span / 20)]
                ),
            }
        # Some are named by products of which one has the id itself, or by several.
        self.aliases = {product_id: [] for product_id in self.products}
        if chance(random, 0.5):
            ids = ["sku-1", "sku-2", "0012", "p1", "p9"]
            for named in self.aliases.values():
                named += random.sample(ids, random.choice([0, 0, 1, 2]))

    def some_product(self):
        return self.random.choice(list(self.products))

    def some_id(self, product_id):
        """The product's own id, or in its place now and then an alias."""
        if self.aliases[product_id] and chance(self.random, 0.6):
            return self.random.choice(self.aliases[product_id])
        return product_id

    def reported_attributes(self, product_id):
        """Some of the product's attributes, now and then a wrong one."""
        attributes = {}
        for name in ATTRIBUTES:
            value = self.products[product_id][name]
            if chance(self.random, 0.05):
                value = self.products[self.some_product()][name]
            if value is not None and chance(self.random, 0.5):
                attributes[name] = value
        return attributes

    def some_price(self):
        """A price at which, or close to which, a price drop is just enough for some policy."""
        share = self.random.choice([1, 1, 0.95, 0.9, 0.875, 0.75, 0.5, 0.1, 0.01])
        price = self.random.choice(PRICES)
        return price if share == 1 else price * share

    def some_currency(self):
        """The currency of a price, or none."""
        return {"currency": self.random.choice(CURRENCIES)} if chance(self.random, 0.5) else {}

    def catalog_lines(self, timestamp):
        """Records of the catalog: for all, some or none of the products, with changes."""
        coverage = self.random.choice([0, 0.5, 1])
        lines = []
        for product_id, product in self.products.items():
            for _ in range(self.random.choice([1, 1, 1, 2, 3])):
                if chance(self.random, coverage):
                    lines.append(self._catalog_line(product_id, product, timestamp))
        self.random.shuffle(lines)
        return lines

    def _catalog_line(self, product_id, product, timestamp):
        value = {
            name: field
            for name, field in product.items()
            if field is not None and chance(self.random, 0.85)
        }
        value |= self.some_currency()
        if self.aliases[product_id] and chance(self.random, 0.9):
            value["aliases"] = self.aliases[product_id]
        if chance(self.random, 0.1):
            value[self.random.choice(ATTRIBUTES)] = None
        if chance(self.random, 0.08):
            value = None
        return {"topic": "catalog", "key": product_id, "timestamp": timestamp, "value": value}
