"""Asking a worker, or a unit of workers, how it is."""

import socket
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import orjson
from prometheus_client.parser import text_string_to_metric_families

SECONDS = 10

Labels = frozenset[tuple[str, str]]
Samples = dict[tuple[str, Labels], float]


def free_port() -> int:
    """A port on which nobody listens at the moment."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def get(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, bytes]:
    """Status and body of an answer; status 0 where nobody answers."""
    try:
        with urlopen(f"http://{host}:{port}{path}", timeout=SECONDS) as answer:
            return answer.status, answer.read()
    except HTTPError as answer:
        return answer.code, answer.read()
    except (URLError, ConnectionError, TimeoutError):
        return 0, b""


def health(port: int, check: str) -> tuple[int, Any]:
    """Status and what it says."""
    status, body = get(port, f"/health/{check}")
    return status, orjson.loads(body) if body else None


def is_ready(port: int) -> bool:
    return health(port, "ready")[0] == 200


def samples(port: int) -> Samples:
    """Every sample by its name and labels."""
    status, body = get(port, "/metrics")
    assert status == 200, body
    return dict(_samples(body.decode()))


def _samples(text: str) -> Iterator[tuple[tuple[str, Labels], float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield (sample.name, frozenset(sample.labels.items())), sample.value


def value(found: Samples, name: str, **labels: str) -> float:
    """The sample of this name with exactly these labels."""
    return found[f"unhaunt_{name}", frozenset(labels.items())]


def by(found: Samples, name: str, label: str) -> dict[str, float]:
    """Samples of this name by one label, added up over all others, without zeros."""
    added: dict[str, float] = {}
    for (found_name, labels), number in found.items():
        if found_name == f"unhaunt_{name}" and number:
            label_value = dict(labels)[label]
            added[label_value] = added.get(label_value, 0) + number
    return added
