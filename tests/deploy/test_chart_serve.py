"""The Helm chart: the service for ad servers."""

from typing import Any

import pytest

from streams.settings import Settings
from streams.view.access import missing_protection
from tests.command_line import run
from tests.deploy.chart import EVERYTHING, SERVE, Release, Render, Resource, variables_of
from tests.deploy.compose_file import Dockerfile
from tests.deploy.crds import problems_of
from tests.deploy.test_chart import refusal

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(1_200)]

INSECURE: dict[str, Any] = {"serve": {"enabled": True, "insecure": True}}
ALL = EVERYTHING | SERVE


def options(release: Release) -> dict[str, list[str]]:
    """The options of the command, with their values."""
    command, *given = release.service["args"]
    assert command == "serve"
    found: dict[str, list[str]] = {}
    for option in given:
        name, _, value = option.partition("=")
        found.setdefault(name, []).append(value)
    return found


def pod(release: Release) -> Resource:
    found: Resource = release.the("Deployment")["spec"]["template"]["spec"]
    return found


def test_it_is_there_only_where_it_was_asked_for(render: Render) -> None:
    assert not any("serve" in made["metadata"]["name"] for made in render().resources)


@pytest.mark.parametrize("values", [INSECURE, ALL], ids=["the least", "with everything"])
def test_all_of_it_is_right_for_kubernetes(render: Render, values: dict[str, Any]) -> None:
    resources = render(**values).resources
    assert [(made["kind"], problems_of(made)) for made in resources if problems_of(made)] == []


@pytest.mark.parametrize("kind", ["Deployment", "HorizontalPodAutoscaler"])
def test_what_is_wrong_with_it_would_be_found(render: Render, kind: str) -> None:
    assert problems_of({**render(**ALL).the(kind), "replicates": 3})


# --- who may ask ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", [{}, {"tokens": {"secret": "a"}}, {"tls": {"secret": "a"}}], ids=str
)
def test_without_tokens_and_tls_it_is_refused_unless_it_is_to_be_insecure(
    render: Render, given: dict[str, Any]
) -> None:
    assert "serve.tokens.secret and serve.tls.secret" in refusal(
        render, serve={"enabled": True, **given}
    )
    assert "--insecure" in options(render(serve={"enabled": True, "insecure": True, **given}))


def test_it_is_as_protected_as_the_program_wants_it_to_be(render: Render) -> None:
    release = render(**ALL)
    settings = Settings.from_environment(variables_of(release.service))
    [host] = options(release)["--host"]
    assert missing_protection(settings.serve, host) == []
    assert "--insecure" not in options(release)


def test_tokens_and_certificate_are_mounted_where_it_looks_and_renewed(render: Render) -> None:
    release = render(**ALL)
    mounts = {mount["name"]: mount for mount in release.service["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod(release)["volumes"]}
    variables = variables_of(release.service)
    [item] = volumes["tokens"]["secret"]["items"]
    tokens, tls = mounts["tokens"], mounts["serve-tls"]
    assert variables["UNHAUNT_SERVE_TOKEN_FILE"] == f"{tokens['mountPath']}/{item['path']}"
    assert variables["UNHAUNT_SERVE_CERTIFICATE_FILE"] == f"{tls['mountPath']}/tls.crt"
    assert variables["UNHAUNT_SERVE_KEY_FILE"] == f"{tls['mountPath']}/tls.key"
    assert volumes["tokens"]["secret"]["secretName"] == "ad-servers"
    assert volumes["serve-tls"]["secret"]["secretName"] == "serve-tls"
    assert not any("subPath" in mount for mount in (tokens, tls)), "Kubernetes would not renew them"


def test_it_is_asked_by_the_names_of_its_kubernetes_service_and_those_that_were_added(
    render: Render,
) -> None:
    release = render(**ALL)
    name = release.the("Service", "serve")["metadata"]["name"]
    hosts = variables_of(release.service)["UNHAUNT_SERVE_HOSTS"].split(",")
    cluster = [name, f"{name}.ads", f"{name}.ads.svc", f"{name}.ads.svc.cluster.local"]
    assert hosts == [*cluster, "unhaunt.example"]


# --- how it runs ---------------------------------------------------------------------------------


def test_its_options_are_those_of_the_command(render: Render) -> None:
    given = options(render(serve={**SERVE["serve"], "insecure": True}))
    known = run("serve", "--help", COLUMNS="200").stdout
    assert [name for name in given if f"{name} " not in known] == []
    assert given["--person"] == ["user.id", "id5-sync.com"]


def test_its_variables_are_settings_and_those_of_the_workers(render: Render) -> None:
    release = render(**ALL)
    settings = Settings.from_environment(variables_of(release.service))
    assert settings.topic_prefix == "shop."
    assert settings.kafka == Settings.from_environment(variables_of(release.worker)).kafka
    assert pod(release)["enableServiceLinks"] is False


def test_it_decides_by_the_policy_of_the_workers(render: Render) -> None:
    release = render(**ALL)
    own, workers = (variables_of(each) for each in (release.service, release.worker))
    assert own["UNHAUNT_POLICY"] == workers["UNHAUNT_POLICY"]
    volumes = [
        [v for v in of["volumes"] if v["name"] == "policy"] for of in (pod(release), release.pod)
    ]
    assert volumes[0] == volumes[1]


def test_it_runs_with_no_rights_as_the_user_of_the_image(render: Render) -> None:
    release = render(**ALL)
    assert pod(release)["securityContext"] == release.pod["securityContext"]
    assert release.service["securityContext"] == release.worker["securityContext"]
    assert pod(release)["automountServiceAccountToken"] is False


def test_lists_on_disk_are_where_it_may_write(render: Render) -> None:
    release = render(**ALL)
    [folder] = options(release)["--folder"]
    [mount] = [m for m in release.service["volumeMounts"] if m["name"] == "lists"]
    assert folder.startswith(f"{mount['mountPath']}/")
    assert mount["mountPath"] == Dockerfile().value("VOLUME")


@pytest.mark.parametrize(("values", "scheme"), [(INSECURE, "HTTP"), (ALL, "HTTPS")])
def test_probes_ask_at_its_port_as_ad_servers_do(
    render: Render, values: dict[str, Any], scheme: str
) -> None:
    release = render(**values)
    [port] = release.service["ports"]
    assert str(port["containerPort"]) == options(release)["--port"][0]
    paths = {}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = release.service[probe]["httpGet"]
        assert (asked["port"], asked["scheme"]) == (port["name"], scheme)
        paths[probe] = asked["path"]
    assert paths == {
        "startupProbe": "/health/live",
        "livenessProbe": "/health/live",
        "readinessProbe": "/health/ready",
    }


# --- how many ------------------------------------------------------------------------------------


def test_there_are_as_many_as_said_or_as_the_autoscaler_says(render: Render) -> None:
    serve = {**SERVE["serve"], "autoscaling": {"enabled": False}}
    assert render(serve=serve).the("Deployment")["spec"]["replicas"] == 3
    release = render(**ALL)
    assert "replicas" not in release.the("Deployment")["spec"]
    scaler = release.the("HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 12)
    assert scaler["scaleTargetRef"]["name"] == release.the("Deployment")["metadata"]["name"]


def test_an_autoscaler_that_may_not_have_as_few_as_it_must_is_refused(render: Render) -> None:
    scaling = {"enabled": True, "minReplicas": 9}
    assert "minReplicas is 9, which is more than maxReplicas, 8" in refusal(
        render, serve={**SERVE["serve"], "autoscaling": scaling}
    )


def test_no_pod_goes_before_another_has_read_the_lists(render: Render) -> None:
    strategy = render(**ALL).the("Deployment")["spec"]["strategy"]
    assert strategy["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


# --- who reaches whom ----------------------------------------------------------------------------


def test_what_selects_the_service_selects_no_worker_and_the_other_way_round(
    render: Render,
) -> None:
    release = render(**ALL)
    worker = release.the("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    own = release.the("Deployment")["spec"]["template"]["metadata"]["labels"]
    for part, chosen, other in (("", worker, own), ("serve", own, worker)):
        for selector in (
            release.the("Service", part)["spec"]["selector"],
            release.the("PodDisruptionBudget", part)["spec"]["selector"]["matchLabels"],
            release.the("NetworkPolicy", part)["spec"]["podSelector"]["matchLabels"],
        ):
            assert selector.items() <= chosen.items()
            assert not selector.items() <= other.items()
    assert release.the("Deployment")["spec"]["selector"]["matchLabels"].items() <= own.items()


def test_ad_servers_and_scrapers_reach_its_port_and_nobody_else(render: Render) -> None:
    [rule] = render(**ALL).the("NetworkPolicy", "serve")["spec"]["ingress"]
    clients = SERVE["serve"]["networkPolicy"]["clients"]
    assert rule == {
        "ports": [{"port": "http", "protocol": "TCP"}],
        "from": [*clients, *EVERYTHING["networkPolicy"]["scrapers"]],
    }


def test_it_reaches_whom_the_workers_reach(render: Render) -> None:
    release = render(**ALL)
    policies = [release.the("NetworkPolicy", part)["spec"]["egress"] for part in ("", "serve")]
    assert policies[0] == policies[1]


def test_prometheus_finds_it_and_asks_as_an_ad_server_does(render: Render) -> None:
    release = render(**ALL)
    service, monitor = release.the("Service", "serve"), release.the("ServiceMonitor", "serve")
    labels = service["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert not monitor["spec"]["selector"]["matchLabels"].items() <= (
        release.the("Service")["metadata"]["labels"].items()
    )
    [endpoint] = monitor["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert (endpoint["path"], endpoint["scheme"]) == ("/metrics", "https")
    assert endpoint["tlsConfig"]["serverName"] in (
        variables_of(release.service)["UNHAUNT_SERVE_HOSTS"].split(",")
    )
    assert endpoint["authorization"]["credentials"] == {"name": "ad-servers", "key": "scrape"}


def test_without_tokens_and_tls_prometheus_asks_plainly(render: Render) -> None:
    release = render(**INSECURE, serviceMonitor={"enabled": True})
    [endpoint] = release.the("ServiceMonitor", "serve")["spec"]["endpoints"]
    assert endpoint["scheme"] == "http"
    assert not endpoint.keys() & {"tlsConfig", "authorization"}
