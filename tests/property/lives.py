"""Strategies for what happens to one person, made so that the events meet."""

from hypothesis import strategies as st

from schemas.records import Dismissal, Impression, OrderProduct, Preference, Purchase
from tests.builders import DAY, NOW

# Few names and few times, so that events meet: in one order, in one target, at one time.
ids = st.sampled_from(["e1", "e2", "e3"])
times = st.integers(-2, 4).map(lambda days: NOW + days * DAY)
product_ids = st.sampled_from(["tv", "telly", "radio"])
prices = st.sampled_from([None, 9.5, 80, 100])
currencies = st.sampled_from([None, "EUR", "USD"])
answers = st.sampled_from([None, "granted", "denied"])
attributes = {
    "item_group_id": st.sampled_from([None, "g1", "g2"]),
    "categories": st.sampled_from([None, [], ["a"], ["a", "a.b"]]),
    "brand": st.sampled_from([None, "acme"]),
    "advertiser_id": st.sampled_from([None, "shop"]),
}
order_products = st.builds(
    OrderProduct,
    product_id=product_ids,
    quantity=st.integers(1, 3),
    price=prices,
    gift=st.booleans(),
    **attributes,
)
about = {"event_id": ids, "user_id": st.just("ann"), "ts": times}

purchases = st.builds(
    Purchase,
    event=st.sampled_from(["order_completed", "order_refunded"]),
    order_id=st.sampled_from(["o1", "o2"]),
    products=st.lists(order_products, max_size=3),
    **about,
)
undone_orders = st.builds(
    Purchase,
    event=st.sampled_from(["order_refunded", "order_cancelled", "order_reinstated"]),
    order_id=st.sampled_from(["o1", "o2"]),
    products=st.none(),
    **about,
)
dismissed_products = st.builds(
    Dismissal,
    reason=st.sampled_from(["not_interested", "removed_from_cart", "block_brand", "inappropriate"]),
    product_id=product_ids,
    price=prices,
    currency=currencies,
    **attributes,
    **about,
)
dismissed_brands = st.builds(
    Dismissal,
    reason=st.just("block_brand"),
    brand=st.just("acme"),
    price=prices,
    currency=currencies,
    **about,
)
restorations = st.builds(
    Dismissal,
    action=st.just("restored"),
    reason=st.sampled_from([None, "block_brand"]),
    product_id=st.none() | product_ids,
    **about,
)
shown = st.builds(
    Impression,
    impression_id=st.sampled_from(["i1", "i2", "i3"]),
    product_id=product_ids,
    user_id=st.just("ann"),
    ts=times,
)
preferences = st.builds(Preference, personalised_ads=answers, sensitive_topics=answers, **about)

events = st.one_of(
    purchases,
    undone_orders,
    dismissed_products,
    dismissed_brands,
    restorations,
    shown,
    preferences,
)
lives = st.lists(events, max_size=12)
