"""The order in which a group's records are taken: that of a merge by time (SPEC 6)."""

from schemas.topics import PERSON_TOPICS
from streams.engine.alignment import UNKNOWN_END, PartitionGroup, RecordQueue

RANKS = {topic: rank for rank, topic in enumerate(PERSON_TOPICS)}


class Group:
    """An alignment that is told what the broker holds and what was fetched of it."""

    def __init__(self) -> None:
        self.group: PartitionGroup[str] = PartitionGroup()

    def stream(self, topic: str) -> RecordQueue[str]:
        return self.group.queue(topic, RANKS[topic])

    def holds(self, topic: str, count: int) -> "Group":
        """The broker is known to hold so many records of a topic."""
        self.stream(topic).known_end = count
        return self

    def fetch(self, topic: str, *times: int | None) -> "Group":
        """The next records of a topic arrive; one without a time goes to the dead letters."""
        stream = self.stream(topic)
        for ts in times:
            offset = stream.next_offset
            stream.append(offset, ts, f"{topic} {offset}")
        return self

    def pop_ready(self) -> list[str]:
        return [record for _, record in self.group.pop_ready()]


# --- a record's place ----------------------------------------------------------------------------


def test_records_are_taken_in_the_order_of_their_times() -> None:
    group = Group().fetch("impression-requests", 10, 30).fetch("purchases", 20, 40)
    assert group.pop_ready() == [
        "impression-requests 0",
        "purchases 0",
        "impression-requests 1",
        "purchases 1",
    ]


def test_at_one_time_evidence_is_taken_before_the_requests() -> None:
    group = Group()
    for topic in reversed(PERSON_TOPICS):
        group.fetch(topic, 10)
    assert group.pop_ready() == [
        "identities 0",
        "preferences 0",
        "purchases 0",
        "dismissals 0",
        "impressions 0",
        "impression-requests 0",
    ]


def test_records_of_one_partition_are_never_taken_out_of_their_order() -> None:
    assert Group().fetch("purchases", 30, 10, 20).pop_ready() == [
        f"purchases {n}" for n in range(3)
    ]


def test_a_late_record_has_the_place_of_the_partitions_clock() -> None:
    group = Group().fetch("purchases", 30, 5).fetch("dismissals", 10, 31)
    assert group.pop_ready() == ["dismissals 0", "purchases 0", "purchases 1", "dismissals 1"]


def test_the_place_of_a_record_does_not_depend_on_the_batch_that_it_came_in() -> None:
    at_once = Group().fetch("purchases", 10, 30, 20).fetch("dismissals", 15, 25, 35)
    one_by_one = Group().holds("purchases", 3).holds("dismissals", 3)
    ready = []
    for purchase, dismissal in [(10, 15), (30, 25), (20, 35)]:
        ready += one_by_one.fetch("dismissals", dismissal).pop_ready()
        ready += one_by_one.fetch("purchases", purchase).pop_ready()
    assert ready == at_once.pop_ready()


# --- what a record waits for ---------------------------------------------------------------------


def test_live_nobody_waits() -> None:
    group = Group().holds("impression-requests", 1).holds("purchases", 0)
    assert group.fetch("impression-requests", 10).pop_ready() == ["impression-requests 0"]


def test_a_topic_that_was_never_heard_of_holds_nobody_up() -> None:
    assert Group().fetch("purchases", 10).pop_ready() == ["purchases 0"]


def test_a_record_waits_for_a_partition_that_holds_more() -> None:
    group = Group().holds("purchases", 1).fetch("impression-requests", 10)
    assert group.pop_ready() == []
    assert group.group.waiting == 1
    assert group.fetch("purchases", 5).pop_ready() == ["purchases 0", "impression-requests 0"]
    assert group.group.waiting == 0


def test_a_record_waits_only_for_what_could_come_before_it() -> None:
    group = Group().holds("purchases", 2).fetch("purchases", 20)
    group.fetch("impression-requests", 10, 19, 20, 30)
    assert group.pop_ready() == ["impression-requests 0", "impression-requests 1", "purchases 0"]


def test_of_equal_clocks_the_rank_says_who_waits() -> None:
    group = Group().holds("dismissals", 2).fetch("dismissals", 20)
    group.fetch("purchases", 20).fetch("impressions", 20)
    assert group.pop_ready() == ["purchases 0", "dismissals 0"]


def test_a_partition_does_not_wait_for_itself() -> None:
    group = Group().holds("purchases", 100)
    assert group.fetch("purchases", 10, 20).pop_ready() == ["purchases 0", "purchases 1"]


def test_records_that_were_known_and_never_come_stop_being_waited_for() -> None:
    # Transaction markers and compacted records take up offsets that nobody fetches.
    group = Group().holds("purchases", 2).fetch("impression-requests", 10)
    assert group.pop_ready() == []
    group.stream("purchases").next_offset = 2
    assert group.pop_ready() == ["impression-requests 0"]


# --- dead records --------------------------------------------------------------------------------


def test_a_dead_record_does_not_move_the_clock() -> None:
    group = Group().fetch("purchases", 10, None, 15)
    assert group.stream("purchases").clock == 15
    assert group.fetch("dismissals", 12).pop_ready() == [
        "purchases 0",
        "purchases 1",
        "dismissals 0",
        "purchases 2",
    ]


def test_a_dead_record_keeps_its_place_among_its_partitions_records() -> None:
    assert Group().fetch("purchases", None, 10, None).pop_ready() == [
        f"purchases {n}" for n in range(3)
    ]


def test_a_clock_that_was_kept_over_a_restart_goes_on_counting() -> None:
    group = Group()
    group.stream("purchases").clock = 50
    group.fetch("purchases", 10).fetch("dismissals", 49, 51)
    assert group.pop_ready() == ["dismissals 0", "purchases 0", "dismissals 1"]


# --- how far behind it is ------------------------------------------------------------------------


def test_the_lag_is_what_is_known_to_be_there_and_was_not_taken() -> None:
    group = Group().holds("purchases", 5).fetch("purchases", 10, 20).holds("dismissals", 1)
    purchases = group.stream("purchases")
    assert purchases.lag == 5
    group.holds("dismissals", 0).pop_ready()
    assert purchases.lag == 3


def test_who_has_taken_everything_has_no_lag() -> None:
    group = Group().holds("purchases", 2).fetch("purchases", 10, 20)
    group.pop_ready()
    assert group.stream("purchases").lag == 0


def test_until_the_end_of_a_topic_is_known_only_what_was_fetched_counts() -> None:
    group = Group().holds("purchases", UNKNOWN_END).fetch("purchases", 10, 20)
    assert group.stream("purchases").lag == 2


def test_a_stream_has_reached_the_time_of_what_is_next_or_else_of_what_was_last() -> None:
    group = Group().holds("dismissals", 1).fetch("purchases", 10, 20)
    assert group.stream("purchases").reached == 10
    group.holds("dismissals", 0).pop_ready()
    assert group.stream("purchases").reached == 20
