"""Whether workers answer probes and scrapes over HTTP."""

import pytest

from streams.settings import PREFIX, Settings

HAS_HTTP_PORT = "http_port" in Settings.__struct_fields__

needs_http_port = pytest.mark.skipif(not HAS_HTTP_PORT, reason="workers have no HTTP port yet")


def known(environment: dict[str, str]) -> dict[str, str]:
    """The variables without those of an HTTP port that there is not."""
    if HAS_HTTP_PORT:
        return environment
    return {k: v for k, v in environment.items() if not k.startswith(f"{PREFIX}HTTP_")}
