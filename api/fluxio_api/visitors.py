"""Where a caller comes from, and how many unknown keys came from there."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from flask import Request
from limits import parse

from .problems import RateLimited
from .sliding_window import SlidingWindow

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: Whoever has one IPv6 address usually has all of its /64; RFC 6177.
_IPV6_SITE = 64


@dataclass(frozen=True, slots=True)
class Visitor:
    """A caller at one address."""

    #: None: it cannot be told.
    address: Address | None
    visitors: Visitors

    def check(self) -> None:
        """Raise RateLimited if too many unknown keys came from there lately."""
        self.visitors.check(_site(self.address))

    def failed(self) -> None:
        """Count one unknown key from there."""
        self.visitors.failed(_site(self.address))


class Visitors:
    """Tells callers apart by their addresses; safe to share between threads.

    `trusted`: the proxies whose X-Forwarded-For is believed. `rate`: how many
    keys that turn out unknown one address may try, in the notation of the
    `limits` library, counted in this process.
    """

    def __init__(self, trusted: Sequence[Network], *, rate: str) -> None:
        self._trusted = trusted
        self._tries = SlidingWindow(parse(rate))
        self._lock = threading.Lock()

    def of(self, request: Request) -> Visitor:
        """Who sent `request`."""
        address = client_address(request.remote_addr, request.headers.get("X-Forwarded-For", ""), self._trusted)
        return Visitor(address, self)

    def check(self, site: str) -> None:
        """As Visitor.check, by the address or IPv6 site."""
        with self._lock:
            wait_s = self._tries.wait_s(site)
        if wait_s:
            raise RateLimited("Too many unknown keys came from this address; repeat after Retry-After.", wait_s=wait_s)

    def failed(self, site: str) -> None:
        """As Visitor.failed."""
        with self._lock:
            self._tries.count(site)


def client_address(peer: str | None, forwarded_for: str, trusted: Sequence[Network]) -> Address | None:
    """The nearest address that is no trusted proxy's; None if that one is unreadable.

    `peer` is the connection's. `forwarded_for` is read from its end, where
    each proxy adds the address it was called from: what a caller wrote there
    itself stands further left and is never reached.
    """
    address = _read(peer or "")
    hops = forwarded_for.split(",") if forwarded_for.strip() else []
    while hops and address is not None and any(address in network for network in trusted):
        address = _read(hops.pop())
    return address


def _read(text: str) -> Address | None:
    """An address as proxies write it: also with a port, also IPv4 inside IPv6."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _site(address: Address | None) -> str:
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _IPV6_SITE), strict=False))
    return str(address)
