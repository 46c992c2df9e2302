# ruff: noqa: N999 - the name gunicorn looks for
"""How gunicorn serves the API: `gunicorn --config <this file> fluxio_api.wsgi:app`."""

import contextlib
import importlib
import os
import shutil
import socket
import struct
import tempfile

from gunicorn import util  # type: ignore[import-untyped] # gunicorn has no types
from gunicorn.workers import gthread  # type: ignore[import-untyped]

worker_class = "gthread"
#: The key cache is per worker, and so are rate limits without FLUXIO_RATE_LIMIT_STORAGE.
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

#: Where prometheus_client wants the workers' metrics, and whose folder it is if it is ours: "<pid> <folder>".
_METRICS_DIR, _METRICS_OWNER = "PROMETHEUS_MULTIPROC_DIR", "_FLUXIO_METRICS_OWNER"


def _prepare_metrics() -> None:
    """Give the workers a folder for their metrics, unless there is one already.

    Read again at each reload (SIGHUP), when the folder stays. A master that
    another one started (SIGUSR2) inherits the variables and needs a folder of its own.
    """
    folder = os.environ.get(_METRICS_DIR)
    pid, _, owned = os.environ.get(_METRICS_OWNER, "").partition(" ")
    if folder and (folder != owned or pid == str(os.getpid())):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return
    folder = tempfile.mkdtemp(prefix="fluxio-metrics-")
    os.environ[_METRICS_DIR] = folder
    os.environ[_METRICS_OWNER] = f"{os.getpid()} {folder}"


_prepare_metrics()

#: How long a worker that ends keeps idle connections [s]: longer than most clients do (httpx: 5 s). The next POST on
#: one is then answered, with Connection: close, and not lost on a connection that was just being closed.
gthread.STOP_KEEPALIVE_LINGER = 6.0


def _close(sock: socket.socket, timeout: float = 0, max_drain: int = 65_536) -> None:
    """Say goodbye and close, without waiting for the other end to do so too.

    gunicorn waits for that, up to 2 s for each connection and in the one
    thread that accepts new ones: a few clients on a slow link, or one that
    means harm, then stop the whole worker. What it waits for, bytes of the
    request that nobody has read, http_edge.py has thrown away already.
    """
    with contextlib.closing(sock), contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        sock.setblocking(False)
        while max_drain > 0 and (unread := sock.recv(4096)):
            max_drain -= len(unread)


util.close_graceful = _close


def on_starting(server):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - gunicorn has no types
    """Load the libraries before the workers, which then take no second to start while callers wait.

    Not the API itself: a reload (SIGHUP) is to find its new code. New libraries need a new server.
    """
    for library in ("flask_cors", "limits", "prometheus_client.multiprocess", "pydantic_settings", "supabase"):
        importlib.import_module(library)


def when_ready(server):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - gunicorn has no types
    """Let no dead mobile link hold a thread for ever; every connection inherits this from the listening socket."""
    for listener in server.LISTENERS:
        for option, seconds in ((socket.SO_RCVTIMEO, _RECEIVE_PAUSE_S), (socket.SO_SNDTIMEO, _SEND_PAUSE_S)):
            listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))


def post_worker_init(worker):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Drain what was spooled before a restart without waiting for the first request."""
    spooling = getattr(worker.wsgi, "extensions", {}).get("fluxio.spool")
    if spooling is not None:
        spooling.start()


def child_exit(server, worker):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Forget what only a living worker has; its counters stay."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call] # the client has no type for it


def on_exit(server):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Take the metrics' folder away if it is this server's own."""
    pid, _, owned = os.environ.get(_METRICS_OWNER, "").partition(" ")
    if pid == str(os.getpid()):
        shutil.rmtree(owned, ignore_errors=True)
