"""What the API counts, for Prometheus.

Under gunicorn each worker writes its own files below PROMETHEUS_MULTIPROC_DIR
(gunicorn.conf.py sets it before this module is imported), and whichever worker
answers /metrics adds them up; what a worker that ended had counted stays.
Elsewhere the values are this process's own.

Labels have few values: no key, no device and no address may become one.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from pydantic import SecretStr

from .auth import bearer
from .openapi.operation import operation
from .problems import NotFound, Unauthenticated

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_DURATIONS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
#: From a second to a month: a gateway that was offline sends days at once.
_LAGS_S = (1, 5, 15, 60, 300, 900, 3600, 21_600, 86_400, 604_800, 2_592_000)


class _Lags(Histogram):
    """A histogram that takes many values at once: one by one a full body's would cost it 5 ms."""

    def observe_all(self, values: Sequence[float]) -> None:
        """As `observe` for each."""
        for bucket, count in Tally(bisect_left(self._upper_bounds, value) for value in values).items():
            self._buckets[bucket].inc(count)
        self._sum.inc(sum(values))


_registry = CollectorRegistry()
_requests = Counter(
    "fluxio_ingest_requests", "Answered POSTs to /api/ingest, by HTTP status.", ["status"], registry=_registry
)
_request_duration = Histogram(
    "fluxio_ingest_request_duration_seconds", "From a POST's head to its answer.", buckets=_DURATIONS_S,
    registry=_registry,
)  # fmt: skip
_request_readings = Histogram(
    "fluxio_ingest_request_readings", "Readings of one body.", buckets=_SIZES, registry=_registry
)
_readings = Counter(
    "fluxio_ingest_readings", "Readings by verdict and, where there is one, code.", ["verdict", "code"],
    registry=_registry,
)  # fmt: skip
_lag = _Lags(
    "fluxio_ingest_reading_lag_seconds", "From measuring (created_at) to receiving, of new and merged readings.",
    buckets=_LAGS_S, registry=_registry,
)  # fmt: skip
_dead_letters = Counter(
    "fluxio_ingest_dead_letters", "What went to the dead letters, by reason; repeats of the same too.", ["reason"],
    registry=_registry,
)  # fmt: skip
_commit_duration = Histogram(
    "fluxio_ingest_commit_duration_seconds", "One call that stores readings, with its repeats.", buckets=_DURATIONS_S,
    registry=_registry,
)  # fmt: skip
_commit_readings = Histogram(
    "fluxio_ingest_commit_readings", "Readings of one such call.", buckets=_SIZES, registry=_registry
)
_queue_wait = Histogram(
    "fluxio_ingest_queue_wait_seconds", "How long a request's readings waited for their call.", buckets=_DURATIONS_S,
    registry=_registry,
)  # fmt: skip

#: Values that are read when somebody asks, by their names: (help, read).
_gauges: dict[str, tuple[str, Callable[[], float]]] = {}


def count_request(status: int, seconds: float) -> None:
    """One POST was answered."""
    _requests.labels(str(status)).inc()
    _request_duration.observe(seconds)


def count_results(results: Sequence[Mapping[str, object]], received_at: datetime) -> None:
    """A body's readings, by its results."""
    _request_readings.observe(len(results))
    for (verdict, code), count in Tally((str(one["verdict"]), str(one.get("code") or "")) for one in results).items():
        _readings.labels(verdict, code).inc(count)
    lags = [
        max(0.0, (received_at - datetime.fromisoformat(str(one["created_at"]))).total_seconds())
        for one in results
        if one["verdict"] in {"new", "merged"} and one["created_at"] is not None
    ]
    if lags:
        _lag.observe_all(lags)


def count_dead_letter(reason: str, count: int = 1) -> None:
    """Something went to the dead letters."""
    _dead_letters.labels(reason).inc(count)


def observe_commit(seconds: float, elements: int) -> None:
    """One call stored, or tried to store, so many elements."""
    _commit_duration.observe(seconds)
    _commit_readings.observe(elements)


def observe_queue_wait(seconds: float) -> None:
    """One request's readings waited so long to be committed with others."""
    _queue_wait.observe(seconds)


def gauge(name: str, documentation: str, read: Callable[[], float]) -> None:
    """Answer `read()` under `name` from now on.

    The worker that is asked reads it: for what all workers share, such as a
    folder, and for nothing that each has for itself.
    """
    _gauges[name] = (documentation, read)


def blueprint(token: SecretStr | None) -> Blueprint:
    """/metrics for who shows `token`; without one there is no such page.

    Not "from loopback only": a proxy on the same machine would make the whole
    world loopback.
    """
    bp = Blueprint("metrics", __name__)
    wanted = None if token is None else _digest(token.get_secret_value())

    @bp.get("/metrics")
    @operation(caller="staff", media_types=("text/plain",), problems=("invalid_token", "not_found"), name="metrics")
    def metrics() -> Response:
        """Counts and durations in Prometheus' text format; not_found while FLUXIO_METRICS_TOKEN is unset."""
        if wanted is None:
            raise NotFound("There is nothing at this address.")
        if not hmac.compare_digest(_digest(bearer(request) or ""), wanted):
            raise Unauthenticated("The metrics' token is required.", code="invalid_token")
        answer = Response(generate_latest(_everybodys()), content_type=CONTENT_TYPE_LATEST)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return bp


class _Gauges(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, (documentation, read) in list(_gauges.items()):
            yield GaugeMetricFamily(name, documentation, value=read())


class _Own(Collector):
    def collect(self) -> Iterable[Metric]:
        return _registry.collect()


def _everybodys() -> CollectorRegistry:
    """All workers' values, or this process's where it is alone."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # registers itself
    else:
        registry.register(_Own())
    registry.register(_Gauges())
    return registry


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
