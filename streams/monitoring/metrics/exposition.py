"""The metrics in Prometheus' own form."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from streams.engine.telemetry.histogram import Histogram
from streams.monitoring.metrics.metric import Metric, Source


class Exposition(NamedTuple):
    """What an HTTP server answers to a scrape."""

    body: bytes
    content_type: str


class _Families(Collector):
    """Collects the families that a function returns."""

    def __init__(self, families: Callable[[], Iterable[Family]]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        """All families, as they are now."""
        return self._families()


def exposition(families: Callable[[], Iterable[Family]], accept: str) -> Exposition:
    """All families in the form that an Accept header asks for."""
    registry = CollectorRegistry()
    registry.register(_Families(families))
    encode, content_type = choose_encoder(accept)
    return Exposition(encode(registry), content_type)


def families_of(metrics: Iterable[Metric[Source]], source: Source) -> Iterator[Family]:
    """The metrics of a catalogue with the values that their source has now."""
    for metric in metrics:
        labels = [label.name for label in metric.labels]
        if metric.kind == "histogram":
            family = HistogramMetricFamily(metric.full_name, metric.meaning, labels=labels)
            for values, histogram in metric.values(source):
                assert isinstance(histogram, Histogram)
                family.add_metric(values, _buckets(histogram), histogram.total)
            yield family
            continue
        made = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
        numbers = made(metric.full_name, metric.meaning, labels=labels)
        for values, number in metric.values(source):
            assert not isinstance(number, Histogram)
            numbers.add_metric(values, number)
        yield numbers


def families_of_process() -> Iterable[Family]:
    """Memory, processor time and open files of this process, under their usual names."""
    return ProcessCollector(registry=CollectorRegistry()).collect()


def merged(texts: Mapping[str, str], label: str) -> Iterator[Family]:
    """The families of several expositions as one; the label says whose a sample is."""
    found: dict[str, Family] = {}
    for name, text in texts.items():
        for family in text_string_to_metric_families(text):
            whole = found.setdefault(
                family.name, Family(family.name, family.documentation, family.type)
            )
            whole.samples += [
                sample._replace(labels={**sample.labels, label: name}) for sample in family.samples
            ]
    yield from found.values()


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """How many values do not exceed each bound."""
    bounds = [*(f"{float(bound)}" for bound in histogram.bounds), "+Inf"]
    return [*zip(bounds, accumulate(histogram.counts), strict=True)]
