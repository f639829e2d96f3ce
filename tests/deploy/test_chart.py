"""The Helm chart: what it installs is right for Kubernetes, and for the worker."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from streams import __version__
from streams.settings import Settings, described
from tests.command_line import run
from tests.deploy import values_schema
from tests.deploy.chart import EVERYTHING, Render, Resource, variables_of
from tests.deploy.compose_file import Dockerfile
from tests.deploy.crds import problems_of
from tests.deploy.paths import CHART, DEPLOY, STRIMZI

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(1_200)]

IMAGE = Dockerfile()


def refusal(render: Render, **values: Any) -> str:
    """What Helm says of values that it refuses."""
    with pytest.raises(subprocess.CalledProcessError) as refused:
        render(**values)
    return str(refused.value.stderr)


# --- as Helm and Kubernetes have it --------------------------------------------------------------


def test_helm_finds_nothing_to_say(program: str) -> None:
    linted = subprocess.run([program, "lint", "--strict", str(CHART)], check=False)
    assert linted.returncode == 0


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["as it comes", "with everything"])
def test_all_that_is_installed_is_right_for_kubernetes(
    render: Render, values: dict[str, Any]
) -> None:
    resources = render(**values).resources
    assert [(made["kind"], problems_of(made)) for made in resources if problems_of(made)] == []


def test_what_is_wrong_with_a_resource_would_be_found(render: Render) -> None:
    release = render(**EVERYTHING)
    for kind in release.kinds:
        assert problems_of({**release.the(kind), "replicates": 3})


@pytest.mark.parametrize("resource", [*yaml.safe_load_all(STRIMZI.read_text())])
def test_what_is_shipped_for_strimzi_is_right_for_it(resource: Resource) -> None:
    assert problems_of(resource) == []
    assert problems_of({**resource, "spec": {**resource["spec"], "partition": 3}})


def test_there_is_nothing_of_others_unless_it_was_asked_for(render: Render) -> None:
    assert render().kinds == {
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
        "StatefulSet",
    }


def test_the_chart_has_the_version_of_the_program() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


# --- the worker ----------------------------------------------------------------------------------


def test_it_runs_what_the_image_runs(render: Render) -> None:
    worker = render().worker
    assert "command" not in worker
    assert worker["args"] == IMAGE.words("CMD")
    assert worker["image"] == f"unhaunt:{__version__}"


def test_each_worker_is_named_after_its_pod(render: Render) -> None:
    [instance] = [e for e in render().worker["env"] if e["name"] == "UNHAUNT_INSTANCE"]
    assert instance["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}


def test_its_variables_are_settings_with_values_that_are_right(render: Render) -> None:
    settings = Settings.from_environment(variables_of(render(**EVERYTHING).worker))
    assert settings.topic_prefix == "shop."
    assert settings.standbys == 2
    assert settings.cached_persons == 20_000


def test_kubernetes_adds_no_variables_that_would_be_taken_for_settings(render: Render) -> None:
    release = render(**EVERYTHING)
    assert release.pod["enableServiceLinks"] is False
    assert release.the("Job")["spec"]["template"]["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("name", ["brokers", "instance", "policy", "state_folder", "http_port"])
def test_a_setting_that_the_chart_sets_itself_is_refused(render: Render, name: str) -> None:
    assert name in refusal(render, settings={name: "1"})


def test_a_password_among_the_settings_is_refused_since_anybody_would_see_it(
    render: Render,
) -> None:
    assert "sasl_password" in refusal(render, settings={"sasl_password": "secret"})


def test_each_pod_has_a_volume_of_its_own_where_the_image_keeps_its_state(render: Render) -> None:
    release = render()
    [claim] = release.the("StatefulSet")["spec"]["volumeClaimTemplates"]
    mounts = {mount["name"]: mount["mountPath"] for mount in release.worker["volumeMounts"]}
    assert mounts[claim["metadata"]["name"]] == IMAGE.value("VOLUME")


def test_it_runs_with_no_rights_as_the_user_of_the_image(render: Render) -> None:
    release = render(**EVERYTHING)
    user, group = map(int, IMAGE.value("USER").split(":"))
    for pod in (release.pod, release.the("Job")["spec"]["template"]["spec"]):
        context = pod["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"], context["runAsNonRoot"]) == (
            user,
            group,
            True,
        )
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        [container] = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize("seconds", [None, 60])
def test_it_has_longer_to_stop_than_a_transaction_and_a_session_may_take(
    render: Render, seconds: int | None
) -> None:
    settings = {} if seconds is None else {"transaction_seconds": seconds, "session_seconds": 30}
    release = render(settings=settings)
    used = Settings.from_environment(variables_of(release.worker))
    longest = used.transaction_seconds + used.session_seconds
    assert release.pod["terminationGracePeriodSeconds"] == longest + 30


def test_a_secured_kafka_as_the_readme_has_it_is_reached_with_files_that_are_mounted(
    render: Render,
) -> None:
    [block] = re.findall(r"```yaml\n(.*?)```", (DEPLOY / "README.md").read_text(), re.DOTALL)
    release = render(**yaml.safe_load(block))
    variables = variables_of(release.worker)
    assert Settings.from_environment(variables).kafka.uses_sasl
    [volume] = [v for v in release.pod["volumes"] if "projected" in v]
    [mount] = [m for m in release.worker["volumeMounts"] if m["name"] == volume["name"]]
    secrets = [source["secret"] for source in volume["projected"]["sources"]]
    mounted = {f"{mount['mountPath']}/{item['path']}" for s in secrets for item in s["items"]}
    assert {value for name, value in variables.items() if name.endswith("_FILE")} == mounted


def test_what_is_added_for_secrets_reaches_the_worker_and_the_job(render: Render) -> None:
    release = render(**EVERYTHING)
    for pod in (release.pod, release.the("Job")["spec"]["template"]["spec"]):
        [container] = pod["containers"]
        assert EVERYTHING["extraEnv"][0] in container["env"]
        assert container["envFrom"] == EVERYTHING["extraEnvFrom"]
        assert EVERYTHING["extraVolumes"][0] in pod["volumes"]
        assert EVERYTHING["extraVolumeMounts"][0] in container["volumeMounts"]


# --- probes --------------------------------------------------------------------------------------


def test_probes_ask_at_the_port_of_the_image(render: Render) -> None:
    worker = render().worker
    [port] = worker["ports"]
    assert str(port["containerPort"]) == IMAGE.value("EXPOSE")
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert worker[probe]["httpGet"]["port"] == port["name"]


def test_a_restore_that_goes_on_is_alive_and_not_ready(render: Render) -> None:
    """So a restore may take as long as it takes, and one that is stuck is not waited for."""
    worker = render().worker
    asked = {probe: worker[probe]["httpGet"]["path"] for probe in worker if "Probe" in probe}
    assert asked == {
        "startupProbe": "/health/live",
        "livenessProbe": "/health/live",
        "readinessProbe": "/health/ready",
    }


@pytest.mark.parametrize("seconds", [20, 120])
def test_a_worker_that_waits_for_its_brokers_is_not_started_again(
    render: Render, seconds: int
) -> None:
    probe = render(settings={"transaction_seconds": seconds}).worker["livenessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= seconds + 40


def test_a_worker_may_take_as_long_to_read_the_catalog_as_is_said(render: Render) -> None:
    probe = render(probes={"startSeconds": 1_000}).worker["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == 1_000


# --- the policy ----------------------------------------------------------------------------------


def test_a_policy_lies_where_the_worker_is_told_to_look(render: Render) -> None:
    release = render(policy=EVERYTHING["policy"])
    [volume] = [v for v in release.pod["volumes"] if "configMap" in v]
    [mount] = [m for m in release.worker["volumeMounts"] if m["name"] == volume["name"]]
    config = release.the("ConfigMap")
    assert volume["configMap"]["name"] == config["metadata"]["name"]
    [file] = config["data"]
    assert variables_of(release.worker)["UNHAUNT_POLICY"] == f"{mount['mountPath']}/{file}"
    assert config["data"][file].strip() == EVERYTHING["policy"].strip()


def test_without_a_policy_there_is_no_trace_of_one(render: Render) -> None:
    release = render()
    assert "ConfigMap" not in release.kinds
    assert "UNHAUNT_POLICY" not in variables_of(release.worker)


def test_another_policy_reaches_the_workers_while_they_run(render: Render) -> None:
    one, two = (render(policy=f'version = "{version}"') for version in "12")
    assert one.the("StatefulSet") == two.the("StatefulSet"), "no pod is replaced"
    assert one.the("ConfigMap") != two.the("ConfigMap")
    [mount] = [m for m in one.worker["volumeMounts"] if m["name"] == "policy"]
    assert "subPath" not in mount, "Kubernetes would not renew it"


# --- how many ------------------------------------------------------------------------------------


def test_more_workers_than_partitions_are_refused(render: Render) -> None:
    assert "replicas: 9, but there are 8 partitions" in refusal(render, replicas=9)


def test_keda_stops_at_the_number_of_partitions(render: Render) -> None:
    release = render(partitions=32, keda={"enabled": True})
    assert release.the("ScaledObject")["spec"]["maxReplicaCount"] == 32
    assert "keda.maxReplicas: 33" in refusal(
        render, partitions=32, keda={"enabled": True, "maxReplicas": 33}
    )


def test_the_number_of_workers_is_kedas_where_there_is_keda(render: Render) -> None:
    assert "replicas" not in render(keda={"enabled": True}).the("StatefulSet")["spec"]


def test_keda_looks_at_the_lag_of_the_workers_group(render: Render) -> None:
    release = render(keda={"enabled": True}, settings={"application": "shop"})
    [trigger] = release.the("ScaledObject")["spec"]["triggers"]
    used = Settings.from_environment(variables_of(release.worker))
    assert trigger["metadata"]["consumerGroup"] == used.application
    assert trigger["metadata"]["bootstrapServers"] == used.kafka.brokers


def test_the_job_creates_as_many_partitions_as_the_chart_counts_on(render: Render) -> None:
    release = render(partitions=32, topics={"create": True, "replication": 2})
    [container] = release.the("Job")["spec"]["template"]["spec"]["containers"]
    assert container["args"] == [
        *("topics", "apply", "--partitions", "32", "--replication", "2"),
    ]
    known_options = run("topics", "apply", "--help").stdout
    assert {"--partitions", "--replication"} <= set(known_options.split())


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"replica": 3}, "replica"),
        ({"replicas": "many"}, "replicas"),
        ({"kafka": {"brokers": "kafka"}}, "brokers"),
        ({"image": {"name": "unhaunt"}}, "name"),
        ({"settings": {"Standbys": 1}}, "Standbys"),
        ({"settings": {"standby": 1}}, "standby"),
        ({"settings": {"standbys": 11}}, "standbys"),
        ({"settings": {"session_seconds": "long"}}, "session_seconds"),
        ({"settings": {"guarantee": "at_most_once"}}, "guarantee"),
        ({"settings": {"schema_registry_url": "registry:8081"}}, "schema_registry_url"),
        ({"extraEnv": [{"name": "UNHAUNT_STANDBY", "value": "1"}]}, "extraEnv"),
        ({"serve": {"replica": 3}}, "replica"),
    ],
    ids=str,
)
def test_a_value_that_is_not_right_is_refused_by_its_name(
    render: Render, values: dict[str, Any], named: str
) -> None:
    assert named in refusal(render, **values)


def test_the_settings_that_may_be_given_are_those_that_there_are() -> None:
    assert values_schema.SCHEMA.read_text() == values_schema.text_of(values_schema.schema()), (
        "python -m tests.deploy.values_schema writes them"
    )


@pytest.mark.parametrize("name", sorted(values_schema.OF_THE_CHART | values_schema.SECRET))
def test_a_setting_that_may_not_be_given_is_one(name: str) -> None:
    assert f"UNHAUNT_{name.upper()}" in {variable for variable, *_ in described(Settings())}


def test_a_secret_may_be_given_as_a_variable_of_a_secret(render: Render) -> None:
    secret = {"secretKeyRef": {"name": "kafka", "key": "password"}}
    given = {"name": "UNHAUNT_SASL_PASSWORD", "valueFrom": secret}
    assert given in render(extraEnv=[given]).worker["env"]
