"""Counts of what adapters left out, corrected or derived."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.adapters.notes import OTHER, Note
from streams.recording.backtest import Backtest
from streams.recording.note_counts import MOST_EXAMPLES, NoteCounts
from streams.recording.person_slice import PersonSlice
from streams.suppression.policy import Policy
from tests.builders import NOW, recorded

WORD = Note("left_out", "properties.products[1].price", '"free"')
COMMA = Note("corrected", "properties.products[0].productId", '" 7"', '"7"')


def test_notes_are_counted_by_format_field_and_kind() -> None:
    counts = NoteCounts()
    counts.add("segment", [WORD, COMMA], 0)
    counts.add("segment", [WORD._replace(path="properties.products[7].price")], 1)
    assert counts.counts == {
        ("segment", "properties.products.price", "left_out"): 2,
        ("segment", "properties.products.product_id", "corrected"): 1,
    }


def test_a_field_that_is_on_no_list_is_counted_as_other() -> None:
    counts = NoteCounts()
    counts.add("segment", [WORD._replace(path="surprise")], 0)
    assert set(counts.counts) == {("segment", OTHER, "left_out")}


def test_what_is_part_of_a_field_on_the_list_is_counted_as_that() -> None:
    counts = NoteCounts()
    path = "context.consent.categoryPreferences.Our partners"
    counts.add("segment", [WORD._replace(path=path)], 0)
    [(_, field, _)] = counts.counts
    assert field == "context.consent.categoryPreferences"


notes = st.builds(
    Note, st.sampled_from(["left_out", "corrected"]), st.sampled_from(["userId", "timestamp"]),
    st.sampled_from("abcdef"),
)  # fmt: skip


@given(st.lists(st.tuples(notes, st.integers(0, 3)), max_size=40))
def test_shares_add_up_to_the_whole_with_the_same_examples(
    noted: list[tuple[Note, int]],
) -> None:
    whole = NoteCounts()
    shares = [NoteCounts() for _ in range(4)]
    for position, (note, share) in enumerate(noted):
        whole.add("segment", [note], position)
        shares[share].add("segment", [note], position)
    first, *others = shares
    for other in others:
        first += other
    assert first.ranked() == whole.ranked()
    assert all(len(each["examples"]) <= MOST_EXAMPLES for each in whole.ranked())


def test_a_backtest_counts_the_notes_on_its_own_persons_once() -> None:
    def line(key: str | None, user_id: str, price: Any) -> dict[str, Any]:
        properties = {"order_id": "o1", "products": [{"product_id": "p", "price": price}]}
        value = {"type": "track", "event": "Order Completed", "messageId": "m", "userId": user_id}
        record = {
            "topic": "purchases",
            "timestamp": NOW,
            "value": value | {"properties": properties},
        }
        return record if key is None else record | {"key": key}

    lines = [line(f"u{n}", f"u{n}", "free") for n in range(20)]
    lines += [line(None, f"v{n}", "1,299.00") for n in range(20)]
    lines += [line("u1", "somebody else", "free"), line("u1", "u1", 5)]
    shares = [
        Backtest(Policy.default(), persons=PersonSlice(number, 3), formats={"purchases": "segment"})
        for number in range(3)
    ]
    for share in shares:
        share.read(recorded(lines))
    counts = shares[0].counts
    for other in shares[1:]:
        counts.merge(other.counts)
    assert [(each["kind"], each["count"]) for each in counts.notes.ranked()] == [
        ("corrected", 20),
        ("left_out", 20),
    ]
    assert [each["record"] for each in counts.notes.ranked()[1]["examples"]] == [1]
