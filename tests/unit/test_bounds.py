"""What waits somewhere in a worker has a bound, and one who waits for room does not for ever."""

import socket
from typing import Any

import pytest
from confluent_kafka import KafkaException

from streams.agents import catalog_reader
from streams.agents.catalog_reader import CatalogReader, InvalidProduct
from streams.engine.checkpoint import producer
from streams.engine.checkpoint.at_least_once import AcknowledgedProducer
from streams.engine.partition_processor import in_batches
from streams.settings import KafkaSettings, Settings
from streams.suppression.catalog import Catalog
from tests.builders import NOW, purchase


@pytest.fixture
def settings() -> Settings:
    """Of a worker whose broker is not there."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
    return Settings(kafka=KafkaSettings(brokers=address), guarantee="at_least_once")


def entries(*sizes: int) -> list[Any]:
    return [
        ((NOW, 1, offset), (purchase("p", order_id=str(offset)), size))
        for offset, size in enumerate(sizes)
    ]


def test_output_that_no_broker_takes_is_an_error_and_not_waited_for_for_ever(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "QUEUE_MESSAGES", 2)
    waiting = AcknowledgedProducer(settings, seconds=0.2)
    for _ in range(2):
        waiting.send("decisions", 0, b"ann", b"{}")
    with pytest.raises(KafkaException, match="2 records were not taken"):
        waiting.send("decisions", 0, b"ann", b"{}")


@pytest.mark.parametrize("many", [0, 1, 5, 12])
def test_batches_have_all_records_in_their_order_and_none_has_too_many(many: int) -> None:
    whole = entries(*[10] * many)
    cut = list(in_batches(whole, 5, 1_000))
    assert [entry for batch, _ in cut for entry in batch] == whole
    assert all(0 < len(batch) <= 5 for batch, _ in cut)


def test_a_batch_is_no_more_than_so_many_bytes_or_a_single_record() -> None:
    cut = in_batches(entries(4_000, 4_000, 4_000, 50_000, 4_000), 100, 10_000)
    assert [(len(batch), size) for batch, size in cut] == [
        (2, 8_000),
        (1, 4_000),
        (1, 50_000),
        (1, 4_000),
    ]


def test_of_too_many_invalid_products_the_oldest_go_and_that_is_counted_and_said_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(catalog_reader, "REMEMBERED_BYTES", 10_000)
    reader = CatalogReader(settings, Catalog())
    error: Any = None
    for offset in range(5):
        value = b"x" * 2_000
        reader._remember(InvalidProduct(0, offset, NOW, None, value, [], error))
    assert [invalid.offset for invalid in reader.invalid] == [3, 4]
    assert reader.forgotten == 3
    assert len(caplog.messages) == 1
    assert "partition 0" in caplog.text
    reader.close()
