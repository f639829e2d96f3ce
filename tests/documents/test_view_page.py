"""The page for ad servers: what is asked there is answered so, by HTTP and in Python."""

import re
import shlex
from collections.abc import Iterator

import orjson
import pytest

from schemas import openapi
from streams.suppression.policy import Policy
from streams.suppression.policy_document import DEFAULTS
from tests.command_line import start_process
from tests.conformance.rules import RULES
from tests.documents.pages import Page
from tests.kafka.cluster import free_ports
from tests.served import Served
from tests.waiting import wait_until

VIEW = Page("streams/view/README.md")
OPENRTB = Page("streams/view/openrtb.md")
OF_THE_PAGES = "http://127.0.0.1:8085"
SHOWN = [
    block
    for page in (VIEW, OPENRTB)
    for block in page.blocks("console")
    if block.startswith("$ curl -d")
]


@pytest.fixture(scope="module")
def demo_address() -> Iterator[str]:
    """Where the command that the page begins with answers, on a port of its own."""
    [command] = [line for line in VIEW.shell_lines() if "serve --demo" in line]
    program, *arguments = command.rpartition("&& ")[2].split()
    assert program == "unhaunt"
    [port] = free_ports(1)
    with start_process(*arguments, "--port", port) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: Served(address).is_ready, "an answer", 200)
            yield address
        finally:
            process.terminate()


@pytest.mark.parametrize("shown", SHOWN)
def test_the_demo_is_asked_and_answers_as_shown(demo_address: str, shown: str) -> None:
    command, answer = shown.splitlines()
    curl, _, body, url = shlex.split(command.removeprefix("$ "))
    address, path = url[: len(OF_THE_PAGES)], url[len(OF_THE_PAGES) :]
    assert (curl, address) == ("curl", OF_THE_PAGES)
    got = Served(demo_address).post(path, body.encode()).body
    expected = orjson.loads(answer)
    for decision in (got, expected):
        decision.get("fresh", {}).pop("level_at", None)  # which is the time on the wall
    assert got == expected


def test_one_id_several_ids_and_a_bid_request_are_asked_about() -> None:
    assert sum('"user_ids": [' in each for each in SHOWN) == 1
    assert len(SHOWN) == 3


def test_a_browser_finds_the_list_where_the_page_says(demo_address: str) -> None:
    [path] = re.findall(r"`http://127\.0\.0\.1:8085(/v1/persons/\S+)`", VIEW.text)
    assert Served(demo_address).get(path).body["entries"]


def test_the_paths_are_those_that_the_service_describes() -> None:
    shown = re.findall(r"(?:GET|POST) ([^`,\s]+)", " ".join(row[0] for row in VIEW.table("path")))
    assert set(shown) - {"/openapi.json"} == openapi.document()["paths"].keys()


def test_what_the_python_example_imports_is_there() -> None:
    [example] = VIEW.blocks("python")
    compile(example, VIEW.path.name, "exec")
    exec("\n".join(line for line in example.splitlines() if line.startswith("from ")))


def test_the_number_of_conformance_cases_is_right() -> None:
    cases = sum(len(rule.cases) for rule in RULES)
    assert f"with {cases} cases that show" in " ".join(VIEW.text.split())


def test_what_fails_by_default_by_an_old_copy_is_as_shown_and_the_example_changes_it() -> None:
    shown = {}
    for age, fails, reasons in VIEW.table("of a copy that is"):
        seconds = int(age.removesuffix(" s old").replace(",", ""))
        stale = {"seconds": seconds, "fails": fails}
        shown |= dict.fromkeys(re.findall(r"\w+", reasons), stale)
    assert shown == DEFAULTS["stale"]
    [example] = VIEW.blocks("toml")
    Policy.from_toml(example)
