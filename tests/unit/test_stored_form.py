"""A person on disk: what is read back, and which forms are refused."""

import msgspec
import pytest

from streams.suppression.person import Person
from streams.suppression.stored import FORMAT, READABLE, due_of
from streams.suppression.surplus import KINDS
from tests.builders import (
    NOW,
    cancellation,
    dismissal,
    impression,
    person_with,
    preference,
    product,
    purchase,
    read_back,
    refund,
    reinstatement,
    restoration,
    stored,
)

EVERYTHING = (
    purchase(product(brand="acme", categories=["a", "a.b"]), "cable"),
    refund("cable"),
    cancellation(order_id="second"),
    reinstatement(order_id="second", ts=NOW + 1),
    purchase(product(gift=True), event_id="again", ts=NOW + 1),
    dismissal("not_interested", product_id="tv", price=9.5, item_group_id="tvs"),
    restoration(reason="block_brand", brand="acme"),
    impression(),
    preference(personalised_ads="granted"),
)


def test_what_is_stored_reads_back_as_the_same_set() -> None:
    evidence = person_with(*EVERYTHING)
    again = read_back(evidence)
    for attribute in (*KINDS, "preferences", "newest"):
        assert getattr(again, attribute) == getattr(evidence, attribute)
    assert stored(again) == stored(evidence)


def test_when_a_person_is_due_stands_at_the_front_of_what_is_stored() -> None:
    person = Person(person_with(*EVERYTHING))
    assert due_of(person.to_bytes()) is None
    person.due = NOW
    assert due_of(person.to_bytes()) == NOW


FORMAT_1 = b"[1700000000000,null,[1,0,[],[],[],[],[],[],[]]]"


def of_format(written: int) -> bytes:
    person = Person(person_with(*EVERYTHING))
    person.due = NOW
    [due, _, *rest] = msgspec.msgpack.decode(person.to_bytes())
    return msgspec.msgpack.encode([due, written, *rest])


@pytest.mark.parametrize("other", [FORMAT_1, of_format(FORMAT + 1)])
def test_nobody_is_due_by_a_stored_form_of_another_version(other: bytes) -> None:
    assert due_of(other) is None


def test_the_stored_form_of_the_version_that_knew_no_links_is_read() -> None:
    person = Person(person_with(*EVERYTHING))
    person.due = NOW
    [due, written, *rest, links] = msgspec.msgpack.decode(person.to_bytes())
    assert (written, links) == (4, None)
    third = msgspec.msgpack.encode([due, 3, *rest])
    assert due_of(third) == NOW
    assert Person.from_bytes(third).to_bytes() == person.to_bytes()


@pytest.mark.parametrize("written", [READABLE[0] - 1, FORMAT + 1])
def test_a_stored_form_of_another_version_is_refused(written: int) -> None:
    with pytest.raises(ValueError, match=f"state of format {written}.*reads {FORMAT}"):
        Person.from_bytes(of_format(written))


def test_the_stored_form_of_the_first_version_is_refused() -> None:
    with pytest.raises(ValueError, match=f"state of format 1 or older.*reads {FORMAT}"):
        Person.from_bytes(FORMAT_1)


def test_a_stored_form_that_is_damaged_is_refused() -> None:
    with pytest.raises(ValueError, match=f"state of format {FORMAT} that is damaged"):
        Person.from_bytes(stored(person_with(*EVERYTHING))[:-1])
