"""A recording that a command has made comes back from a cluster as it was, line by line."""

from pathlib import Path
from typing import Final

import pytest

from tests.command_line import run
from tests.importing import lines, order
from tests.integration.conftest import Deploy
from tests.integration.recorded import recorded, replay

pytestmark = pytest.mark.kafka

PARTITIONS: Final = 4
PERSONS: Final = range(20)

ACTIONS: Final = "user_id,sku_id,time,model_id,type,cate,brand\n" + "".join(
    f"{person}.0,{sku},2016-02-01 10:0{minute}:00,,{kind},8,99\n"
    for minute in range(3)
    for sku, kind in ((10, 1), (11, 3), (10, 4))
    for person in PERSONS
)
PRODUCTS: Final = "sku_id,a1,a2,a3,cate,brand\n10,1,1,1,8,99\n11,1,1,1,8,99\n12,1,1,1,8,99\n"
INVOICES: Final = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n" + "".join(
    f"{person}-{hour},A,6,2010-12-01 {hour:02}:26:00,2.55,{person}\n"
    for hour in range(8, 11)
    for person in PERSONS
)
AUCTIONS: Final = "".join(
    f'{{"id": "{person}", "timestamp": 1326240000.1, "userIds": {{"xchg": "{person}"}}}}\n'
    for person in PERSONS
)
ORDERS: Final = b"".join(lines(order(1, user=str(person))) for person in PERSONS).decode()
"""Of many people at the same times, since records of one time could come back in another order."""


@pytest.mark.parametrize(
    "command",
    [
        "simulate --persons 30",
        "import jdata actions.csv --products products.csv",
        "import online-retail invoices.csv",
        "import datacratic auctions.jsonl --repeat 9",
        "import events orders.ndjson --format segment --partitions 4",
    ],
)
def test_the_recording_of_its_replay_is_the_same_to_the_byte(
    deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("actions.csv", ACTIONS),
        ("products.csv", PRODUCTS),
        ("invoices.csv", INVOICES),
        ("auctions.jsonl", AUCTIONS),
        ("orders.ndjson", ORDERS),
    ):
        Path(name).write_text(text)
    made, again = tmp_path / "made.jsonl", tmp_path / "again.jsonl"
    assert run(*command.split(), "-o", made).exit_code == 0
    settings = deploy(PARTITIONS).settings
    assert replay(settings, made).exit_code == 0
    assert recorded(settings, again) == made.read_bytes().splitlines()
