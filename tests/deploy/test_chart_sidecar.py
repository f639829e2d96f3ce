"""deploy/sidecar.md: the service as a container of an ad server's pods."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from streams import __version__
from streams.settings import Settings
from streams.view.access import missing_protection
from tests.command_line import run, start_process
from tests.deploy import values_schema
from tests.deploy.chart import Release, Resource, variables_of
from tests.deploy.compose_file import Dockerfile
from tests.deploy.crds import problems_of
from tests.deploy.paths import CHART, SIDECAR_CHART
from tests.documents.pages import Page
from tests.kafka.cluster import HOST, free_ports
from tests.waiting import wait_until

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(1_200)]

DEPENDENCY, VALUES, TEMPLATE, MANIFEST = Page("deploy/sidecar.md").blocks("yaml")

AD_SERVER: Final = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ad-server
spec:
  selector:
    matchLabels: {app: ad-server}
  template:
    metadata:
      labels: {app: ad-server}
"""
"""What stands around the pods in the ad server's own chart."""

RenderPod = Callable[..., Resource]


@pytest.fixture
def render_pod(program: str, tmp_path: Path) -> RenderPod:
    """Renders the Deployment of an ad server's chart, with values other than the page's."""
    chart = tmp_path / "ad-server"
    (chart / "templates").mkdir(parents=True)
    (chart / "charts").mkdir()
    (chart / "charts" / "unhaunt-sidecar").symlink_to(SIDECAR_CHART)
    head = "apiVersion: v2\nname: ad-server\nversion: 1.0.0\n"
    (chart / "Chart.yaml").write_text(head + DEPENDENCY)
    (chart / "values.yaml").write_text(VALUES)
    indented = "".join(f"    {line}\n" for line in TEMPLATE.splitlines())
    (chart / "templates" / "deployment.yaml").write_text(
        AD_SERVER + indented.replace("nindent 4", "nindent 8")
    )

    def render(**values: Any) -> Resource:
        return Release(program, tmp_path, {"unhaunt": values}, chart).the("Deployment")

    return render


@pytest.fixture
def sidecar(render_pod: RenderPod) -> Resource:
    return container_of(render_pod())


def spec_of(deployment: Resource) -> Resource:
    spec: Resource = deployment["spec"]["template"]["spec"]
    return spec


def container_of(deployment: Resource) -> Resource:
    [container] = spec_of(deployment)["initContainers"]
    assert isinstance(container, dict)
    return container


def test_the_manifest_on_the_page_is_what_comes_out(render_pod: RenderPod) -> None:
    assert yaml.safe_load(MANIFEST)["spec"] == spec_of(render_pod())


def test_the_pods_are_right_for_kubernetes(render_pod: RenderPod) -> None:
    deployment = render_pod()
    assert problems_of(deployment) == []
    container_of(deployment)["restarts"] = "Always"
    assert problems_of(deployment)


def test_helm_finds_nothing_to_say(program: str) -> None:
    linted = subprocess.run([program, "lint", "--strict", str(SIDECAR_CHART)], check=False)
    assert linted.returncode == 0


def test_it_is_of_the_version_of_the_program() -> None:
    for chart in (CHART, SIDECAR_CHART):
        about = yaml.safe_load((chart / "Chart.yaml").read_text())
        assert about["version"] == about["appVersion"] == __version__
    [dependency] = yaml.safe_load(DEPENDENCY)["dependencies"]
    assert (dependency["name"], dependency["version"]) == (SIDECAR_CHART.name, __version__)


def test_what_is_not_right_is_refused(render_pod: RenderPod) -> None:
    for values in ({"serve": {"onDisc": True}}, {"settings": {"topic_prefixes": "shop."}}):
        with pytest.raises(subprocess.CalledProcessError) as refused:
            render_pod(**values)
        assert "values don't meet the specifications" in refused.value.stderr


def test_the_schema_of_its_values_is_of_this_program() -> None:
    written = values_schema.SIDECAR_SCHEMA.read_text()
    assert written == values_schema.text_of(values_schema.sidecar_schema()), (
        "python -m tests.deploy.values_schema writes it"
    )


# --- as the program has it -----------------------------------------------------------------------


def test_its_options_are_those_of_the_command(sidecar: Resource) -> None:
    command, *given = sidecar["args"]
    known = run(command, "--help", COLUMNS="200").stdout
    assert [word for word in given if f"{word.partition('=')[0]} " not in known] == []


def test_its_variables_are_settings(sidecar: Resource) -> None:
    settings = Settings.from_environment(variables_of(sidecar))
    assert settings.topic_prefix == "shop."
    assert settings.kafka.brokers == yaml.safe_load(VALUES)["unhaunt"]["kafka"]["brokers"]


def test_nobody_outside_of_the_pod_can_ask_so_that_it_needs_no_token(sidecar: Resource) -> None:
    [host] = [word.partition("=")[2] for word in sidecar["args"] if word.startswith("--host=")]
    assert missing_protection(Settings().serve, host) == []
    assert "ports" not in sidecar
    [asked] = [each["value"] for each in yaml.safe_load(MANIFEST)["spec"]["containers"][0]["env"]]
    [port] = [word.partition("=")[2] for word in sidecar["args"] if word.startswith("--port=")]
    assert asked == f"http://{host}:{port}"


def test_it_runs_with_no_rights_as_the_user_of_the_image(sidecar: Resource) -> None:
    context = sidecar["securityContext"]
    assert f"{context['runAsUser']}:{context['runAsGroup']}" == Dockerfile().value("USER")
    assert context["runAsNonRoot"]
    assert context["readOnlyRootFilesystem"]
    assert not context["allowPrivilegeEscalation"]
    assert context["capabilities"] == {"drop": ["ALL"]}


def test_it_writes_where_volumes_are(render_pod: RenderPod) -> None:
    deployment = render_pod()
    sidecar, volumes = container_of(deployment), spec_of(deployment)["volumes"]
    mounts = {mount["name"]: mount["mountPath"] for mount in sidecar["volumeMounts"]}
    assert mounts.keys() == {volume["name"] for volume in volumes}
    [folder] = [word.partition("=")[2] for word in sidecar["args"] if word.startswith("--folder=")]
    assert folder.startswith(f"{mounts['unhaunt-lists']}/")
    assert mounts["unhaunt-lists"] == Dockerfile().value("VOLUME")
    policy = variables_of(sidecar)["UNHAUNT_POLICY"]
    assert policy == f"{mounts['unhaunt-policy']}/policy.toml"


def test_what_is_not_asked_for_is_not_there(render_pod: RenderPod) -> None:
    deployment = render_pod(policyConfigMap="", serve={"onDisk": False, "persons": []})
    assert [volume["name"] for volume in spec_of(deployment)["volumes"]] == ["unhaunt-tmp"]
    assert container_of(deployment)["args"] == ["serve", "--host=127.0.0.1", "--port=8085"]


def test_secrets_come_as_variables_and_mounts(render_pod: RenderPod) -> None:
    sidecar = container_of(
        render_pod(
            extraEnvFrom=[{"secretRef": {"name": "kafka"}}],
            extraVolumeMounts=[{"name": "kafka", "mountPath": "/etc/kafka", "readOnly": True}],
        )
    )
    assert sidecar["envFrom"] == [{"secretRef": {"name": "kafka"}}]
    assert sidecar["volumeMounts"][-1]["mountPath"] == "/etc/kafka"


def test_an_image_can_be_named_by_its_digest(render_pod: RenderPod) -> None:
    digest = f"sha256:{'0' * 64}"
    image = container_of(render_pod(image={"digest": digest}))["image"]
    assert image == f"registry.example/ads/unhaunt@{digest}"


# --- whether it is alive -------------------------------------------------------------------------


def is_alive(sidecar: Resource, probe: str, port: int) -> bool:
    """Whether the probe's command says so, of what is at this port instead."""
    command = [word.replace(":8085/", f":{port}/") for word in sidecar[probe]["exec"]["command"]]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe"])
def test_it_is_alive_while_it_answers_though_there_are_no_brokers(
    sidecar: Resource, probe: str
) -> None:
    port, nobody = free_ports(2)
    assert not is_alive(sidecar, probe, port)
    with start_process("serve", "--port", port, UNHAUNT_BROKERS=f"{HOST}:{nobody}") as process:
        try:
            wait_until(lambda: is_alive(sidecar, probe, port), "an answer")
        finally:
            process.kill()


def test_nothing_takes_the_ad_server_away_while_lists_are_read(sidecar: Resource) -> None:
    assert "readinessProbe" not in sidecar
    assert sidecar["restartPolicy"] == "Always"
