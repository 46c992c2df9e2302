"""Ports on loopback: the usual one, or a free one if that is taken."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Iterable
from contextlib import ExitStack

from .errors import LocalStackError

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on; it may be gone a moment later."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many different ports nobody listens on; asked for one by one, the same may come twice."""
    with ExitStack() as probes:
        taken = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in taken:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in taken]


def choose(name: str, *, wanted: int | None, usual: Iterable[int | None], others: Collection[int | None] = ()) -> int:
    """The port to use: `wanted` or nothing else, else the first free one of `usual`, else any free one.

    None of `others`, which other parts use or will. Raises LocalStackError if `wanted` is taken.
    """
    if wanted is not None:
        if not is_free(wanted):
            raise LocalStackError(f"port {wanted} is taken; set {name} to another")
        return wanted
    for port in usual:
        if port is not None and port not in others and is_free(port):
            return port
    return free_port()


def past_proxies() -> dict[str, str]:
    """Variables with which a process reaches loopback itself even where a proxy is set for everything."""
    named = {os.environ.get(name, "") for name in ("no_proxy", "NO_PROXY")} | {HOST}
    value = ",".join(sorted(named - {""}))
    return {"no_proxy": value, "NO_PROXY": value}
