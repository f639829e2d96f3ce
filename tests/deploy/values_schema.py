"""Write the settings into the charts' schemas of values: `python -m tests.deploy.values_schema`.

So Helm refuses a setting that there is not, or a value that it cannot have, before a pod does. What
both charts have may be the same in both.
"""

import json
from typing import Any, Final

import msgspec

from streams.settings import Settings
from tests.deploy.paths import CHART, SIDECAR_CHART

SCHEMA: Final = CHART / "values.schema.json"
SIDECAR_SCHEMA: Final = SIDECAR_CHART / "values.schema.json"

OF_THE_CHART: Final = frozenset(
    {
        *("brokers", "http_host", "http_port", "instance", "policy", "state_folder"),
        *("serve_certificate_file", "serve_hosts", "serve_key_file", "serve_token_file"),
    }
)
"""Those that the chart sets itself."""
SECRET: Final = frozenset({"sasl_password", "schema_registry_password"})
"""Anybody who may see a pod sees its variables: these come from files."""


def schema() -> dict[str, Any]:
    """The whole schema, with the settings that there are."""
    written: dict[str, Any] = json.loads(SCHEMA.read_text())
    settings = _settings()
    of_the_chart = OF_THE_CHART | SECRET
    written["properties"]["settings"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: said for name, said in settings.items() if name not in of_the_chart},
    }
    variables = [f"UNHAUNT_{name.upper()}" for name in settings.keys() - OF_THE_CHART]
    name = {"anyOf": [{"not": {"pattern": "^UNHAUNT_"}}, {"enum": sorted(variables)}]}
    written["properties"]["extraEnv"] = {
        "type": "array",
        "items": {"type": "object", "required": ["name"], "properties": {"name": name}},
    }
    return written


def sidecar_schema() -> dict[str, Any]:
    """That of the sidecar: what the whole one says of the values that both have."""
    whole = schema()
    properties = whole["properties"]
    names = (
        "global",
        "image",
        "kafka",
        "settings",
        "extraEnv",
        "extraEnvFrom",
        "extraVolumeMounts",
    )
    return whole | {
        "title": "Values of the chart unhaunt-sidecar",
        "properties": {
            **{name: properties[name] for name in names},
            "image": _only(properties["image"], "repository", "tag", "digest", "pullPolicy"),
            "policyConfigMap": {"type": "string"},
            "serve": _only(properties["serve"], "persons", "onDisk", "resources"),
        },
    }


def _only(found: dict[str, Any], *names: str) -> dict[str, Any]:
    """The schema of a struct with these properties alone."""
    return found | {"properties": {name: found["properties"][name] for name in names}}


def text_of(found: dict[str, Any]) -> str:
    """The schema as it stands in its file."""
    return json.dumps(found, indent=2) + "\n"


def _settings() -> dict[str, Any]:
    """By name what each may be."""
    found: dict[str, Any] = {}
    for section in msgspec.json.schema(Settings)["$defs"].values():
        found |= section["properties"]
    return {
        name: {key: said for key, said in each.items() if key not in ("default", "description")}
        for name, each in sorted(found.items())
        if "$ref" not in each  # which is a section
    }


if __name__ == "__main__":
    SCHEMA.write_text(text_of(schema()))
    SIDECAR_SCHEMA.write_text(text_of(sidecar_schema()))
