"""docker-compose.yml and deploy/Dockerfile, as data."""

import json
from typing import Any, Final

import yaml
from dockerfile_parse import DockerfileParser

from tests.deploy.paths import COMPOSE_FILE, DOCKERFILE

IMAGE: Final = "unhaunt"
"""What services of our own name as their image."""


class Dockerfile:
    """What an image that is built from it is started with."""

    def __init__(self) -> None:
        parser = DockerfileParser(str(DOCKERFILE), cache_content=True)
        self.environment: dict[str, str] = dict(parser.envs)
        self.labels: dict[str, str] = dict(parser.labels)
        self._last = {line["instruction"]: line["value"] for line in parser.structure}
        self.instructions: list[tuple[str, str]] = [
            (line["instruction"], line["value"]) for line in parser.structure
        ]

    def value(self, instruction: str) -> str:
        """What the last instruction of this name says."""
        return self._last[instruction]

    def words(self, instruction: str) -> list[str]:
        """The same, of one in the form of a list; of a health check, its command."""
        value = self.value(instruction)
        words: list[str] = json.loads(value[value.index("[") :])
        return words


def services() -> dict[str, dict[str, Any]]:
    """The services of the compose file by their names, those of all profiles."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
    return found


def command_of(service: dict[str, Any]) -> list[str]:
    """What a service of our image is started with, as the image and the service say together."""
    image = Dockerfile()
    entrypoint = service.get("entrypoint", image.words("ENTRYPOINT"))
    return [*entrypoint, *service.get("command", image.words("CMD"))]


def environment_of(service: dict[str, Any]) -> dict[str, str]:
    """The variables of a service of our image, those of the image among them."""
    return {**Dockerfile().environment, **service["environment"]}
