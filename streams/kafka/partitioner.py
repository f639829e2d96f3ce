"""The partition of a key, as Kafka's Java clients have it: murmur2 of its bytes (SPEC 7).

Recordings carry the partition of each record, so that a replay into topics with that number of
partitions meets the same groups as the backtest did.
"""

from typing import Final

from mypy_extensions import i64

_SEED: Final[i64] = 0x9747B28C
_MULTIPLIER: Final[i64] = 0x5BD1E995
_MASK: Final[i64] = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """Kafka's 32-bit murmur2, signed as Java shows it."""
    length: i64 = len(data)
    whole: i64 = length - length % 4
    result: i64 = _SEED ^ length
    word: i64
    at: i64 = 0
    while at < whole:  # no product has more than 63 bits
        word = data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24
        word = word * _MULTIPLIER & _MASK
        word = (word ^ word >> 24) * _MULTIPLIER & _MASK
        result = (result * _MULTIPLIER & _MASK) ^ word
        at += 4
    if whole < length:
        word = 0
        while at < length:
            word |= data[at] << 8 * (at - whole)
            at += 1
        result = (result ^ word) * _MULTIPLIER & _MASK
    result = (result ^ result >> 13) * _MULTIPLIER & _MASK
    result ^= result >> 15
    return result - (1 << 32) if result >> 31 else result


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of ``key`` among ``partitions``, as Java's default partitioner has it."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
