"""Where the files of a deployment are."""

from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[2]
DEPLOY: Final = REPOSITORY / "deploy"
COMPOSE_FILE: Final = REPOSITORY / "docker-compose.yml"
DOCKERFILE: Final = DEPLOY / "Dockerfile"
CHART: Final = DEPLOY / "helm" / "unhaunt"
SIDECAR_CHART: Final = DEPLOY / "helm" / "unhaunt-sidecar"
STRIMZI: Final = DEPLOY / "strimzi" / "unhaunt.yaml"
