"""Where a webhook may go: an address that an admin typed must not reach into the server's own network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

from .ports import SendError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def reachable_addresses(host: str, port: int, allowed: Sequence[Network]) -> list[str]:
    """The IP addresses of `host` to connect to; the name is not looked up again, so that it cannot change meanwhile.

    Public ones only, but for those in `allowed`. If one address of the name may
    not be reached, none is. Raises SendError.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SendError("the host's name has no address") from error
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    for address in addresses:
        # An IPv4 address in IPv6's clothes.
        real = getattr(address, "ipv4_mapped", None) or address
        if not real.is_global and not any(real in network for network in allowed):
            raise SendError("the host has an address that is not public", is_final=True)
    return [str(address) for address in dict.fromkeys(addresses)]
