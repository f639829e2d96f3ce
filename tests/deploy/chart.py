"""The chart, rendered by Helm."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml

from tests.deploy.crds import KUBERNETES
from tests.deploy.paths import CHART

Resource = dict[str, Any]
Render = Callable[..., "Release"]

RELEASE: Final = "shop"


class Release:
    """What Helm would install."""

    def __init__(
        self, helm: str, folder: Path, values: dict[str, Any], chart: Path = CHART
    ) -> None:
        """Raises `CalledProcessError`, with what Helm said, for values that it refuses."""
        file = folder / "values.yaml"
        file.write_text(yaml.safe_dump(values))
        rendered = subprocess.run(
            [
                *(helm, "template", RELEASE, str(chart), "--values", str(file)),
                *("--namespace", "ads", "--kube-version", KUBERNETES),
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        self.resources: list[Resource] = [
            resource for resource in yaml.safe_load_all(rendered.stdout) if resource
        ]

    def the(self, kind: str, part: str = "") -> Resource:
        """The only resource of a kind, of the workers or of a part such as `serve`."""
        name = f"{RELEASE}-unhaunt-{part}" if part else None
        found = [resource for resource in self.resources if resource["kind"] == kind]
        if len(found) > 1 or part:
            name = name or f"{RELEASE}-unhaunt"
            found = [resource for resource in found if resource["metadata"]["name"] == name]
        [one] = found
        return one

    @property
    def kinds(self) -> set[str]:
        """What there is."""
        return {resource["kind"] for resource in self.resources}

    @property
    def pod(self) -> Resource:
        """The pod of a worker."""
        pod: Resource = self.the("StatefulSet")["spec"]["template"]["spec"]
        return pod

    @property
    def worker(self) -> Resource:
        """Its container."""
        [container] = self.pod["containers"]
        assert isinstance(container, dict)
        return container

    @property
    def service(self) -> Resource:
        """The container of the service for ad servers."""
        [container] = self.the("Deployment")["spec"]["template"]["spec"]["containers"]
        assert isinstance(container, dict)
        return container


def variables_of(container: Resource) -> dict[str, str]:
    """The variables of a container that have their values in the manifest."""
    return {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}


SERVE: dict[str, Any] = {
    "serve": {
        "enabled": True,
        "replicas": 3,
        "tokens": {"secret": "ad-servers"},
        "tls": {"secret": "serve-tls"},
        "hosts": ["unhaunt.example"],
        "persons": ["user.id", "id5-sync.com"],
        "onDisk": True,
        "networkPolicy": {"clients": [{"podSelector": {"matchLabels": {"app": "ad-server"}}}]},
        "autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 12},
    }
}
"""Values that ask for all that there is in the chart of the service for ad servers."""

EVERYTHING: dict[str, Any] = {
    "image": {"repository": "registry.example/ads/unhaunt", "pullSecrets": [{"name": "registry"}]},
    "settings": {"topic_prefix": "shop.", "standbys": 2, "cached_persons": 20_000},
    "policy": 'version = "shop-1"\n\n[frequency]\nmax = 3\n',
    "extraEnv": [
        {
            "name": "UNHAUNT_LOG_LEVEL",
            "valueFrom": {"secretKeyRef": {"name": "kafka", "key": "level"}},
        }
    ],
    "extraEnvFrom": [{"secretRef": {"name": "kafka"}}],
    "extraVolumes": [{"name": "tls", "secret": {"secretName": "kafka-tls"}}],
    "extraVolumeMounts": [{"name": "tls", "mountPath": "/etc/kafka", "readOnly": True}],
    "topics": {"create": True, "replication": 2},
    "state": {"storageClass": "fast"},
    "networkPolicy": {
        "scrapers": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
        "extraEgress": [{"ports": [{"port": 443, "protocol": "TCP"}]}],
    },
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "keda": {"enabled": True, "authentication": "kafka"},
    "serviceAccount": {"annotations": {"example.com/role": "ads"}},
    "podAnnotations": {"example.com/team": "ads"},
    "podLabels": {"team": "ads"},
    "nodeSelector": {"disk": "nvme"},
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "high",
}
"""Values that ask for all that there is in the chart."""
