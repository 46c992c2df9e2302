"""A web host for plain files, as page hosts are: it sends what the file `_headers` beside them says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.split("?")[0] == "/_headers":
            self.send_error(404)
            return
        super().do_GET()

    def end_headers(self) -> None:
        for name, value in _headers_of(Path(self.directory)):
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


def _headers_of(folder: Path) -> Iterator[tuple[str, str]]:
    """What `_headers` says of all paths (`/*`), as Cloudflare Pages and Netlify read it."""
    file = folder / "_headers"
    is_for_all = False
    for line in file.read_text().splitlines() if file.exists() else []:
        if line and not line[0].isspace():
            is_for_all = line.strip() == "/*"
        elif is_for_all and ":" in line:
            name, value = line.split(":", 1)
            yield name.strip(), value.strip()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve `folder` on loopback until the end of the block; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, name="static host")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
