"""Keys must lie where Kafka's Java clients put them, or persons are torn apart (SPEC 7)."""

import pytest

from streams.kafka.partitioner import murmur2, partition_of


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_gives_the_values_that_kafka_itself_tests_for(data: bytes, expected: int) -> None:
    assert murmur2(data) == expected


def test_a_negative_hash_loses_its_sign_bit_instead_of_changing_its_sign() -> None:
    assert partition_of(b"foobar", 1000) == (-790332482 & 0x7FFFFFFF) % 1000


def test_every_key_lies_within_the_partitions() -> None:
    assert {partition_of(f"u{number}".encode(), 3) for number in range(100)} == {0, 1, 2}
