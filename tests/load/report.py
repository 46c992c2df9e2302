"""Lines of the table; docs/benchmarks.md explains its columns."""

from __future__ import annotations

from .loops import Sample

HEADING = (
    "devices conns batch way         POSTs/s readings/s   p50 ms   p95 ms   p99 ms | cores: api    pg  rest client"
)


def line(devices: int, connections: int, batch: int, way: str, sample: Sample) -> str:
    """One measurement. Cores: CPU time over wall-clock time, by part."""
    latency = " ".join(f"{sample.percentile_ms(share):8.1f}" for share in (0.5, 0.95, 0.99))
    cores = " ".join(f"{sample.cores(part):5.2f}" for part in ("api", "postgres", "rest", "client"))
    return (
        f"{devices:7} {connections:5} {batch:5} {way:10} {sample.requests_per_s:8.0f} {sample.readings_per_s:10.0f}"
        f" {latency} |       {cores}"
    )


def ratio(samples: dict[str, Sample], one: str, other: str) -> str:
    """How many POSTs of one way come on one of the other's, if both were measured."""
    if one not in samples or other not in samples:
        return ""
    return f"{one}/{other} {samples[one].requests_per_s / samples[other].requests_per_s:.2f}"
