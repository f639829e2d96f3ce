"""Offsets are asked for until the broker that has come to know them tells them."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.kafka import offsets
from streams.settings import Settings


class Client:
    """A client whose brokers answer so, one after another."""

    def __init__(self, *answers: Any) -> None:
        self._answers = iter(answers)

    def __call__(self, _: Any) -> "Client":
        return self

    def committed(self, *_: Any) -> list[TopicPartition]:
        answer = next(self._answers)
        if isinstance(answer, int):
            raise KafkaException(KafkaError(answer))
        return [answer]

    def get_watermark_offsets(self, *_: Any) -> tuple[int, int]:
        [answer] = self.committed()
        return 0, answer.offset

    def close(self) -> None:
        """Nothing is open."""


def test_a_group_that_is_being_moved_to_another_broker_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS
    monkeypatch.setattr(offsets, "Consumer", Client(*moved, TopicPartition("purchases", 1, 7)))
    [found] = offsets.committed(Settings(), [("purchases", 1)], 60).values()
    assert found.offset == 7


def test_a_partition_that_is_being_moved_to_another_broker_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError._DESTROY_BROKER
    monkeypatch.setattr(offsets, "Consumer", Client(*moved, TopicPartition("purchases", 1, 7)))
    assert offsets.watermarks(Settings(), [("purchases", 1)], 60) == {("purchases", 1): (0, 7)}


def test_another_error_is_not_asked_about_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offsets, "Consumer", Client(KafkaError.GROUP_AUTHORIZATION_FAILED))
    with pytest.raises(KafkaException):
        offsets.committed(Settings(), [("purchases", 1)], 60)
