"""Measures ingest from POST to commit and to the page, beside its floors, in one run on this machine.

    PYTHONPATH=tests python -m load [--seconds 30] [--quick]     (make bench)

The load generator, the API (gunicorn), REST and Realtime (one Node process) and a durable PostgreSQL all run here and
share its cores: only ratios within a run mean anything on another machine. For each fleet, number of connections and
readings per POST, short turns of these alternate:

api      POST /api/ingest, closed loop: each connection is a gateway with its key and its devices
constant a Flask application in the same gunicorn that answers every POST alike and stores nothing
alone    the same API with FLUXIO_GROUP_COMMIT_MS=0: every POST is a call of its own
rest     the same rows, one INSERT a POST, straight at /rest/v1/flow_data
rpc      the same rows by ingest_readings over psycopg
copy     the same rows by COPY with triggers off

Then POSTs of 10 readings at the rate of the fleet's size a minute (open loop), and the page in Chromium.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from fluxio_local.stack import Stack
from support.api_server import ApiServer, running_api
from support.stacks import throwaway_stack

from . import ways
from .loops import Sample, closed_loop, open_loop
from .machine import Machine
from .page import page_latencies
from .people import person, token
from .plant import DEFAULT_ORGANIZATION, Plant
from .report import HEADING, SERVERS, line, ratio
from .subscribers import Subscribers, subscribed

TURNS = 3
#: The way that stores nothing.
CONSTANT = "constant"
#: Readings a POST, and gateways, of the load at a given rate.
PACED_BATCH, PACED_GATEWAYS = 10, 64
PAGE_POSTS_PER_S = 20.0

#: Limits that a load generator on one address would meet; they are counted all the same.
API_SETTINGS = {"FLUXIO_INGEST_RATE_LIMIT": "1000000 per second", "FLUXIO_LOG_LEVEL": "INFO"}


@dataclass
class Bench:
    """One stack with the APIs to measure."""

    options: argparse.Namespace
    stack: Stack
    servers: dict[str, ApiServer]
    machine: Machine
    plant: Plant = field(init=False)
    subscribers: Subscribers | None = None

    def open(self, way: str) -> ways.Open:
        """How `way` connects."""
        if way == CONSTANT:
            return ways.constant(self.servers[way].url)
        if way in self.servers:
            return ways.api(self.servers[way].url)
        return {"rest": ways.rest, "rpc": ways.rpc, "copy": ways.copy}[way](self.stack)

    def closed(self, devices: int) -> None:
        """Every number of connections and readings, all ways in turns."""
        points = [(conns, batch) for conns in self.options.connections for batch in self.options.batch]
        if self.options.quick and self.subscribers is None:
            points = points[-1:]
        for connections, batch in points:
            samples = {way: Sample() for way in self.options.ways}
            for _ in range(self.options.turns):
                for way, sample in samples.items():
                    gateways, seconds = self.plant.gateways(connections), self.options.seconds / self.options.turns
                    self.watch(way)
                    sample.add(asyncio.run(closed_loop(self.open(way), gateways, batch, seconds, self.machine)))
                    if self.subscribers is not None:
                        self.subscribers.settle()
            for way, sample in samples.items():
                say(line(devices, connections, batch, way, sample))
            pairs = (("api", "rest"), ("api", "rpc"), ("api", "copy"), ("api", "alone"), (CONSTANT, "rest"))
            say("        " + "  ".join(filter(None, (ratio(samples, *pair) for pair in pairs))))
            self.check([sample for way, sample in samples.items() if way != CONSTANT])

    def paced(self, devices: int) -> None:
        """The whole fleet once a minute."""
        posts_per_s = devices / 60 / PACED_BATCH
        gateways = self.plant.gateways(min(PACED_GATEWAYS, devices // PACED_BATCH))
        self.watch("api")
        sample = asyncio.run(
            open_loop(self.open("api"), gateways, PACED_BATCH, posts_per_s, self.options.seconds, self.machine)
        )
        say(f"\nevery device once a minute, {PACED_BATCH} readings a POST")
        say(line(devices, len(gateways), PACED_BATCH, "paced", sample))
        ours, cores = sum(map(sample.cores, SERVERS)), os.cpu_count() or 1
        say(f"        {ours / cores:.0%} of the machine, and {sample.cores('client') / cores:.0%} for the load")
        self.check([sample])

    def page(self) -> None:
        """How old a value is when it can be read."""
        (gateway,) = self.plant.gateways(1)
        api = self.servers["api"]
        told = page_latencies(
            self.stack, api.url, ways.api(api.url), gateway, posts_per_s=PAGE_POSTS_PER_S, seconds=self.options.seconds
        )
        if told is None:
            say("\nno Chromium here: the page was not measured")
            return
        latencies, never = told
        cuts = quantiles(latencies, n=100, method="inclusive")
        say(f"\nfrom POST to page, {PAGE_POSTS_PER_S:.0f} POSTs/s of one reading, {len(gateway.devices)} devices")
        say(f"p50 {cuts[49] * 1000:.0f} ms  p95 {cuts[94] * 1000:.0f} ms  p99 {cuts[98] * 1000:.0f} ms")
        say(f"{len(latencies)} values seen, {never} not (the page draws once a frame)")

    def watch(self, way: str) -> None:
        """Count the CPU time of the API that `way` uses."""
        self.machine.roots["api"] = self.servers[way if way in self.servers else "api"].pid

    def check(self, samples: list[Sample]) -> None:
        """Every reading that was answered for is there, and no other."""
        answered = sum(sample.readings + sample.warmed_up for sample in samples)
        if (stored := self.plant.stored()) != answered:
            raise SystemExit(f"{answered} readings were answered for, and {stored} are stored")
        self.plant.empty()


def say(text: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    options = arguments()
    turns = f"{options.seconds:g} s a point in {options.turns} turns"
    say(f"{os.cpu_count()} cores, {options.workers} API worker(s), {turns}")
    for devices in options.devices:
        is_small = devices <= options.live_up_to
        with ExitStack() as exits:
            bench = started(exits, options)
            bench.plant = Plant(bench.stack.admin_database_url, devices, max(PACED_GATEWAYS, *options.connections))
            if is_small and options.subscribers:
                people = [person(bench.stack, DEFAULT_ORGANIZATION, n) for n in range(options.subscribers)]
                tokens = [token(bench.stack, *one) for one in people]
                bench.subscribers = exits.enter_context(subscribed(bench.stack.url, bench.stack.anon_key, tokens))
            listening = f"{options.subscribers} subscribers" if bench.subscribers else "nobody listening"
            say(f"\n{devices} devices, {listening}\n{HEADING}")
            bench.closed(devices)
            bench.paced(devices)
    if options.page_devices:
        with ExitStack() as exits:
            bench = started(exits, options)
            bench.plant = Plant(bench.stack.admin_database_url, options.page_devices, 1)
            bench.page()


def started(exits: ExitStack, options: argparse.Namespace) -> Bench:
    """A stack of its own, durable as an installation would be, and the APIs."""
    stack = exits.enter_context(throwaway_stack(durable=True))
    stack.start()
    servers = {}
    for way, more, app in (
        ("api", {}, "fluxio_api.wsgi:app"),
        ("alone", {"FLUXIO_GROUP_COMMIT_MS": "0"}, "fluxio_api.wsgi:app"),
        (CONSTANT, {"PYTHONPATH": str(Path(__file__).parents[1])}, "load.constant:app"),
    ):
        if way == "api" or way in options.ways:
            directory = Path(stack.dir) / way
            directory.mkdir()
            settings = API_SETTINGS | {"FLUXIO_API_WORKERS": str(options.workers)} | more
            servers[way] = exits.enter_context(running_api(stack, directory, app=app, **settings))
    return Bench(options, stack, servers, Machine({"postgres": stack.postgres.pid, "rest": stack.gateway.process.pid}))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="load", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30, help="for each way and point")
    parser.add_argument("--devices", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 10, 100], help="readings a POST")
    parser.add_argument("--ways", nargs="+", default=["api", CONSTANT, "rest", "rpc", "copy"],
                        choices=["api", "alone", CONSTANT, "rest", "rpc", "copy"])  # fmt: skip
    parser.add_argument("--workers", type=int, default=1, help="of the API")
    parser.add_argument("--subscribers", type=int, default=20)
    parser.add_argument("--live-up-to", type=int, default=1000, help="devices of a fleet that is listened to")
    parser.add_argument("--page-devices", type=int, default=10, help="of the page's fleet, all in sight; 0: no page")
    parser.add_argument("--quick", action="store_true", help="every part for a moment: that it runs, not how fast")
    options = parser.parse_args()
    options.turns = 1 if options.quick else TURNS
    if options.quick:
        options.seconds, options.devices, options.live_up_to = 0.6, [60, 600], 60
        options.connections, options.batch = [1, 4], [1, 10]
        options.subscribers, options.page_devices = 2, 10
    return options


if __name__ == "__main__":
    main()
