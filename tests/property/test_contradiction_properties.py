"""Whatever has happened, an event that comes again contradicts nothing."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.records import Dismissal, Event
from streams.suppression.catalog import Catalog
from streams.suppression.join import Join
from streams.suppression.policy import Policy
from tests.builders import DAY, dismissal, policy
from tests.property.lives import lives

policies = st.sampled_from(
    [Policy.default(), policy(purchase={"window_days": 1}, retention={"days": 1})]
)


@given(lives, policies, st.data())
def test_a_repeat_is_never_counted_where_each_event_has_an_id_of_its_own(
    life: list[Event], by: Policy, data: st.DataObject
) -> None:
    events = [_named(event, f"e{number}") for number, event in enumerate(life)]
    joined = Join(by, Catalog())
    for number, event in enumerate(events):
        joined.apply(event)
        again = data.draw(st.sampled_from(events[: number + 1]))
        joined.apply(replace(again, ts=again.ts + data.draw(st.sampled_from([0, DAY]))))
        joined.prepare()
    assert not joined.contradictions


@given(lives)
def test_a_dismissal_is_counted_exactly_where_its_id_stands_for_something_else(
    life: list[Event],
) -> None:
    joined = Join(Policy.default(), Catalog())
    for event in life:
        joined.apply(event)
    before = joined.contradictions["dismissals"]
    other = dismissal("seen_too_often", "e1", product_id="tv")
    is_known = any(isinstance(event, Dismissal) and event.event_id == "e1" for event in life)
    joined.apply(other)
    assert joined.contradictions["dismissals"] - before == is_known


def _named(event: Event, name: str) -> Event:
    field = next(iter(event.__struct_fields__))
    return replace(event, **{field: name})
