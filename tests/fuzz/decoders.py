"""Feeds the decoders what libFuzzer finds by watching which of their code runs.

    python -m tests.fuzz.decoders -max_total_time=600
    python -m tests.fuzz.decoders -runs=20000 FOLDER

It begins with the contract's valid examples, and what else is worth keeping it keeps beside them
in FOLDER, or else in build/fuzz-decoders. What it stops at it leaves in a file `crash-…`, which
`python -m tests.fuzz.decoders FILE` tries again. All options are libFuzzer's (`-help=1`).
"""

import sys
from pathlib import Path
from typing import get_args

import atheris

with atheris.instrument_imports(include=["schemas"]):
    from schemas.decoding import InvalidRecord, decode, decode_product

import msgspec
import orjson

from schemas.outputs import ErrorCode
from tests.property.bad_input import INPUTS, NOW, VALID_VALUES

CODES = get_args(ErrorCode)
NO_KEY = 255
"""Stands for the length of a key that is not there."""
CORPUS = Path(__file__).parents[2] / "build" / "fuzz-decoders"


def packed(topic: str, key: bytes, value: bytes) -> bytes:
    """A record as the fuzzer changes it: the topic's number, the key's length, key, value."""
    return bytes([INPUTS.index(topic), len(key)]) + key + value


def unpacked(data: bytes) -> tuple[str, bytes | None, bytes | None]:
    """The record that such bytes stand for: any bytes stand for one."""
    number, length = (*data[:2], 0, 0)[:2]
    topic, rest = INPUTS[number % len(INPUTS)], data[2:]
    if length == NO_KEY:
        return topic, None, rest
    return topic, rest[:length], rest[length:]


def try_decoder(data: bytes) -> None:
    """Read a record. Raises what no decoder may raise."""
    topic, key, value = unpacked(data)
    try:
        if topic == "catalog":
            _, event = decode_product(key, value)
        else:
            event = decode(topic, key, value, NOW)
    except InvalidRecord as refused:
        check(refused)
    else:
        orjson.dumps(msgspec.to_builtins(event))


def check(refused: InvalidRecord) -> None:
    """A refusal has one of the codes, and words that a header can hold."""
    assert refused.code in CODES
    assert refused.detail.encode()


def write_seeds(folder: Path) -> None:
    """Put the valid examples into a folder, one a file."""
    for topic, values in VALID_VALUES.items():
        for number, value in enumerate(values):
            seed = packed(topic, b"u1", orjson.dumps(value))
            (folder / f"{topic}-{number}").write_bytes(seed)


def main() -> None:
    """Fuzz until something is wrong, or as the arguments say."""
    named = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    corpus = named[0] if named else CORPUS
    if not corpus.is_file():
        corpus.mkdir(parents=True, exist_ok=True)
        write_seeds(corpus)
    atheris.Setup(sys.argv if named else [*sys.argv, str(corpus)], try_decoder)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
