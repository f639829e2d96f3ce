"""The page on the engine: its bounds are those of the code, its promises have tests."""

import re

import pytest

from streams.engine.checkpoint.schedule import CHECKPOINT_BYTES
from streams.engine.faust_consumer import FETCH_BYTES
from streams.engine.loop import BATCH_BYTES
from streams.kafka.clients import QUEUE_MESSAGES
from streams.settings import Settings
from streams.suppression.surplus import MOST_FACTS
from tests.documents.pages import REPOSITORY, Page

ENGINE = Page("streams/engine/README.md")
DEFAULT = Settings()


@pytest.mark.parametrize(
    ("what", "bound"),
    [
        ("fetched ahead, by the client", f"{FETCH_BYTES >> 20} MiB"),
        ("waiting for its turn", f"{DEFAULT.waiting_records:,} records"),
        ("waiting for its turn", f"{DEFAULT.waiting_megabytes} MiB"),
        ("one batch", f"{DEFAULT.batch_records:,} records or {BATCH_BYTES >> 20} MiB"),
        (
            "one transaction, and the state that is not on disk yet",
            f"{DEFAULT.checkpoint_milliseconds} ms, {DEFAULT.checkpoint_records:,} records "
            f"or {CHECKPOINT_BYTES >> 20} MiB",
        ),
        ("persons in memory", f"{DEFAULT.cached_persons:,} of each partition"),
        ("output on its way to the brokers", f"{QUEUE_MESSAGES:,} records"),
    ],
)
def test_what_waits_in_a_worker_is_bounded_as_shown(what: str, bound: str) -> None:
    [shown] = [at_most for name, at_most in ENGINE.table("what waits") if name == what]
    assert bound in shown


def test_the_session_and_the_facts_of_one_person_are_bounded_as_shown() -> None:
    assert f"(`UNHAUNT_SESSION_SECONDS`, by default {DEFAULT.session_seconds})" in ENGINE.text
    assert f"more than {MOST_FACTS:,} facts" in ENGINE.text


@pytest.mark.parametrize("row", ENGINE.table("promise"), ids=lambda row: row[0].split("*")[2])
def test_a_promise_names_tests_that_there_are(row: list[str]) -> None:
    links = re.findall(r"\]\(([^)]+)\)", row[1])
    assert links
    for link in links:
        path = (ENGINE.path.parent / link).resolve()
        assert path.is_relative_to(REPOSITORY / "tests")
        files = [path] if path.is_file() else [*path.glob("test_*.py")]
        assert any("def test_" in file.read_text() for file in files)
