"""The benchmark of links has the same events with and without them, and shares what it counts."""

from streams.kafka.partitioner import partition_of
from tests.bench.backlog import Drained
from tests.bench.domain import new_join
from tests.bench.linked_workload import of_several_ids, statements
from tests.bench.links import but_statements, cost
from tests.bench.links_in_process import PARTITIONS, Partitions
from tests.bench.rate import Cost
from tests.bench.workload import REFERENCE, mixed

EVENTS = 2_000


def test_the_events_are_those_of_the_bare_workload_on_other_ids() -> None:
    several, bare = of_several_ids(EVENTS, 4), mixed(EVENTS, 4)
    for ours, theirs in zip(several, bare, strict=True):
        assert ours.json_value == theirs.json_value
        assert (ours.key_text or "").partition("-")[0] == theirs.key_text


def test_every_record_is_in_the_partition_of_its_id() -> None:
    for record in [*statements(4, 1_000), *of_several_ids(EVENTS, 4)]:
        assert record.partition == partition_of(record.key or b"", 4)


def test_one_person_in_ten_has_four_ids() -> None:
    linked = {record.key_text for record in statements(4)}
    assert len(linked) == 3 * 50_000 // 10
    devices = {
        record.key_text for record in of_several_ids(EVENTS, 4) if "-" in (record.key_text or "")
    }
    assert devices
    assert devices <= linked


def test_only_who_is_linked_shares() -> None:
    nobody = cost(EVENTS, REFERENCE, "", one_in=10, are_linked=False)
    some = cost(EVENTS, REFERENCE, "", one_in=10, are_linked=True)
    assert nobody.shares == 0 < some.shares


def test_what_one_device_reports_reaches_the_three_other_ids() -> None:
    dismissals = of_several_ids(EVENTS, PARTITIONS, {"dismissals": 1})
    first = next(record for record in dismissals if "-" in (record.key_text or ""))
    account = (first.key_text or "").partition("-")[0]
    partitions = Partitions([new_join() for _ in range(PARTITIONS)])
    partitions.work_off(
        record for record in statements(PARTITIONS) if (record.key_text or "").startswith(account)
    )
    assert partitions.work_off([first]).shares == 3


def test_statements_are_no_events() -> None:
    turn = Drained(1_100.0, Cost(worker=10.0, broker=5.0))
    assert but_statements(turn, events=1_000, records=1_100).rate == 1_000
    assert but_statements(turn, events=1_000, records=1_100).cost == Cost(11.0, 5.5)
