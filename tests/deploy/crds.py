"""What Kubernetes, and those who extend it, take for right: their own schemas, from packages."""

import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.deploy.tools import cache_folder

KUBERNETES: Final = "1.34"

GO_MODULES: Final = {
    "ServiceMonitor": (
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
    ),
    "PrometheusRule": (
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    ),
    "ScaledObject": (
        "github.com/kedacore/keda/v2@v2.21.0",
        "config/crd/bases/keda.sh_scaledobjects.yaml",
    ),
}
"""Modules with the definitions of resources, and where in them these are."""

STRIMZI: Final = "1.2.0"
STRIMZI_JAVA: Final = 21
STRIMZI_MODELS: Final = {
    "KafkaTopic": "io.strimzi.api.kafka.model.topic.KafkaTopic",
    "KafkaUser": "io.strimzi.api.kafka.model.user.KafkaUser",
}
"""Strimzi's definitions are written by a program of its own from these."""


def problems_of(resource: dict[str, Any]) -> list[str]:
    """What is wrong with a resource; fields that are not known are."""
    if resource["kind"] in GO_MODULES or resource["kind"] in STRIMZI_MODELS:
        validator = Draft202012Validator(schema_of(resource["kind"], resource["apiVersion"]))
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(resource)]
    try:
        kubernetes_validate.validate(resource, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [str(error)]
    return []


@cache
def schema_of(kind: str, version: str) -> dict[str, Any]:
    """The schema of a custom resource; skips where its definition cannot be had."""
    definition = _from_strimzi(kind) if kind in STRIMZI_MODELS else _from_go(kind)
    group, number = version.split("/")
    assert definition["spec"]["group"] == group
    [found] = [v for v in definition["spec"]["versions"] if v["name"] == number and v["served"]]
    schema: dict[str, Any] = found["schema"]["openAPIV3Schema"]
    schema["properties"]["metadata"] = {"x-kubernetes-preserve-unknown-fields": True}
    _close(schema)
    return schema


def _close(schema: Any) -> None:
    """Refuse fields that are not named, as the API server does when it is asked to be strict."""
    if isinstance(schema, list):
        for below in schema:
            _close(below)
    elif isinstance(schema, dict):
        for below in schema.values():
            _close(below)
        is_open = schema.get("x-kubernetes-preserve-unknown-fields", False)
        if isinstance(schema.get("properties"), dict) and not is_open:
            schema.setdefault("additionalProperties", False)


def _from_go(kind: str) -> dict[str, Any]:
    go = shutil.which("go")
    if go is None:
        pytest.skip(f"the definition of {kind} is in a Go module, and there is no go here")
    module, path = GO_MODULES[kind]
    asked = subprocess.run(
        [go, "mod", "download", "-json", module], capture_output=True, text=True, check=False
    )
    if asked.returncode:
        pytest.skip(f"go did not download {module}: {asked.stdout.strip()[-300:]}")
    return _read(Path(json.loads(asked.stdout)["Dir"]) / path)


def _from_strimzi(kind: str) -> dict[str, Any]:
    folder = cache_folder() / f"strimzi-{STRIMZI}"
    file = folder / f"{kind}.yaml"
    if not file.exists():
        generator = [_java(), "-cp", f"{_strimzi_jars(folder)}/*"]
        unfinished = file.with_suffix(f".{os.getpid()}")
        model = f"{STRIMZI_MODELS[kind]}={unfinished}"
        command = [*generator, "io.strimzi.crdgenerator.CrdGenerator", model]
        subprocess.run(command, check=True, capture_output=True)
        unfinished.replace(file)
    return _read(file)


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def _strimzi_jars(folder: Path) -> Path:
    """The jars of the program and the models, fetched with Maven the first time."""
    jars = folder / "jars"
    if jars.is_dir():
        return jars
    maven = shutil.which("mvn")
    if maven is None:
        pytest.skip("Strimzi's definitions are made with Maven, and there is no mvn here")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pom.xml").write_text(_pom())
    unfinished = folder / f"jars-{os.getpid()}"
    goal = "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies"
    fetched = subprocess.run(
        [maven, "--batch-mode", goal, f"-DoutputDirectory={unfinished}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if fetched.returncode:
        pytest.skip(f"Maven did not fetch Strimzi {STRIMZI}")
    unfinished.replace(jars)
    return jars


def _java() -> str:
    """A Java that is new enough, of those in the usual places."""
    homes = [Path("/usr"), *Path("/usr/lib/jvm").glob("*")]
    if "JAVA_HOME" in os.environ:
        homes.insert(0, Path(os.environ["JAVA_HOME"]))
    for java in (home / "bin" / "java" for home in homes):
        if java.exists():
            finished = subprocess.run(
                [java, "-version"], capture_output=True, text=True, check=False
            )
            version = re.search(r'version "(\d+)', finished.stderr)
            if version and int(version[1]) >= STRIMZI_JAVA:
                return str(java)
    pytest.skip(f"Strimzi's definitions are made with Java {STRIMZI_JAVA}, which is not here")


def _pom() -> str:
    dependencies = "".join(
        f"<dependency><groupId>io.strimzi</groupId><artifactId>{name}</artifactId>"
        f"<version>{STRIMZI}</version></dependency>"
        for name in ("api", "crd-generator")
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>unhaunt.tests</groupId>"
        "<artifactId>strimzi</artifactId><version>1</version>"
        f"<dependencies>{dependencies}</dependencies></project>"
    )
