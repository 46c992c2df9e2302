"""Calls to Supabase: one pool of connections, timeouts for each, failures sorted by what to do about them.

The pool and the service client are shared by all threads. That is sound:
httpx.Client is made for it, and of supabase-py only `rpc` and `table` are
used, which build a request from copies of the client's headers; its sign-in
state, which is not thread-safe, is never used. HTTP/1.1, because one HTTP/2
connection would be shared by all threads and lost for all of them at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TypeVar

import httpx
from postgrest import APIError, SyncPostgrestClient
from supabase import Client, ClientOptions, create_client

from ..problems import Unavailable
from ..settings import Settings

_log = logging.getLogger(__name__)

T = TypeVar("T")

_CONNECT_TIMEOUT_S = 3.0
#: Waiting for a connection of the pool [s].
_POOL_TIMEOUT_S = 5.0
#: Below the 5 s after which Node closes an idle connection.
_KEEPALIVE_S = 4.0

#: Classes of SQLSTATE, and of PostgREST's codes, that speak of the request; any other says "not now".
_ABOUT_THE_REQUEST = ("22", "23", "40", "42", "54", "P0", "PGRST1", "PGRST2", "PGRST3", "PGRST4")

#: Of a statement that ran into statement_timeout.
_CANCELED = "57014"


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """Supabase answered, and refused. `code` is an SQLSTATE or one of PostgREST's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Late(Unavailable):
    """Supabase was reached, and took longer than it may: than the client waits or the database lets a statement run."""


class Upstream:
    """One Supabase project; `transport` takes the network's place in tests."""

    def __init__(self, settings: Settings, *, transport: httpx.BaseTransport | None = None) -> None:
        self._rest_url = f"{settings.supabase_url}/rest/v1"
        self._anon_key = settings.supabase_anon_key
        self._http = httpx.Client(
            timeout=httpx.Timeout(settings.upstream_timeout_s, connect=_CONNECT_TIMEOUT_S, pool=_POOL_TIMEOUT_S),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=_KEEPALIVE_S),
            # A cookie of one person's answer must not go out with another's request.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            http2=False,
            follow_redirects=False,
            transport=transport,
        )
        options = ClientOptions(
            auto_refresh_token=False, persist_session=False, postgrest_client_retry=False, httpx_client=self._http
        )
        #: Acts as service_role, past row security.
        self.service: Client = create_client(
            settings.supabase_url, settings.supabase_service_role_key.get_secret_value(), options
        )
        # Made on first use otherwise, which two threads could do at once.
        _ = self.service.postgrest
        self._outage = _Outage()

    def close(self) -> None:
        """Close the pool's connections."""
        self._http.close()

    def as_person(self, token: str) -> SyncPostgrestClient:
        """A client that acts as the person whose access token this is."""
        headers = {"apikey": self._anon_key, "Authorization": f"Bearer {token}"}
        return SyncPostgrestClient(self._rest_url, headers=headers, http_client=self._http, retry_enabled=False)

    def call(self, send: Callable[[], T], *, repeatable: bool) -> T:
        """What `send` answers.

        A connection that broke is tried once more if `repeatable`, which says
        that doing it twice is harmless; a timeout is not, since it has cost the
        caller its time already. Raises Refused, and problems.Unavailable for
        everything that may be over later, of which Late is one kind.
        """
        for attempt in range(2):
            try:
                answer = send()
            except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
                if attempt == 0 and repeatable:
                    continue
                raise self._unavailable(type(error).__name__) from error
            except httpx.ReadTimeout as error:
                raise Late(self._unavailable("ReadTimeout").detail) from error
            except httpx.TransportError as error:
                raise self._unavailable(type(error).__name__) from error
            except APIError as error:
                code = error.code or ""
                if _is_about_the_request(code) or _is_registered(code):
                    self._outage.ended()
                    raise Refused(code) from error
                if code == _CANCELED:
                    raise Late("The database took too long; send the same request again later.") from error
                raise self._unavailable(f"answer {code or 'without code'}: {error.message}") from error
            else:
                self._outage.ended()
                return answer
        raise AssertionError("unreachable")

    def _unavailable(self, reason: str) -> Unavailable:
        self._outage.began(reason)
        return Unavailable("The database cannot be reached; send the same request again later.")


def _is_about_the_request(code: str) -> bool:
    """Whether `code` is such an SQLSTATE or PostgREST code; the client gives a proxy's status in their place."""
    return (len(code) == 5 or code.startswith("PGRST")) and code.startswith(_ABOUT_THE_REQUEST)


def _is_registered(code: str) -> bool:
    """Whether `code` is one of FluxIO's own; docs/error-codes.md."""
    return len(code) == 5 and code.isascii() and code.isalpha() and code.isupper() and code[0] not in "FHPX"


class _Outage:
    """Logs when the database goes and when it is back, not each call in between."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lasting = False

    def began(self, reason: str) -> None:
        with self._lock:
            before, self._lasting = self._lasting, True
        if not before:
            _log.error("Supabase is away: %s", reason)

    def ended(self) -> None:
        with self._lock:
            before, self._lasting = self._lasting, False
        if before:
            _log.warning("Supabase is back")
