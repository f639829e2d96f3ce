"""Checkpoints are traced where a setting asks for it, and nowhere else."""

import subprocess
import sys
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from streams.engine.telemetry.tracing import untraced
from streams.errors import UserError
from streams.monitoring.traces import exported, traced
from streams.settings import Settings
from tests.engine.in_memory import InMemoryEngine
from tests.engine.spy import SpyTasks, record

SETTINGS = Settings(
    application="shop",
    instance="worker-1",
    traces="otlp",
    checkpoint_milliseconds=3_600_000,  # only when it is asked for
)
Spans = dict[str | None, list[ReadableSpan]]


def checkpoint(folder: Path, error: Exception | None = None) -> Spans:
    """The spans of one checkpoint by the name of the span that they are in."""
    exporter = InMemorySpanExporter()
    settings = msgspec.structs.replace(SETTINGS, state_folder=str(folder))
    with (
        InMemoryEngine(SpyTasks(), folder, settings) as engine,
        exported(settings, exporter) as engine.engine.committer.trace,
    ):
        engine.feed("purchases", record(0))
        engine.process_all()
        engine.strategy.error = error
        with suppress(ConnectionError):
            engine.checkpoint()
    spans = exporter.get_finished_spans()
    names = {span.context.span_id: span.name for span in spans}
    found = defaultdict(list)
    for span in spans:
        found[span.parent and names[span.parent.span_id]].append(span)
    return found


def test_a_checkpoint_is_a_span_with_one_for_each_step(tmp_path: Path) -> None:
    spans = checkpoint(tmp_path)
    assert [span.name for span in spans[None]] == ["checkpoint"]
    assert [span.name for span in spans["checkpoint"]] == ["prepare", "commit", "store"]


def test_spans_say_how_much_it_was(tmp_path: Path) -> None:
    spans = checkpoint(tmp_path)
    attributes = {span.name: dict(span.attributes or {}) for of in spans.values() for span in of}
    assert attributes == {
        "checkpoint": {"records": 1},
        "prepare": {"partitions": 1},
        "commit": {"guarantee": "exactly_once"},
        "store": {},
    }


def test_spans_say_whose_they_are(tmp_path: Path) -> None:
    [span] = checkpoint(tmp_path)[None]
    attributes = span.resource.attributes
    assert (attributes["service.name"], attributes["service.instance.id"]) == ("shop", "worker-1")


def test_a_step_that_fails_says_why_and_so_does_its_checkpoint(tmp_path: Path) -> None:
    spans = checkpoint(tmp_path, ConnectionError("the broker is gone"))
    failed = [*spans[None], spans["checkpoint"][-1]]
    assert [span.name for span in failed] == ["checkpoint", "commit"]
    for span in failed:
        assert span.status.status_code == StatusCode.ERROR
        assert "the broker is gone" in (span.status.description or "")


def test_unless_asked_for_nothing_is_traced_and_nothing_of_it_imported() -> None:
    with traced(Settings()) as trace:
        assert trace is untraced
    listed = "import sys, streams.worker; print([m for m in sys.modules if 'opentelemetry' in m])"
    ran = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_where_it_is_not_installed_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with (
        pytest.raises(UserError, match=r"UNHAUNT_TRACES=otlp.*pip install '\.\[traces\]'"),
        traced(SETTINGS),
    ):
        pass
