"""Every metric is documented, named as Prometheus asks for, and has few label values."""

import asyncio
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.topics import RANKS
from streams.agents.counts import SuppressCounts
from streams.agents.supplier import SuppressTasks
from streams.engine.alignment import PartitionGroup
from streams.engine.loop import Engine
from streams.engine.telemetry.counts import EngineCounts
from streams.monitoring.metrics import readings
from streams.monitoring.metrics.catalogue import METRICS
from streams.monitoring.metrics.exposition import exposition, families_of, merged
from streams.monitoring.metrics.metric import Metric
from streams.monitoring.worker_status import WorkerStatus
from streams.settings import Settings
from streams.supervision.metrics import UNIT
from streams.supervision.unit_member import UnitMember
from streams.suppression.catalog import Catalog
from streams.suppression.policy import Policy
from streams.view.metrics import METRICS as SERVING
from tests.builders import NOW
from tests.deploy.metrics_page import PAGE, page
from tests.engine.in_memory import InMemoryEngine

ALL: tuple[Metric[Any], ...] = (*METRICS, *UNIT, *SERVING)


class Scraped(NamedTuple):
    """An engine and its tasks, without partitions; nothing has happened yet."""

    engine: Engine
    tasks: SuppressTasks

    def status(self) -> WorkerStatus:
        """What answers scrapes."""
        return WorkerStatus(self.engine, self.tasks)

    def fill(self) -> None:
        """Have everything happen once."""
        fill(self.engine.context.counts, self.tasks.counts)


@pytest.fixture
def scraped(tmp_path: Path) -> Scraped:
    reader: Any = SimpleNamespace(
        catalog=Catalog(), invalid=deque(), read=0, forgotten=0, position=0
    )
    settings = Settings(state_folder=str(tmp_path))
    tasks = SuppressTasks(settings, Policy.default(), {}, reader)
    return Scraped(InMemoryEngine(tasks, tmp_path, settings).engine, tasks)


@pytest.fixture
def scrape_text(scraped: Scraped) -> Callable[[], str]:
    """What a scrape of this engine gets."""
    status = scraped.status()

    def scrape() -> str:
        return asyncio.run(status.metrics("")).body.decode()

    return scrape


# --- documented ----------------------------------------------------------------------------------


def test_names_are_unique() -> None:
    assert len({metric.name for metric in ALL}) == len(ALL)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_a_metric_says_one_sentence_and_every_label_what_it_is(metric: Metric[Any]) -> None:
    assert re.fullmatch(r"[A-Z0-9].+\.", metric.meaning)
    assert ". " not in metric.meaning
    assert metric.unit
    assert all(label.meaning for label in metric.labels)


def test_the_page_is_that_of_the_catalogue() -> None:
    advice = "run `python -m tests.deploy.metrics_page`"
    assert PAGE.read_text() == page(), advice


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_the_page_has_every_metric(metric: Metric[Any]) -> None:
    assert f"| `{metric.full_name}` | {metric.kind} |" in page()


# --- named as Prometheus asks for ----------------------------------------------------------------


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_a_name_ends_with_its_unit_and_a_counters_with_total(metric: Metric[Any]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") is (metric.kind == "counter")
    if metric.unit in ("seconds", "bytes"):
        assert metric.name.removesuffix("_total").endswith(f"_{metric.unit}")


def test_promtool_finds_nothing_wrong(scrape_text: Callable[[], str]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not there; Debian's package prometheus brings it")
    unit = exposition(lambda: families_of(UNIT, [UnitMember(Settings(instance="u-1"))]), "")
    text = scrape_text() + unit.body.decode()
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


# --- bounded labels ------------------------------------------------------------------------------


def test_every_value_of_a_label_is_one_that_it_may_have(
    scraped: Scraped, scrape_text: Callable[[], str]
) -> None:
    scraped.fill()
    known = {metric.full_name: metric for metric in METRICS}
    for family in text_string_to_metric_families(scrape_text()):
        metric = known.get(family.name) or known.get(f"{family.name}_total")
        if metric is None:
            assert family.name.startswith("process_")
            continue
        allowed = {label.name: label.values for label in metric.labels}
        for sample in family.samples:
            labels = {name: of for name, of in sample.labels.items() if name != "le"}
            assert labels.keys() == allowed.keys()
            assert all(not allowed[name] or of in allowed[name] for name, of in labels.items())


def fill(engine: EngineCounts, counts: SuppressCounts) -> None:
    """As if one of everything had happened."""
    engine.consumed.update(["purchases", "rerouted"])
    engine.lost.update(["impressions"])
    counts.late.update(["dismissals", "rerouted"])
    counts.forgotten.update(["impressions"])
    counts.contradictions.update(["dismissals"])
    counts.dead.update(["not_json", "not_json"])
    counts.dead_products.update(["not_json"])
    counts.suppressed.update(["purchased"])
    counts.ghosted.update(["not_interested"])
    counts.looked_up.update(["memory", "disk", "nowhere"])


def test_only_what_is_one_text_at_any_time_has_a_label_of_no_fixed_values() -> None:
    free = {label.name for metric in ALL for label in metric.labels if not label.values}
    assert free == {"version", "fingerprint", "worker"}


# --- told ----------------------------------------------------------------------------------------


def test_dead_letters_of_people_and_of_the_catalog_are_told_apart(
    scraped: Scraped, scrape_text: Callable[[], str]
) -> None:
    scraped.fill()
    text = scrape_text()
    assert 'unhaunt_dead_letters_total{code="not_json",source="persons"} 1.0' in text
    assert 'unhaunt_dead_letters_total{code="not_json",source="catalog"} 1.0' in text


def test_a_counter_is_there_before_anything_has_happened(scrape_text: Callable[[], str]) -> None:
    text = scrape_text()
    assert 'unhaunt_suppressed_candidates_total{reason="purchased"} 0.0' in text
    assert 'unhaunt_input_records_total{topic="reroute"} 0.0' in text
    assert 'unhaunt_dead_letters_total{code="too_large",source="catalog"} 0.0' in text
    assert 'unhaunt_stage{stage="joining"} 1.0' in text


def test_lag_is_told_by_topic_over_all_partitions_and_as_the_age_of_the_oldest(
    scraped: Scraped, scrape_text: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "time", lambda: NOW / 1000)
    behind(scraped.engine, 0, "purchases", ages=[40_000, 30_000])
    behind(scraped.engine, 1, "purchases", ages=[90_000])
    behind(scraped.engine, 1, "rerouted", ages=[])
    text = scrape_text()
    assert 'unhaunt_lag_records{topic="purchases"} 3.0' in text
    assert 'unhaunt_lag_seconds{topic="purchases"} 90.0' in text
    assert 'unhaunt_lag_seconds{topic="reroute"} 0.0' in text
    assert 'unhaunt_newest_event_timestamp_seconds{topic="purchases"} 1.69999997e+09' in text


def behind(engine: Engine, number: int, stream: str, ages: list[int]) -> None:
    """Let events wait in a partition that are so many milliseconds old."""
    processors = engine.assignment.processors
    if number not in processors:
        evidence_behind = {"purchases": 1_000 * number}
        processor: Any = SimpleNamespace(
            group=PartitionGroup(),
            waiting_bytes=0,
            store=SimpleNamespace(size=0, keys=0),
            task=SimpleNamespace(cached_persons=0, evidence_behind=evidence_behind),
        )
        processors[number] = processor
    queue: Any = processors[number].group.queue(stream, RANKS[stream])
    for offset, age in enumerate(ages):
        queue.append(offset, NOW - age, None)


def test_freshness_is_that_of_the_partition_where_evidence_is_oldest(
    scraped: Scraped, scrape_text: Callable[[], str]
) -> None:
    for number in (0, 7, 3):
        behind(scraped.engine, number, "purchases", ages=[])
    assert 'unhaunt_evidence_behind_seconds{topic="purchases"} 7.0' in scrape_text()


def test_who_asks_for_open_metrics_gets_them(scraped: Scraped) -> None:
    exposed = asyncio.run(scraped.status().metrics("application/openmetrics-text; version=1.0.0"))
    assert exposed.content_type.startswith("application/openmetrics-text")
    assert exposed.body.endswith(b"# EOF\n")


def test_the_metrics_of_several_workers_are_one_exposition(scrape_text: Callable[[], str]) -> None:
    texts = {"u-1": scrape_text(), "u-2": scrape_text()}
    text = exposition(lambda: merged(texts, "worker"), "").body.decode()
    assert text.count("# TYPE unhaunt_batch_records histogram") == 1
    for name in texts:
        assert f'unhaunt_joined_events_total{{worker="{name}"}} 0.0' in text
        assert f'unhaunt_batch_records_bucket{{le="+Inf",worker="{name}"}} 0.0' in text
