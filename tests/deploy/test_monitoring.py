"""Dashboard and alerts ask for what the workers tell, and lead to what is to be done."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson
import pytest
import yaml

from streams.recording.files import RecordedRecord, record_of
from streams.recording.simulated import DEMO_POLICY, simulate
from streams.supervision.child_process import ending_with_this_process
from streams.supervision.worker_process import WorkerProcess
from tests.deploy.paths import DEPLOY
from tests.deploy.queries import Panel, alerts, dashboard, panels, unknown
from tests.deploy.tools import of_prometheus
from tests.documents.pages import anchors, section
from tests.integration.conftest import settings_of
from tests.integration.deployment import Deployment
from tests.integration.probes import free_port, get
from tests.kafka.cluster import KafkaCluster
from tests.served import Served
from tests.waiting import SECONDS, wait_until

pytestmark = pytest.mark.deploy

INSTALL = "Install on plain processes"
PARTITIONS = 6
HAS_A_SHARE = "unhaunt_partitions == 2"
DECIDES = 'rate(unhaunt_output_records_total{topic="decisions"}[1m]) > 0'
FIRING = "What fires"
ANSWERS = "unhaunt_copy_caught_up == 1"
NO_PRODUCT = record_of("catalog", b"mug-7", b"[]", 1_700_000_000_000)
ALERTS = alerts()
PANELS = panels()
RUNBOOK = (DEPLOY / "runbook.md").read_text()
TESTED = DEPLOY.parent / "tests" / "deploy" / "alerts.yml"

each_alert = pytest.mark.parametrize("alert", ALERTS, ids=[alert["alert"] for alert in ALERTS])
each_panel = pytest.mark.parametrize("panel", PANELS, ids=[panel.title for panel in PANELS])


# --- alerts --------------------------------------------------------------------------------------


def test_the_alert_rules_fire_when_they_are_to_and_not_else() -> None:
    promtool = of_prometheus("promtool")
    tested = subprocess.run(
        [promtool, "test", "rules", str(TESTED)], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr


@each_alert
def test_each_alert_is_tried_where_it_fires_and_where_it_does_not(alert: dict[str, Any]) -> None:
    tried = [
        bool(case["exp_alerts"])
        for test in yaml.safe_load(TESTED.read_text())["tests"]
        for case in test["alert_rule_test"]
        if case["alertname"] == alert["alert"]
    ]
    assert True in tried
    assert False in tried or alert["alert"] == "UnhauntNoWorkers"


@each_alert
def test_an_alert_asks_for_metrics_that_there_are(alert: dict[str, Any]) -> None:
    assert list(unknown(alert["expr"])) == []


@each_alert
def test_an_alert_says_what_is_the_matter_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("page", "ticket")
    assert alert["annotations"].keys() == {"summary", "action", "runbook"}


@each_alert
def test_an_alert_leads_to_a_heading_of_the_runbook_that_names_it(alert: dict[str, Any]) -> None:
    file, _, anchor = alert["annotations"]["runbook"].partition("#")
    assert file == "deploy/runbook.md"
    assert anchor in anchors(RUNBOOK)
    assert alert["alert"] in RUNBOOK


def test_the_runbook_names_no_other_alerts() -> None:
    assert set(re.findall(r"\bUnhaunt[A-Z]\w+", RUNBOOK)) == {alert["alert"] for alert in ALERTS}


# --- the dashboard -------------------------------------------------------------------------------


@each_panel
def test_a_panel_asks_for_metrics_that_there_are(panel: Panel) -> None:
    assert panel.queries
    assert [problem for query in panel.queries for problem in unknown(query)] == []


@each_panel
def test_a_panel_says_what_it_shows_and_where_to_read_on(panel: Panel) -> None:
    assert panel.description
    for heading in re.findall(r"Runbook: ([^.]+)\.", panel.description):
        assert f"\n## {heading}\n" in RUNBOOK


def test_a_row_is_a_question_of_who_is_on_call() -> None:
    rows = [panel["title"] for panel in dashboard()["panels"] if panel["type"] == "row"]
    assert rows == [
        "Is it working?",
        "How late is it?",
        "What is it deciding?",
        "What do ad servers get?",
        "What went wrong?",
        "Where is it full?",
    ]


def test_a_panel_that_is_empty_says_what_is_not_there() -> None:
    silent = [
        panel["title"]
        for panel in dashboard()["panels"]
        if panel["type"] != "row" and not panel["fieldConfig"]["defaults"].get("noValue")
    ]
    assert silent == []


def test_every_panel_has_an_id_and_a_place_of_its_own() -> None:
    shown = dashboard()["panels"]
    assert len({panel["id"] for panel in shown}) == len(shown)
    rectangles = sorted(
        (at["y"], at["x"], at["w"], at["h"]) for at in (panel["gridPos"] for panel in shown)
    )
    for (y, x, width, height), (next_y, next_x, _, _) in pairwise(rectangles):
        assert (next_y == y and next_x == x + width) or (next_y == y + height and next_x == 0)
        assert x + width <= 24


def test_it_asks_whichever_prometheus_grafana_has() -> None:
    board = dashboard()
    sources = {
        target["datasource"]["uid"]
        for panel in board["panels"]
        for target in panel.get("targets", ())
    }
    assert sources == {"${datasource}"}
    assert [v["name"] for v in board["templating"]["list"]] == ["datasource", "job"]


# --- asked for real ------------------------------------------------------------------------------


class Watched(NamedTuple):
    """A worker, a unit of two and a service, at work, and the Prometheus that scrapes them."""

    deployment: Deployment
    workers: list[WorkerProcess]
    port: int

    def asks(self, path: str, **parameters: str) -> Any:
        """What Prometheus answers."""
        status, body = get(self.port, f"/api/v1/{path}?{urlencode(parameters)}")
        assert status == 200, body
        return orjson.loads(body)["data"]

    def values(self, query: str) -> list[Any]:
        """The answer to a query, a value for each worker."""
        found: list[Any] = self.asks("query", query=query)["result"]
        return found

    def silent(self) -> list[str]:
        """The queries of the dashboard to which there is no answer; no alert need fire."""
        asked = (query for panel in PANELS if panel.title != FIRING for query in panel.queries)
        return [query for query in asked if not self.values(query)]


@pytest.fixture(scope="module")
def watched(
    is_asked_for: bool, kafka: KafkaCluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    if not is_asked_for:
        pytest.skip("`pytest -m deploy` has a Prometheus scrape workers")
    prometheus = of_prometheus("prometheus")
    folder = tmp_path_factory.mktemp("monitoring")
    deployment = Deployment(settings_of(kafka.address, folder), PARTITIONS, DEMO_POLICY)
    ports = [free_port() for _ in range(4)]
    config = scraping(folder / "prometheus", ports[:3])
    records = [*simulate(persons=300, partitions=PARTITIONS), NO_PRODUCT]
    half = len(records) // 2
    with ExitStack() as stack:
        stack.callback(deployment.close)
        unit = ("-m", "streams", "worker", "--processes", "2")
        service = ("-m", "streams", "serve", "--port", str(ports[2]))
        workers = [
            stack.enter_context(deployment.worker("worker-1", http_port=ports[0])),
            stack.enter_context(deployment.worker("worker-2", unit, http_port=ports[1])),
        ]
        stack.enter_context(deployment.worker("service", service))
        stack.enter_context(running(prometheus, config, ports[3]))
        found = Watched(deployment, workers, ports[3])
        # What is counted before the first scrape is no increase.
        for part, seen in ((records[:half], HAS_A_SHARE), (records[half:], DECIDES)):
            deployment.wait_until(lambda seen=seen: len(found.values(seen)) == 3, seen, *workers)
            deployment.load(part)
            deployment.wait_until_consumed(*workers)
        deployment.wait_until(lambda: found.values(ANSWERS) != [], ANSWERS, *workers)
        ask(Served(f"http://127.0.0.1:{ports[2]}"), records)
        yield found


def ask(service: Served, records: list[RecordedRecord]) -> None:
    """Have a service decide what the workers were asked, some of it no request at all."""
    for record in records:
        if record.topic == "impression-requests" and record.value:
            service.post("/v1/decide", record.value)


def scraping(folder: Path, ports: list[int]) -> Path:
    """The settings of Prometheus as the runbook has them changed, but more often."""
    shutil.copytree(DEPLOY / "prometheus", folder)
    config = folder / "prometheus.yml"
    text = config.read_text()
    changes = re.findall(r"s/((?:worker-\d|serve):\d+)/localhost:\d+/", section(RUNBOOK, INSTALL))
    for there, port in zip(changes, ports, strict=True):
        text = text.replace(there, f"localhost:{port}")
    config.write_text(text.replace(": 5s", ": 1s"))
    return config


@contextmanager
def running(program: str, config: Path, port: int) -> Iterator[None]:
    """A Prometheus of its own."""
    arguments = (
        f"--config.file={config}",
        f"--storage.tsdb.path={config.parent / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with (config.parent / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            ending_with_this_process(program, *arguments), stdout=log, stderr=log
        )
    try:
        wait_until(lambda: get(port, "/-/ready")[0] == 200, "Prometheus")
        yield
    finally:
        process.terminate()
        process.wait(SECONDS)


@pytest.mark.kafka
def test_every_query_of_the_dashboard_is_answered(watched: Watched) -> None:
    watched.deployment.wait_until(
        lambda: watched.silent() == [], f"answers to {watched.silent()}", *watched.workers
    )


@pytest.mark.kafka
def test_prometheus_evaluates_every_alert_rule(watched: Watched) -> None:
    def rules() -> list[Any]:
        return [r for group in watched.asks("rules")["groups"] for r in group["rules"]]

    def are_evaluated() -> bool:
        return all(rule["health"] != "unknown" for rule in rules())

    watched.deployment.wait_until(are_evaluated, "rules", *watched.workers)
    assert {rule["name"] for rule in rules()} == {alert["alert"] for alert in ALERTS}
    assert [rule["lastError"] for rule in rules() if rule["health"] != "ok"] == []
