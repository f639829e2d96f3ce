"""The join of evidence is commutative, associative and idempotent, whatever happened (SPEC 3)."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.records import Event
from streams.suppression.evidence import Evidence
from tests.builders import person_with, read_back, stored
from tests.property.lives import lives


@given(lives.flatmap(lambda life: st.tuples(st.just(life), st.permutations(life))))
def test_the_order_of_arrival_makes_no_difference(lives: tuple[list[Event], list[Event]]) -> None:
    as_it_happened, as_it_arrived = lives
    assert stored(person_with(*as_it_happened)) == stored(person_with(*as_it_arrived))


@given(lives, st.data())
def test_duplicates_make_no_difference(life: list[Event], data: st.DataObject) -> None:
    repeated = data.draw(st.lists(st.sampled_from(life), max_size=8)) if life else []
    arrived = data.draw(st.permutations([*life, *repeated]))
    assert stored(person_with(*life)) == stored(person_with(*arrived))


@given(lives, st.sets(st.integers(0, 12)))
def test_reading_the_state_back_in_between_makes_no_difference(
    life: list[Event], restarts: set[int]
) -> None:
    evidence = Evidence()
    for number, event in enumerate(life):
        if number in restarts:
            evidence = read_back(evidence)
        evidence.join(event)
    assert stored(evidence) == stored(person_with(*life))


@given(lives)
def test_taking_everything_a_second_time_after_a_crash_makes_no_difference(
    life: list[Event],
) -> None:
    evidence = person_with(*life)
    before = stored(evidence)
    for event in life:
        evidence.join(event)
    assert stored(evidence) == before


@given(lives)
def test_what_is_read_back_is_stored_as_it_was(life: list[Event]) -> None:
    evidence = person_with(*life)
    assert stored(read_back(evidence)) == stored(evidence)
