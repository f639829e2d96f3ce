"""The Helm chart: who reaches the workers, and whom they reach."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.deploy.chart import EVERYTHING, Release, Render
from tests.deploy.crds import problems_of
from tests.deploy.paths import CHART, DEPLOY

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(1_200)]


def test_only_the_http_port_lets_anybody_in(render: Render) -> None:
    release = render(**EVERYTHING)
    [rule] = release.the("NetworkPolicy")["spec"]["ingress"]
    assert rule == {
        "ports": [{"port": "http", "protocol": "TCP"}],
        "from": EVERYTHING["networkPolicy"]["scrapers"],
    }


def test_workers_reach_names_and_the_ports_of_the_brokers_and_what_was_added(
    render: Render,
) -> None:
    release = render(
        kafka={"brokers": "kafka-1:9092, kafka-2:9092,kafka-3:9093"},
        networkPolicy=EVERYTHING["networkPolicy"],
    )
    names, brokers, added = release.the("NetworkPolicy")["spec"]["egress"]
    assert {port["port"] for port in names["ports"]} == {53}
    assert [port["port"] for port in brokers["ports"]] == [9092, 9093]
    assert added == EVERYTHING["networkPolicy"]["extraEgress"][0]


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://registry:8081", 8081),
        ("https://registry.example:8443/apis/ccompat/v7", 8443),
        ("https://registry.example", 443),
        ("http://registry/", 80),
    ],
)
def test_workers_reach_the_port_of_a_registry_where_there_is_one(
    render: Render, url: str, port: int
) -> None:
    release = render(settings={"schemas": "purchases=avro", "schema_registry_url": url})
    _, reached = release.the("NetworkPolicy")["spec"]["egress"]
    assert [each["port"] for each in reached["ports"]] == [9092, port]


def test_what_selects_workers_selects_no_job(render: Render) -> None:
    release = render(**EVERYTHING)
    job = release.the("Job")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        release.the("Service")["spec"]["selector"],
        release.the("StatefulSet")["spec"]["selector"]["matchLabels"],
        release.the("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        release.the("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    pod = release.the("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    for selector in selectors:
        assert selector.items() <= pod.items()
        assert not selector.items() <= job.items()


def test_prometheus_finds_the_workers_through_their_service(render: Render) -> None:
    release = render(**EVERYTHING)
    service, monitor = release.the("Service"), release.the("ServiceMonitor")
    labels = service["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    [endpoint] = monitor["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert endpoint["path"] == "/metrics"


def test_alert_rules_and_dashboards_are_those_of_their_folders(
    program: str, tmp_path: Path
) -> None:
    alert = {"alert": "Lag", "expr": "lag > 1", "annotations": {"summary": "{{ $value }} wait"}}
    rules = {"groups": [{"name": "unhaunt", "rules": [alert]}]}
    chart = shutil.copytree(CHART, tmp_path / "chart")
    (chart / "rules" / "alerts.yml").write_text(yaml.safe_dump(rules))
    (chart / "dashboards" / "unhaunt.json").write_text('{"title": "{{topic}}"}')
    enabled = {"enabled": True}
    release = Release(program, tmp_path, {"prometheusRule": enabled, "dashboards": enabled}, chart)
    assert rules["groups"][0] in release.the("PrometheusRule")["spec"]["groups"]
    assert problems_of(release.the("PrometheusRule")) == []
    assert release.the("ConfigMap")["data"]["unhaunt.json"] == '{"title": "{{topic}}"}'


def test_the_chart_has_the_rules_and_the_dashboards_that_compose_has() -> None:
    for name, folder in {
        "rules": DEPLOY / "prometheus" / "rules",
        "dashboards": DEPLOY / "grafana" / "dashboards",
    }.items():
        assert (CHART / name).resolve() == folder
