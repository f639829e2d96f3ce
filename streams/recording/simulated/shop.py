"""The simulated shop: shelves of products in variants, with brands, advertisers and prices."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from streams.recording.simulated.happening import DAY, START, Happening

_GROUPS_PER_SHELF = 24
_UNLISTED = 0.03
"""The share of products that the catalog does not know: their attributes come with each event."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The products of one narrow category."""

    category: str
    brands: tuple[str, ...]
    cheapest: float
    dearest: float
    replenish_days: int | None = None
    sensitive: bool = False
    popularity: int = 3


SHELVES = (
    Shelf("electronics.tv", ("Lumina", "Vexo", "Orbit"), 250, 1500),
    Shelf("electronics.phones", ("Vexo", "Pelago", "Nimbus"), 150, 900),
    Shelf("electronics.audio.headphones", ("Orbit", "Sonora"), 30, 350),
    Shelf("home.kitchen.kettles", ("Brava", "Tallow"), 25, 120),
    Shelf("home.furniture.chairs", ("Norrland", "Tallow"), 60, 400),
    Shelf("fashion.shoes", ("Strada", "Kestrel", "Nimbus"), 40, 180),
    Shelf("fashion.coats", ("Kestrel", "Norrland"), 80, 350),
    Shelf("travel.hotels", ("Marina", "Belvedere"), 70, 600),
    Shelf("grocery.coffee", ("Aroma", "Brava"), 5, 18),
    Shelf("pets.food", ("Fido", "Whisker"), 10, 45, replenish_days=12),
    Shelf("health.intimate", ("Serena",), 10, 60, popularity=1),
    Shelf("health.tests", ("Medica",), 15, 90, sensitive=True, popularity=1),
)


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedProduct:
    """One variant on a shelf."""

    product_id: str
    item_group_id: str
    shelf: Shelf
    brand: str
    advertiser_id: str
    price: float
    listed: bool

    @property
    def categories(self) -> list[str]:
        """From broad to narrow, every level spelled out."""
        levels = self.shelf.category.split(".")
        return [".".join(levels[: depth + 1]) for depth in range(len(levels))]

    def attributes(self) -> dict[str, Any]:
        """The four attributes that also events can carry."""
        return {
            "item_group_id": self.item_group_id,
            "categories": self.categories,
            "brand": self.brand,
            "advertiser_id": self.advertiser_id,
        }

    def named(self) -> dict[str, Any]:
        """How an event names the product: with its attributes where the catalog has none."""
        name = {"product_id": self.product_id}
        return name if self.listed else name | self.attributes()


class Shop:
    """Every product, by shelf."""

    def __init__(self, rng: random.Random) -> None:
        self._shelves = {shelf: list(_stock(shelf, rng)) for shelf in SHELVES}
        self._popularity = [shelf.popularity for shelf in SHELVES]

    def favourite_shelf(self, rng: random.Random) -> list[SimulatedProduct]:
        """The products of a shelf that somebody may like, the popular ones sooner."""
        return self._shelves[rng.choices(SHELVES, self._popularity)[0]]

    def catalog_lines(self) -> Iterator[Happening]:
        """The catalog at the start; some price changes and removals from the range later."""
        products = [product for shelf in self._shelves.values() for product in shelf]
        for product in products:
            yield Happening("catalog", product.product_id, START, _listing(product, product.price))
        for index, product in enumerate(products):
            if not product.listed:
                yield Happening("catalog", product.product_id, START + DAY, None)
            elif index % 50 == 0:
                price = round(product.price * 0.95, 2)
                listing = _listing(product, price)
                yield Happening("catalog", product.product_id, START + 20 * DAY, listing)


def _stock(shelf: Shelf, rng: random.Random) -> Iterator[SimulatedProduct]:
    name = shelf.category.rsplit(".", 1)[-1]
    for number in range(1, _GROUPS_PER_SHELF + 1):
        group = f"{name}-{number:02}"
        brand = rng.choice(shelf.brands)
        advertiser = rng.choice((f"{brand.lower()}-direct", "megamart", "bargain-barn"))
        price = round(shelf.cheapest + rng.random() ** 2 * (shelf.dearest - shelf.cheapest), 2)
        for variant in "abc"[: rng.randint(1, 3)]:
            listed = rng.random() >= _UNLISTED
            yield SimulatedProduct(
                f"{group}-{variant}", group, shelf, brand, advertiser, price, listed
            )


def priced(price: float) -> dict[str, Any]:
    """A price in the shop's currency, as records have it."""
    return {"price": price, "currency": "EUR"}


def _listing(product: SimulatedProduct, price: float) -> dict[str, Any]:
    listing = {**product.attributes(), **priced(price)}
    if product.shelf.sensitive:
        listing["sensitive"] = True
    if product.shelf.replenish_days is not None:
        listing["replenish_days"] = product.shelf.replenish_days
    return listing
