"""Checkpoints as spans of OpenTelemetry, where a setting asks for them.

One span for each checkpoint and one for each of its steps, none for an event. Where nobody asks,
nothing of OpenTelemetry is imported.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from streams import __version__
from streams.engine.telemetry.tracing import Trace, untraced
from streams.errors import UserError
from streams.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter


@contextmanager
def traced(settings: Settings) -> Iterator[Trace]:
    """What the engine is to call around the steps of a checkpoint, until the block ends.

    Then what is not sent yet is sent. Raises `UserError` where OpenTelemetry is not installed.
    """
    if settings.traces == "none":
        yield untraced
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
    except ImportError as error:
        raise UserError(
            f"UNHAUNT_TRACES={settings.traces}: OpenTelemetry is not installed here ({error}). "
            "`python -m pip install '.[traces]'` installs it."
        ) from error
    with exported(settings, OTLPSpanExporter()) as trace:
        yield trace


@contextmanager
def exported(settings: Settings, exporter: "SpanExporter") -> Iterator[Trace]:
    """The same with a given exporter."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(
        resource=Resource.create(
            {
                "service.name": settings.application,
                "service.instance.id": settings.instance,
                "service.version": __version__,
            }
        )
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("unhaunt", __version__)

    def trace(step: str, **attributes: int | str) -> AbstractContextManager[object]:
        span: AbstractContextManager[object]
        span = tracer.start_as_current_span(step, attributes=attributes)
        return span

    try:
        yield trace
    finally:
        provider.shutdown()
