"""By whatever ids products are named, what is held against them is the same (SPEC 2)."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.records import Dismissal, Event, Impression, Product, Purchase
from streams.suppression.catalog import Catalog
from streams.suppression.person import Person
from streams.suppression.policy import Policy
from tests.builders import catalog
from tests.property.lives import lives
from tests.property.test_claim_index_properties import LAST, policies

KNOWN = catalog(
    tv={"aliases": ["telly", "0012"], "replenish_days": 2}, radio={"aliases": ["wireless"]}
)

ids = st.sampled_from(["a", "b", "c", "d"])
products = st.none() | st.builds(Product, aliases=st.none() | st.lists(ids, max_size=3))


@given(st.lists(st.tuples(ids, products), max_size=12))
def test_an_alias_is_the_least_product_that_names_it_whatever_came_before(
    changes: list[tuple[str, Product | None]],
) -> None:
    changing, last = Catalog(), dict[str, Product]()
    for product_id, product in changes:
        changing.put(product_id, product)
        last.pop(product_id, None)
        if product is not None:
            last[product_id] = product
        for named in "abcd":
            naming = [each for each, known in last.items() if named in (known.aliases or ())]
            meant = named if named in last else min(naming, default=named)
            assert changing.product_id_of(named) == meant


def one_by_one(life: list[Event]) -> list[Event]:
    """Events of ids of their own, with products of which only the id is known."""
    return [_apart(event, f"e{number}") for number, event in enumerate(life)]


def _apart(event: Any, own: str) -> Any:
    if isinstance(event, Impression):
        return event
    event = replace(event, event_id=own)
    if isinstance(event, Purchase) and event.products is not None:
        bare = [replace(each, **dict.fromkeys(BROUGHT)) for each in event.products]
        return replace(event, products=bare)
    return event


BROUGHT = ("item_group_id", "categories", "brand", "advertiser_id")


def renamed(event: Any, name: Any) -> Any:
    """The event with other ids for its products."""
    if isinstance(event, Purchase) and event.products is not None:
        bought = [replace(each, product_id=name(each.product_id)) for each in event.products]
        return replace(event, products=bought)
    if isinstance(event, Impression | Dismissal) and event.product_id is not None:
        return replace(event, product_id=name(event.product_id))
    return event


def own_id(product_id: str) -> str:
    return KNOWN.product_id_of(product_id)


@given(lives.map(one_by_one), policies, st.data())
def test_whatever_ids_name_products_the_list_is_the_same(
    life: list[Event], policy: Policy, data: st.DataObject
) -> None:
    def any_id(product_id: str) -> str:
        return data.draw(st.sampled_from(KNOWN.ids_of(product_id)))

    lists = []
    for named in (own_id, any_id):
        person = Person()
        for event in life:
            person.join(renamed(event, named), policy, KNOWN)
            person.index(policy, KNOWN)
        person.expire(policy, KNOWN, LAST)
        due = person.due
        lists.append((due, person.current_list("ann", policy, KNOWN, LAST)))
    assert lists[0] == lists[1]
