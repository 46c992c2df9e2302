"""Requests to the API over one kept-alive connection, and the time that its answers tell."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import gzip
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx

from fluxio_edge.api import Outcome, Unsettled, interpret
from fluxio_edge.forward_settings import ApiSettings, SendingSettings
from fluxio_edge.reading import Clock, utc_now
from fluxio_edge.spool import Spooled
from fluxio_edge.tls import certificate_fault, trusted

_log = logging.getLogger(__name__)

#: Called with the time that an answer tells, if it does, and how long it took [s].
Heard = Callable[[datetime | None, float], None]


def open_client(api: ApiSettings, sending: SendingSettings, url: str) -> httpx.AsyncClient:
    """One kept-alive connection; a proxy of the environment is not used for a local API. Raises ConfigError."""
    return httpx.AsyncClient(
        timeout=sending.timeout_s,
        limits=httpx.Limits(max_connections=1, keepalive_expiry=120),
        trust_env=urlsplit(url).hostname not in ("127.0.0.1", "::1", "localhost"),
        verify=trusted(api.ca_file),
    )


class Transport:
    """The API at `url`.

    Bodies of `gzip_from` bytes and more are compressed until the API says that it does not know that.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        *,
        timeout_s: float,
        gzip_from: int = 0,
        heard: Heard | None = None,
        clock: Clock = utc_now,
    ) -> None:
        """`client` is closed by the caller. The whole of an exchange may take `timeout_s`."""
        self._client = client
        self._address = f"{url}/api/ingest"
        self._timeout_s = timeout_s
        self._gzip_from = gzip_from
        self._heard = heard
        self._clock = clock

    async def post_readings(self, key: str, batch: Sequence[Spooled]) -> Outcome:
        """Send `batch` (1 to 1,000 readings) and interpret the answer."""
        answer = await self.post(key, "[" + ",".join(each.reading.body for each in batch) + "]")
        return answer if isinstance(answer, Unsettled) else interpret(answer, batch, self._clock())

    async def post(self, key: str, content: str) -> httpx.Response | Unsettled:
        """The answer to a POST of `content`, or why there is none."""
        body, headers = content.encode(), {"content-type": "application/json", "x-api-key": key}
        if not 0 < self._gzip_from <= len(body):
            return await self._exchange("POST", body, headers)
        packed = await asyncio.to_thread(gzip.compress, body, 6, mtime=0)
        answer = await self._exchange("POST", packed, {**headers, "content-encoding": "gzip"})
        if isinstance(answer, httpx.Response) and answer.status_code == httpx.codes.UNSUPPORTED_MEDIA_TYPE:
            self._gzip_from = 0
            _log.info("link: the API takes no compressed bodies; they are sent as they are from now on")
            return await self._exchange("POST", body, headers)
        return answer

    async def ask(self) -> Unsettled | None:
        """Ask for a sign of life and so for the time; why there is no answer, or None."""
        answer = await self._exchange("GET", b"", {})
        return answer if isinstance(answer, Unsettled) else None

    async def _exchange(self, method: str, body: bytes, headers: dict[str, str]) -> httpx.Response | Unsettled:
        """One request.

        A connection that breaks without an answer is tried once more at once: a kept-alive connection
        may have been closed by the other side in that moment, and a repeat is harmless.
        """
        loop = asyncio.get_running_loop()
        for last_attempt in (False, True):
            started = loop.time()
            try:
                async with asyncio.timeout(self._timeout_s):
                    response = await self._client.request(method, self._address, content=body, headers=headers)
            except TimeoutError:
                return Unsettled("slow", f"no answer within {self._timeout_s:g} s")
            except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
                return Unsettled("slow", _words(error))
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
                if last_attempt:
                    return Unsettled("away", _words(error))
            except httpx.HTTPError as error:
                fault = certificate_fault(error, self._clock())
                return Unsettled("certificate", fault) if fault else Unsettled("away", _words(error))
            else:
                self._hear(response, loop.time() - started)
                return response
        raise AssertionError("unreachable")

    def _hear(self, response: httpx.Response, round_trip: float) -> None:
        """Only the API speaks JSON; a portal that wants a log-in may have any clock."""
        if self._heard is None or "json" not in response.headers.get("content-type", ""):
            return
        moment = None
        with contextlib.suppress(ValueError):
            moment = email.utils.parsedate_to_datetime(response.headers.get("date", ""))
        if moment is not None and moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        self._heard(moment, round_trip)


def _words(error: httpx.HTTPError) -> str:
    """An exception as a reason; httpx's timeouts have no text of their own."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
