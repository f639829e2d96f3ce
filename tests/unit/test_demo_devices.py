"""The people of the demo with two devices."""

from streams.demo.devices import PERSONS, Devices, people_with_devices, reasons_of
from streams.recording.backtest import Backtest
from streams.recording.files import numbered
from streams.suppression.policy import Policy
from tests.builders import NOW


def people(policy: Policy) -> list[Devices]:
    return list(people_with_devices(policy, "kettle", NOW, partitions=4))


def test_what_they_buy_on_the_phone_is_why_an_ad_is_stopped_on_the_laptop() -> None:
    person, *others = people(Policy.default())
    assert len(others) == PERSONS - 1
    records = [*person.linked(), person.bought("kettle"), person.asked("kettle")]
    [decision] = Backtest(Policy.default()).run(numbered(records))
    assert reasons_of(decision) == {person.order("kettle")}


def test_nobody_is_in_the_holdout() -> None:
    policy = Policy.from_toml("[holdout]\npercent = 50\n")
    chosen = people(policy)
    assert chosen
    assert not any(policy.in_holdout(each.laptop) for each in chosen)


def test_nobody_is_left_where_ids_share_nothing_by_the_policy() -> None:
    assert people(Policy.from_toml("[identity]\nmax_persons = 0\n")) == []
