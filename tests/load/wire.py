"""HTTP/1.1 as a load generator needs it: keep-alive, a fixed head, an answer's status and bytes.

Not a client library: those use as much of the machine as the server that is
measured, and here both are on one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from urllib.parse import urlsplit

#: Longest wait for an answer [s]; longer than any timeout of what is measured.
_PATIENCE_S = 60.0


class Wire:
    """One connection that POSTs to one address."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._head = ("\r\n".join(lines) + "\r\nContent-Length: ").encode("ascii")

    async def __aenter__(self) -> Wire:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    async def post(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._writer.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        async with asyncio.timeout(_PATIENCE_S):
            head = await self._reader.readuntil(b"\r\n\r\n")
            status = int(head[9:12])
            return status, await self._body(head.lower())

    async def _body(self, head: bytes) -> bytes:
        _, named, rest = head.partition(b"\r\ncontent-length:")
        if named:
            return await self._reader.readexactly(int(rest.partition(b"\r\n")[0]))
        chunks = []
        while b"\r\ntransfer-encoding: chunked" in head:
            size = int(await self._reader.readline(), 16)
            chunks.append((await self._reader.readexactly(size + 2))[:-2])
            if size == 0:
                break
        return b"".join(chunks)
