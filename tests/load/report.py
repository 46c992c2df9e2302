"""Lines of the table; docs/benchmarks.md explains its columns."""

from __future__ import annotations

from .loops import Sample

#: What is measured, beside the load itself.
SERVERS = ("api", "postgres", "rest")

HEADING = (
    "devices conns batch way         POSTs/s readings/s   p50 ms   p95 ms   p99 ms"
    " | cores: api    pg  rest client | CPU ms/POST"
)


def line(devices: int, connections: int, batch: int, way: str, sample: Sample) -> str:
    """One measurement. Cores: CPU time over wall-clock time, by part; CPU: of all servers together."""
    latency = " ".join(f"{sample.percentile_ms(share):8.1f}" for share in (0.5, 0.95, 0.99))
    cores = " ".join(f"{sample.cores(part):5.2f}" for part in (*SERVERS, "client"))
    return (
        f"{devices:7} {connections:5} {batch:5} {way:10} {sample.requests_per_s:8.0f} {sample.readings_per_s:10.0f}"
        f" {latency} |       {cores} | {cpu_ms(sample):11.2f}"
    )


def cpu_ms(sample: Sample) -> float:
    """What the servers spend on a POST [ms]; where others use the machine, this moves least."""
    return sum(sample.cpu_s.get(part, 0.0) for part in SERVERS) / len(sample.latencies) * 1000


def ratio(samples: dict[str, Sample], one: str, other: str) -> str:
    """How many POSTs of one way come on one of the other's, by the clock and by CPU time, if both were measured."""
    if one not in samples or other not in samples:
        return ""
    by_clock = samples[one].requests_per_s / samples[other].requests_per_s
    by_cpu = cpu_ms(samples[other]) / max(cpu_ms(samples[one]), 1e-9)
    return f"{one}/{other} {by_clock:.2f} (CPU {by_cpu:.2f})"
