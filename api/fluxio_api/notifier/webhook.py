"""Webhooks: a signed POST, as https://www.standardwebhooks.com describes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Callable, Sequence

import httpx

from .address import Network, reachable_addresses
from .ports import Notification, Route, SendError

_TIMEOUT_S = 10.0
#: A receiver that answers so does not want this message, however often it comes.
_FINAL = frozenset({400, 404, 410, 413, 422})


class WebhookSender:
    """POSTs `{"type": "alerts", "timestamp", "organization", "notifications": [{id, event, alert}]}`.

    Headers `webhook-id` (the same when the same is sent again), `webhook-timestamp`
    [s since 1970] and `webhook-signature` (`v1,` and the base64 of HMAC-SHA256
    over `id.timestamp.body`). Any 2xx is success; redirects are not followed.
    """

    def __init__(self, allowed: Sequence[Network], *, clock: Callable[[], float] = time.time) -> None:
        self._allowed = allowed
        self._clock = clock
        # OpenSSL's own store, which SSL_CERT_FILE changes; no proxy, which would look names up anew.
        self._http = httpx.Client(
            timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False, verify=ssl.create_default_context()
        )

    def send(self, route: Route, notifications: list[Notification]) -> None:
        """One POST; raises SendError."""
        if route.target is None or route.signing_key is None:
            raise SendError("the channel has no address", is_final=True)
        url = httpx.URL(route.target)
        body = _body(route, notifications)
        headers = self._headers(base64.b64decode(route.signing_key), notifications, body) | {
            "Host": url.netloc.decode("ascii")
        }
        status = self._first_answer(url, body, headers)
        if not 200 <= status < 300:
            raise SendError(f"the receiver answered {status}", is_final=status in _FINAL)

    def _headers(self, key: bytes, notifications: list[Notification], body: bytes) -> dict[str, str]:
        timestamp = str(int(self._clock()))
        message_id = "msg_" + hashlib.sha256(repr([one.id for one in notifications]).encode()).hexdigest()[:32]
        signature = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
        return {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": "v1," + base64.b64encode(signature).decode("ascii"),
        }

    def _first_answer(self, url: httpx.URL, body: bytes, headers: dict[str, str]) -> int:
        """The status of the first of the host's addresses that answers; raises SendError."""
        failure: httpx.HTTPError | None = None
        for address in reachable_addresses(url.host, url.port or 443, self._allowed):
            request = self._http.build_request(
                "POST",
                url.copy_with(host=address),
                content=body,
                headers=headers,
                # The certificate is checked against the name, not against the address.
                extensions={"sni_hostname": url.host},
            )
            try:
                answer = self._http.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                # Nothing was sent.
                failure = error
            except httpx.HTTPError as error:
                raise SendError(f"no answer: {type(error).__name__}") from error
            else:
                answer.close()
                return answer.status_code
        raise SendError("nobody can be reached there, or its certificate is no good") from failure


def _body(route: Route, notifications: list[Notification]) -> bytes:
    content = {
        "type": "alerts",
        "timestamp": max(one.created_at for one in notifications).isoformat(),
        "organization": route.organization_name,
        "notifications": [{"id": one.id, "event": one.event, "alert": one.alert} for one in notifications],
    }
    return json.dumps(content, allow_nan=False).encode()
