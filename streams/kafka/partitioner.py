"""The partition of a key, as Kafka's Java clients have it: murmur2 of its bytes (SPEC 7).

Recordings carry the partition of each record, so that a replay into topics with that number of
partitions meets the same groups as the backtest did.
"""

from functools import lru_cache

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_MASK = 0xFFFFFFFF
_LONGEST_CACHED = 256
"""Bytes of a key whose partition is remembered: a key may be as long as a record."""


def murmur2(data: bytes) -> int:
    """Kafka's 32-bit murmur2, signed as Java shows it."""
    length = len(data)
    whole = length - length % 4
    result = _SEED ^ length
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * _MULTIPLIER & _MASK
        word = (word ^ word >> 24) * _MULTIPLIER & _MASK
        result = (result * _MULTIPLIER & _MASK) ^ word
    if whole < length:
        result = (result ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _MASK
    result = (result ^ result >> 13) * _MULTIPLIER & _MASK
    result ^= result >> 15
    return result - (1 << 32) if result >> 31 else result


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of ``key`` among ``partitions``, as Java's default partitioner has it."""
    if len(key) > _LONGEST_CACHED:
        return _partition_of(key, partitions)
    return _cached_partition_of(key, partitions)


def _partition_of(key: bytes, partitions: int) -> int:
    return (murmur2(key) & 0x7FFFFFFF) % partitions


_cached_partition_of = lru_cache(maxsize=1 << 17)(_partition_of)
