"""`unhaunt report`."""

import re
from html import unescape
from pathlib import Path

import orjson
import pytest

from streams.recording.files import Writer
from streams.recording.simulated import DEMO_POLICY, simulate
from tests.command_line import run, run_process, words, write_recording
from tests.linked import shares_of
from tests.recorded_data import recorded_data

ORDER = {"event_id": "e1", "event": "order_completed", "order_id": "o1",
         "products": [{"product_id": "p1"}]}  # fmt: skip
REQUEST = {"request_id": "r1", "candidates": [{"product_id": "p1"}, {"product_id": "p2"}]}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_recording(
        tmp_path / "recording.jsonl",
        ("purchases", "u1", ORDER),
        ("purchases", "u1", {"event_id": "e2"}),
        ("impression-requests", "u1", REQUEST),
    )


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A recording in which every rule is at work, and its policy."""
    folder = tmp_path_factory.mktemp("simulated")
    recording, policy = folder / "simulated.jsonl", folder / "demo.toml"
    with Writer(recording) as writer:
        for record in simulate(persons=60):
            writer.write(record)
    policy.write_text(DEMO_POLICY)
    return recording, policy


# --- what is written -----------------------------------------------------------------------------


def test_the_page_and_the_json_say_the_same(recording: Path, tmp_path: Path) -> None:
    page, figures = tmp_path / "report.html", tmp_path / "figures.json"
    result = run("report", recording, "-o", page, "--json", figures, "--cpm", "1000")
    assert result.exit_code == 0
    made = orjson.loads(figures.read_bytes())
    assert made["followed"]["ordered"]["stopped"] == 1
    assert made["savings"]["stopped"] == {"ads": 1, "money": 1.0}
    assert made["problems"]["dead_letters"] == {"missing_field": 1}
    text = " ".join(re.sub("<[^>]*>", "", page.read_text()).split())
    assert "1 of 2 ads were for something that the person had bought or said no to before" in text
    assert "1 broke the contract" in text


def test_the_person_at_the_terminal_is_told_the_main_thing(recording: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    output = run("report", recording, "-o", page).stderr
    assert output == (
        "1 of 2 ads would have followed people after they bought or said no, "
        f"of these 1 stopped (100.00 %).\nWritten to {page}.\n"
    )


def test_what_became_of_the_ads_that_follow_people_adds_up(simulated: tuple[Path, Path]) -> None:
    recording, policy = simulated
    result = run("report", recording, "--policy", policy, "--json", "-")
    followed = orjson.loads(result.stdout)["followed"]["ordered_or_rejected"]
    told = re.match(r"([\d,]+) of .*, of these (.*)\.$", words(result.stderr))
    assert told is not None
    parts = [int(each.split()[0].replace(",", "")) for each in told[2].split(", ")]
    assert sum(parts) == int(told[1].replace(",", "")) == followed["all"]
    assert len(parts) > 2


def test_a_report_and_a_backtest_count_the_same_ads_after_orders(
    simulated: tuple[Path, Path],
) -> None:
    recording, policy = simulated
    of_report, of_backtest = (
        orjson.loads(run(command, recording, "--policy", policy, "--json", "-").stdout)["followed"]
        for command in ("report", "backtest")
    )
    ordered, wanted = of_report["ordered"], of_backtest["ordered"]
    assert ordered["all"] == wanted["wanted"] > wanted["stopped"] == ordered["stopped"] > 0
    assert ordered["held_out"] == wanted["ghosted"] > 0
    assert ordered["leaked"] + ordered["let_through"] == wanted["let_through"]


def test_what_of_another_format_did_not_count_as_it_stands_is_told_with_an_example(
    tmp_path: Path,
) -> None:
    products = [{"product_id": "p1", "price": "free"}]
    order = {"type": "track", "event": "Order Completed", "messageId": "m1",
             "properties": {"order_id": "o1", "products": products}}  # fmt: skip
    recording = write_recording(tmp_path / "recording.jsonl", ("purchases", "u1", order))
    page, figures = tmp_path / "report.html", tmp_path / "figures.json"
    formats = {"UNHAUNT_FORMATS": "purchases=segment"}
    assert run("report", recording, "-o", page, "--json", figures, **formats).exit_code == 0
    note = 'properties.products[0].price: got "free", left out'
    assert orjson.loads(figures.read_bytes())["problems"]["notes"] == [
        {
            "format": "segment",
            "field": "properties.products.price",
            "kind": "left_out",
            "count": 1,
            "examples": [{"record": 1, "note": note}],
        }
    ]
    text = unescape(" ".join(re.sub("<[^>]*>", "", page.read_text()).split()))
    assert "1 field did not count as they stand" in text
    assert note in text


def test_a_dash_writes_the_figures_to_standard_output(recording: Path) -> None:
    made = orjson.loads(run("report", recording, "--json", "-").stdout)
    assert made["recordings"] == ["recording.jsonl"]


def test_the_policy_is_that_of_the_option(recording: Path, tmp_path: Path) -> None:
    policy = tmp_path / "short.toml"
    policy.write_text('version = "short"\n[purchase]\nwindow_days = 0\n')
    made = orjson.loads(run("report", recording, "--json", "-", "--policy", policy).stdout)
    assert made["policy"] == {"version": "short", "source": "short.toml"}
    assert made["followed"]["ordered"]["let_through"] == 1


def test_the_page_names_no_person_and_is_the_same_every_time(
    simulated: tuple[Path, Path], tmp_path: Path
) -> None:
    recording, policy = simulated
    pages = []
    for name in ("one.html", "two.html"):
        run("report", recording, "--policy", policy, "-o", tmp_path / name)
        pages.append((tmp_path / name).read_text())
    assert pages[0] == pages[1]
    assert "person-00" not in pages[0]


@pytest.mark.data
def test_the_figures_of_jdata_are_those_of_its_backtest(tmp_path: Path) -> None:
    recording = tmp_path / "jdata.jsonl.zst"
    actions = [recorded_data(f"jdata_action_20160{month}.csv.xz") for month in (2, 3)]
    products = recorded_data("jdata_product.csv.xz")
    run("import", "jdata", *actions, "--products", products, "-o", recording)
    made = orjson.loads(run("report", recording, "--json", "-").stdout)
    followed = made["followed"]
    assert (followed["ordered"]["all"], followed["ordered"]["stopped"]) == (2_403, 2_403)
    assert (followed["rejected"]["all"], followed["rejected"]["stopped"]) == (2_806, 2_802)
    either = followed["ordered_or_rejected"]
    assert (either["all"], either["stopped"], either["let_through"]) == (5_007, 5_003, 4)


# --- mistakes ------------------------------------------------------------------------------------


def test_something_has_to_be_written(recording: Path) -> None:
    result = run("report", recording)
    assert result.exit_code == 2
    assert "-o report.html" in result.stderr


@pytest.mark.parametrize("option", ["-o", "--json"])
def test_a_recording_is_not_written_over(recording: Path, option: str) -> None:
    before = recording.read_bytes()
    result = run("report", recording, option, recording)
    assert result.exit_code == 2
    assert str(recording) in result.stderr
    assert recording.read_bytes() == before


@pytest.mark.parametrize("price", ["-1", "nan", "inf", "much"])
def test_a_price_is_a_number_that_is_not_below_zero(recording: Path, price: str) -> None:
    result = run("report", recording, "--json", "-", "--cpm", price)
    assert result.exit_code == 2
    assert "cpm" in result.stderr


def test_without_what_draws_the_page_its_installation_is_told_at_once(
    recording: Path, tmp_path: Path
) -> None:
    (tmp_path / "vl_convert.py").write_text("raise ImportError")
    path = f"{tmp_path}:{Path(__file__).parents[2]}"
    result = run_process("report", recording, "-o", tmp_path / "report.html", PYTHONPATH=path)
    assert result.returncode == 2
    assert "pip install 'unhaunt[report]'" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert run_process("report", recording, "--json", "-", PYTHONPATH=path).returncode == 0


# --- people with several ids ---------------------------------------------------------------------


@pytest.fixture
def linked_recording(tmp_path: Path) -> Path:
    statements = [
        ("identities", device, {"event_id": device, "action": "linked", "person_id": "account"})
        for device in ("phone", "laptop")
    ]
    return write_recording(
        tmp_path / "linked.jsonl",
        *statements,
        ("purchases", "phone", ORDER),
        ("impression-requests", "laptop", REQUEST),
    )


def test_what_links_add_is_told_where_ids_are_linked(
    linked_recording: Path, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    output = run("report", linked_recording, "-o", page).stderr
    assert "1 ad would have followed people from one of their ids to another: stopped." in output
    text = " ".join(re.sub("<[^>]*>", "", page.read_text()).split())
    assert "1 ad to 1 id would have followed people from one of their ids to another" in text
    assert "None of the shares is in the recording, so each took effect at once." in text


def test_nothing_is_told_of_links_where_nobody_is_linked(recording: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    run("report", recording, "-o", page)
    assert "links between ids" not in page.read_text()


def test_where_shares_were_recorded_it_is_told_how_soon_they_came(
    linked_recording: Path, tmp_path: Path
) -> None:
    said = [orjson.loads(line) for line in linked_recording.read_bytes().splitlines()]
    lines = [*said, *shares_of(said, partitions=1)]
    linked_recording.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    page = tmp_path / "report.html"
    run("report", linked_recording, "-o", page)
    text = " ".join(re.sub("<[^>]*>", "", page.read_text()).split())
    assert "until the others had it, the median in event time is under a second." in text
