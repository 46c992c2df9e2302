# ruff: noqa: N999 - the name gunicorn looks for
"""How gunicorn serves the API: `gunicorn --config <this file> fluxio_api.wsgi:app`."""

import contextlib
import gc
import importlib
import os
import shutil
import socket
import struct
import sys
import tempfile
import time

from gunicorn import util  # type: ignore[import-untyped] # gunicorn has no types
from gunicorn.http import errors, parser, unreader  # type: ignore[import-untyped]
from gunicorn.workers import gthread  # type: ignore[import-untyped]


def _number(name: str, default: int, most: int, kind: type[int] | type[float] = int) -> float:
    """The variable `name`, more than 0; ends the start, naming it, if it is something else."""
    try:
        value = kind(os.environ.get(name) or default)
    except ValueError:
        value = 0
    if not 0 < value <= most:
        word = "whole number" if kind is int else "number"
        sys.exit(f"the API cannot start:\n  {name}: must be a {word} above 0 and at most {most}")
    return value


worker_class = "gthread"
#: The key cache is per worker, and so are rate limits without FLUXIO_RATE_LIMIT_STORAGE.
workers = _number("FLUXIO_API_WORKERS", 1, 256)
threads = _number("FLUXIO_API_THREADS", 40, 1000)
#: [s] Longer than an ingest call with its repeats, or a person's call, may take.
timeout = max(60, int(2 * _number("FLUXIO_REQUEST_TIMEOUT_S", 30, 300, float)))
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

#: For how long a head, or a body, may be waited for in all [s], and for how much longer with each byte of it
#: [bytes/s]: far less than NB-IoT carries.
_PATIENCE_S, _SLOWEST = 20.0, 500.0

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


class _Paced(unreader.SocketUnreader):  # type: ignore[misc] # gunicorn has no types
    """A connection whose client must send on, or a few that send a byte now and then hold all threads.

    Counted is the time in which a thread waits for bytes, not the time
    between requests.
    """

    is_body = False
    waited_s = 0.0
    received = 0

    def begin(self, *, is_body: bool) -> None:
        self.is_body, self.waited_s, self.received = is_body, 0.0, 0

    def chunk(self, size_hint: int | None = None) -> bytes:
        left = _PATIENCE_S + self.received / _SLOWEST - self.waited_s
        before = self.sock.gettimeout()
        # Setting it is a call to the system, after which a thread may have to wait for the others: not each time.
        is_short = left < (_RECEIVE_PAUSE_S if before is None else before)
        begun = time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError("the client sends too slowly")
            if is_short:
                self.sock.settimeout(left)
            data: bytes = super().chunk(size_hint)
        except (TimeoutError, BlockingIOError) as error:
            if self.is_body:
                raise
            # Nobody to answer, and nothing to log.
            raise errors.NoMoreData from error
        finally:
            if is_short:
                self.sock.settimeout(before)
            self.waited_s += time.monotonic() - begun
        self.received += len(data)
        return data


parser.SocketUnreader = _Paced


def pre_request(worker, req):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - gunicorn has no types
    """The head is read: the body has patience of its own."""
    if isinstance(getattr(req, "unreader", None), _Paced):
        req.unreader.begin(is_body=True)


def post_request(worker, req, environ, resp):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """What comes next is another head."""
    if isinstance(getattr(req, "unreader", None), _Paced):
        req.unreader.begin(is_body=False)


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
    """Drain what was spooled before a restart without waiting for the first request.

    What is loaded by now stays: the collector need not look at it again and again.
    """
    gc.collect()
    gc.freeze()
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
