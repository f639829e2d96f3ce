"""Every metric of `unhaunt serve`."""

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from streams.monitoring.metrics.exposition import (
    Exposition,
    exposition,
    families_of,
    families_of_process,
)
from streams.monitoring.metrics.labels import FINGERPRINT, REASON, VERSION
from streams.monitoring.metrics.metric import Label, Metric, counter, gauge, histogram
from streams.view.answers import Answers
from streams.view.counts import ServiceCounts

PATHS: Final = ("/v1/persons/{user_id}", "/v1/decide", "/v1/openrtb")
"""What ad servers ask; the others are for those who look after the service."""
PATH: Final = Label("path", "what was asked for", PATHS)
STATUS: Final = Label(
    "status",
    "how it was answered, as HTTP has it",
    ("200", "304", "400", "401", "404", "408", "413", "421", "500", "503"),
)
KNOWN: Final = Label("known", "whether there is a list of the person", ("true", "false"))
WHY_CLOSED: Final = Label(
    "why",
    "`full`: there were as many as may be; `made_room`: for another, after the longest rest; "
    "`slow_request`, `slow_reader`: it took too long to send a head, or to take an answer",
    ("full", "made_room", "slow_request", "slow_reader"),
)


class Serving(NamedTuple):
    """What the metrics of a service are read from."""

    view: Answers
    counts: ServiceCounts


def exposition_of(serving: Serving, accept: str) -> Exposition:
    """All metrics, in the form that an Accept header asks for."""
    own = families_of(METRICS, serving)
    return exposition(lambda: chain(own, families_of_process()), accept)


def _age(serving: Serving) -> float:
    return max((each.age for each in serving.view.freshness()), default=math.inf)


def _newest(serving: Serving) -> float:
    newest = (each.newest for each in serving.view.freshness() if each.newest is not None)
    return max(newest, default=0) / 1000


def _closed(serving: Serving) -> Mapping[str, float]:
    closed = serving.counts.connections.closed
    return {why: closed[why] for why in WHY_CLOSED.values}


def _policy(serving: Serving) -> Mapping[tuple[str, str], float]:
    return {(serving.view.policy.version, serving.view.policy.fingerprint): 1}


METRICS: Final[Sequence[Metric[Serving]]] = (
    counter(
        "served_requests_total",
        "requests",
        "HTTP requests that were answered; those for health and metrics are not counted.",
        lambda serving: serving.counts.answers,
        PATH,
        STATUS,
    ),
    histogram(
        "served_request_seconds",
        "seconds",
        "How long it took to answer them, without the time that they waited and travelled.",
        lambda serving: serving.counts.seconds,
    ),
    counter(
        "served_decided_requests_total",
        "requests",
        "Requests that were decided, by whether their person is known; a bid request is one, with "
        "all its impressions.",
        lambda serving: {"true": serving.counts.known, "false": serving.counts.unknown},
        KNOWN,
    ),
    counter(
        "served_suppressed_candidates_total",
        "candidates",
        "Candidates of requests that were suppressed, by reason.",
        lambda serving: serving.counts.suppressed,
        REASON,
    ),
    counter(
        "served_allowed_candidates_total",
        "candidates",
        "Candidates of requests that were allowed, those of the holdout included.",
        lambda serving: serving.counts.allowed,
    ),
    counter(
        "served_ghosted_candidates_total",
        "candidates",
        "Candidates that were allowed only because the person is in the holdout, by the reason "
        "that would have suppressed them.",
        lambda serving: serving.counts.ghosted,
        REASON,
    ),
    gauge(
        "served_connections",
        "connections",
        "Connections to it that are open.",
        lambda serving: serving.counts.connections.open,
    ),
    counter(
        "served_closed_connections_total",
        "connections",
        "Connections that it closed or refused to keep its limits.",
        _closed,
        WHY_CLOSED,
    ),
    gauge(
        "copy_caught_up",
        "1",
        "1 when all lists and the catalog have been read to their end, so that it answers; else 0.",
        lambda serving: float(serving.view.is_caught_up),
    ),
    gauge(
        "copy_age_seconds",
        "seconds",
        "Since the copy of the lists was last known to be level with the topic, in the partition "
        "where that is longest; infinite before the first time.",
        _age,
    ),
    gauge(
        "copy_newest_event_timestamp_seconds",
        "seconds since 1970",
        "The newest event time of a list; when it stands still, the workers do, or nothing comes.",
        _newest,
    ),
    gauge(
        "copy_lists",
        "lists",
        "About how many lists are held.",
        lambda serving: serving.view.held,
    ),
    counter(
        "copy_invalid_records_total",
        "records",
        "Records on the topic of lists that were none, and were left out.",
        lambda serving: serving.view.invalid,
    ),
    gauge(
        "copy_catalog_products",
        "products",
        "Products in the catalog.",
        lambda serving: len(serving.view.catalog.products),
    ),
    gauge(
        "copy_policy_info",
        "1",
        "The policy that is decided by, which should be that of the workers.",
        _policy,
        VERSION,
        FINGERPRINT,
    ),
    counter(
        "copy_policy_refusals_total",
        "times",
        "How often the policy file was changed to what is no policy; the old one stayed.",
        lambda serving: serving.view.policies_refused,
    ),
)
"""Those of a service."""
