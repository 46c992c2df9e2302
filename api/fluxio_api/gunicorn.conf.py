# ruff: noqa: N999 - the name gunicorn looks for
"""How gunicorn serves the API: `gunicorn --config <this file> fluxio_api.wsgi:app`."""

import os
import socket
import struct

worker_class = "gthread"
#: Rate limits and the key cache are per worker.
workers = int(os.environ.get("FLUXIO_API_WORKERS") or 1)
threads = int(os.environ.get("FLUXIO_API_THREADS") or 40)
#: [s] Longer than an ingest call with its repeats may take.
timeout = 60
graceful_timeout = 25
keepalive = 15
#: [bytes] A key of 10,000 bytes gets the API's own 401, not gunicorn's HTML.
limit_request_field_size = 65_536
#: The API writes its own line for each request.
accesslog = None
#: It would lie in the home directory, the same file for every server of this account.
control_socket_disable = True

#: How long a client may pause within a request's head, and in taking an answer [s].
_RECEIVE_PAUSE_S, _SEND_PAUSE_S = 10, 20


def when_ready(server):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - gunicorn has no types
    """Let no dead mobile link hold a thread for ever; every connection inherits this from the listening socket."""
    for listener in server.LISTENERS:
        for option, seconds in ((socket.SO_RCVTIMEO, _RECEIVE_PAUSE_S), (socket.SO_SNDTIMEO, _SEND_PAUSE_S)):
            listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))
