"""Cases on ids that the catalog has as aliases."""

from typing import Any, Final

from tests.builders import NOW, candidate, dismissal, purchase, request
from tests.conformance.case import Case, Rule

TWO_NAMES: Final = {"1953": {"item_group_id": "jackets", "aliases": ["sku-1953", "04012345678901"]}}


def _named(name: str, *products: Any, catalog: Any = TWO_NAMES, bought: str = "1953") -> Case:
    return Case(name, request(*products), (purchase(bought),), catalog=catalog)


ALIASES: Final = Rule(
    "aliases",
    "An id that is an alias in the catalog is decided as its product (SPEC 2).",
    (
        _named("a candidate by an alias is the product", "sku-1953", "sku-1954"),
        _named("whatever it was bought by", "1953", "04012345678901", bought="sku-1953"),
        _named("each id is answered by itself", "1953", "sku-1953", "1953"),
        _named("an alias is compared as it is written", "SKU-1953", "sku-1953 ", "4012345678901"),
        _named("an id with a record of its own is that product, whoever names it", "sku-1953",
               catalog={**TWO_NAMES, "sku-1953": {}}),
        _named("of several products that name it, the least id has it", "sku",
               catalog={"b": {"aliases": ["sku"]}, "a": {"aliases": ["sku"]}, "c": {}}, bought="a"),
        _named("and not another one", "sku",
               catalog={"b": {"aliases": ["sku"]}, "a": {"aliases": ["sku"]}}, bought="b"),
        _named("a product that another one names is not read as that, nor are its aliases",
               "one", "two",
               catalog={"two": {"aliases": ["one"]}, "three": {"aliases": ["two"]}},
               bought="three"),
        Case("the value of the scope is the product's id", request("sku"), (purchase("tv"),),
             policy={"purchase": {"scope": "product"}}, catalog={"tv": {"aliases": ["sku"]}}),
        Case("a product without a group is a group by its own id", request("sku"),
             (dismissal("not_interested", product_id="sku"),),
             catalog={"tv": {"aliases": ["sku"]}}),
        Case("what the catalog says of the product holds for the alias",
             request(candidate("sku", brand="potter")),
             (dismissal("block_brand", brand="acme"),),
             catalog={"tv": {"brand": "acme", "aliases": ["sku"]}}),
        Case("and what the request says fills in", request(candidate("sku", brand="acme")),
             (dismissal("block_brand", brand="acme"),), catalog={"tv": {"aliases": ["sku"]}}),
        Case("the price of the product counts", request("sku"),
             (dismissal("not_interested", product_id="tv", price=100),),
             catalog={"tv": {"aliases": ["sku"], "price": 80}}),
        Case("what the request itself holds against it is of the product",
             request(candidate("sku", interest_at=NOW), channel="email"),
             catalog={"tv": {"aliases": ["sku"]}}),
        Case("a sensitive product is so by its alias", request("sku"),
             catalog={"tv": {"aliases": ["sku"], "sensitive": True}}),
    ),
)  # fmt: skip
