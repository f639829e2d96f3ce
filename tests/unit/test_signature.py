"""Offsets tell which worker's checkpoint they are of."""

from types import SimpleNamespace
from typing import Any

from streams.kafka.offset_metadata import signature, signer_of


def committed(metadata: str | None) -> Any:
    return SimpleNamespace(metadata=metadata)


class Overread:
    """An offset as the client hands it out when what lies behind the metadata is no text."""

    @property
    def metadata(self) -> str:
        return (signature("worker-1").encode() + b"\x94\x01").decode()


def test_the_signer_of_a_checkpoint_is_told() -> None:
    assert signer_of(committed(signature("worker-1"))) == "worker-1"


def test_an_offset_that_somebody_has_set_has_no_signer() -> None:
    assert signer_of(committed(None)) is None
    assert signer_of(committed("")) is None
    assert signer_of(committed("reset by hand")) is None


def test_what_the_client_has_read_beyond_the_end_does_not_count() -> None:
    assert signer_of(committed(signature("worker-1") + "junk")) == "worker-1"
    assert signer_of(Overread()) == "worker-1"
