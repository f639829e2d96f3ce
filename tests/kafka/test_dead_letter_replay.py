"""Dead letters go back once, even where two replays run at the same time."""

from pathlib import Path

import pytest

from streams.dead_letters.letter import Selection
from streams.dead_letters.replay import DeadLetterReplay, Fate
from streams.errors import UserError
from streams.kafka.topics import create, plan
from tests.integration.conftest import settings_of
from tests.integration.letters import PARTITIONS, Letters
from tests.kafka.cluster import KafkaCluster

pytestmark = pytest.mark.kafka


@pytest.fixture
def letters(kafka: KafkaCluster, tmp_path: Path) -> Letters:
    """Three letters that today's decoders take."""
    settings = settings_of(kafka.address, tmp_path)
    create(settings, plan(settings, PARTITIONS, 1))
    letters = Letters(settings)
    for _ in range(3):
        letters.put()
    return letters


def test_a_replay_that_begins_stops_one_that_runs_and_takes_back_what_it_had_not_committed(
    letters: Letters,
) -> None:
    first = DeadLetterReplay(letters.settings, Selection())
    second = DeadLetterReplay(letters.settings, Selection())
    sent_by_second = 0

    def begin_the_second(_: int) -> None:
        nonlocal sent_by_second
        if not sent_by_second:
            sent_by_second = second.send()[Fate.SENT]

    with pytest.raises(UserError, match="Another replay of this application has begun"):
        first.send(begin_the_second)
    assert sent_by_second == 3
    assert len(letters.replayed()) == 3


def test_a_letter_that_was_replayed_is_not_replayed_again(letters: Letters) -> None:
    assert DeadLetterReplay(letters.settings, Selection()).send() == {Fate.SENT: 3}
    assert DeadLetterReplay(letters.settings, Selection()).send() == {Fate.SENT_BEFORE: 3}
    assert len(letters.replayed()) == 3


def test_a_replay_that_is_interrupted_takes_back_what_it_had_not_committed(
    letters: Letters,
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        DeadLetterReplay(letters.settings, Selection()).send(interrupt)
    assert letters.replayed() == []
    assert DeadLetterReplay(letters.settings, Selection()).send() == {Fate.SENT: 3}
