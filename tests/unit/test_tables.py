"""What is shown fits a terminal of 80 columns, and no word in it is broken or lost."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from schemas.outputs import Decision, SuppressedCandidate
from streams.commands import demo, schemas, topics
from streams.commands.dead_letter_views import letters_table
from streams.commands.terminal import standard_output, table
from streams.dead_letters.letter import DeadLetter, Finding, LetterId
from streams.kafka.registry.registration import Subject
from streams.kafka.topics import Plan, deployed
from streams.recording.files import Writer
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.recording.summary import Summary
from streams.settings import Settings
from tests.command_line import every_command, run, write_recording

TERMINAL: Final = 80
ENDLESS: Final = 1_000
"""So wide that nothing is folded."""

COMMANDS: Final = (
    "backtest simulated.jsonl --policy demo.toml",
    "backtest simulated.jsonl --policy demo.toml --policy short.toml",
    "backtest simulated.jsonl --policy demo.toml --policy also-demo.toml --policy short.toml",
    "anonymise simulated.jsonl --key-file key -o made.jsonl --force",
    "catalog check shop.jsonl",
    "formats check segment.jsonl",
    "import online-retail invoices.csv -o made.jsonl --force",
    "settings",
)

PRODUCT: Final = "8b0f1c2d3e4f5a6b7c8d9e0f1a2b3c4d"
ORDER: Final = {
    "event_id": "e1",
    "event": "order_completed",
    "order_id": "o1",
    "products": [{"product_id": f"wc_post_id_{PRODUCT}"}],
}
OF_SEGMENT: Final = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "m1",
    "properties": {"order_id": "o1", "products": [{"product_id": PRODUCT, "price": "1.249,50"}]},
}
INVOICES: Final = """\
InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID
1,A,6,2010-12-01 08:26:00,2.55,17850
2,A,6,2010-12-01 08:26:00,2.55,
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands read."""
    folder = tmp_path_factory.mktemp("tables")
    with Writer(folder / "simulated.jsonl") as writer:
        for record in simulate(persons=20):
            writer.write(record)
    for name in ("demo.toml", "also-demo.toml"):
        (folder / name).write_text(DEMO_POLICY)
    (folder / "short.toml").write_text('version = "short"\n[purchase]\nwindow_days = 0\n')
    (folder / "key").write_text("k" * 64)
    (folder / "key").chmod(0o600)
    (folder / "invoices.csv").write_text(INVOICES)
    write_recording(folder / "segment.jsonl", ("purchases", "ann", OF_SEGMENT))
    write_recording(folder / "shop.jsonl", ("catalog", PRODUCT, {}), ("purchases", "ann", ORDER))
    return folder


def shown(command: str, columns: int) -> str:
    variables = {"UNHAUNT_FORMATS": "purchases=segment"} if "segment" in command else {}
    result = run(*command.split(), COLUMNS=str(columns), **variables)
    return result.stdout + result.stderr


def words_of(text: str) -> set[str]:
    """Those that are shown, without frames and the marks behind the names of columns."""
    return {word.rstrip(":") for word in re.sub("[╭╮╰╯─│]", " ", text).split()}


def is_whole(narrow: str, wide: str) -> bool:
    """Whether it fits the terminal, and has the words that it has where nothing is folded."""
    assert max(map(len, narrow.splitlines())) <= TERMINAL
    assert words_of(wide) - words_of(narrow) == set()
    return True


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_command_shows_fits_a_terminal_with_all_its_words(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    assert is_whole(shown(command, TERMINAL), shown(command, ENDLESS))


@pytest.mark.parametrize("name", every_command())
def test_so_does_its_help(name: str) -> None:
    command = f"{name} --help"
    assert is_whole(shown(command, TERMINAL), shown(command, ENDLESS))


SETTINGS: Final = Settings(topic_prefix="shop-of-a-long-name.", application="shop-of-a-long-name")
LETTER: Final = DeadLetter(
    id=LetterId(12, 1_234_567),
    written=1_700_000_000_000,
    found=Finding(
        error="future_timestamp",
        detail='products[0].price: expected a number, got "a price that goes on and on and on"',
        topic="shop-of-a-long-name.impression-requests",
        partition=12,
        offset=7_654_321,
        timestamp=1_700_000_000_000,
    ),
    key=b"8b0f1c2d3e4f5a6b7c8d9e0f1a2b3c4d",
    value=b"{}",
    headers=[],
)


def show_topics() -> None:
    topics._show_missing(Plan(deployed(SETTINGS), 32, 3, (), ()), "Missing:")


def show_subjects() -> None:
    names = [f"{topic.name}-value" for topic in deployed(SETTINGS)]
    schemas._show([Subject(name, "avro", None, is_compatible=True) for name in names])


def show_letters() -> None:
    standard_output().print(letters_table([LETTER, LETTER], keys=True))


def show_the_demo() -> None:
    view = demo.View()
    answer = SuppressedCandidate(PRODUCT, "purchased", "group", PRODUCT, 0, 1_700_000_000_000, ())
    view.decided([Decision("r1", PRODUCT, 0, "default", [answer], [], [])], Summary())
    standard_output().print(view)


@pytest.mark.parametrize("show", [show_topics, show_subjects, show_letters, show_the_demo])
def test_so_does_what_is_told_of_a_cluster(
    show: Callable[[], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = []
    for columns in (TERMINAL, ENDLESS):
        monkeypatch.setenv("COLUMNS", str(columns))
        show()
        printed.append(capsys.readouterr().out)
    assert is_whole(*printed)


def test_a_row_that_no_terminal_has_room_for_becomes_lines_with_the_names_of_its_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    made = table("Person", "Product", "Until")
    made.add_row("a-person-of-a-long-name", "a-product-of-a-long-name", "")
    made.add_row("ann", "tv", "2024-05-12")
    standard_output().print(made)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "Person:",
        "a-person-of-a-long-name",
        "  Product:",
        "  a-product-of-a-long-name",
        "",
        "Person: ann",
        "  Product: tv",
        "  Until: 2024-05-12",
    ]
