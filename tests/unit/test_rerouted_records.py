"""What is found on the rerouting topic is taken for what its header says that it is."""

from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from schemas.topics import REROUTED
from tests.property.test_fuzz_task import an_engine

VALUE = orjson.dumps({"request_id": "r1", "ts": 1, "candidates": [{"product_id": "p"}]})


def arrived(*headers: tuple[str, bytes | None]) -> Any:
    return SimpleNamespace(offset=0, timestamp=1, key=b"ann", value=VALUE, headers=headers)


def test_a_rerouted_request_is_decided() -> None:
    with an_engine("") as (engine, tasks):
        engine.feed(REROUTED, arrived(("unhaunt.topic", b"impression-requests")))
        engine.run()
    assert tasks.counts.decided == 1


@pytest.mark.parametrize(
    "headers", [(), (("unhaunt.topic", None),), (("unhaunt.topic", b"\xff"),)], ids=repr
)
def test_a_record_of_which_nobody_says_where_it_is_from_is_buried(headers: Any) -> None:
    with an_engine("") as (engine, tasks):
        engine.feed(REROUTED, arrived(*headers))
        engine.run()
    assert tasks.counts.dead == {"unknown_value": 1}
