"""A webhook's receiver with a certificate of its own, and a mail server, both on loopback."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from fluxio_local import ports


@dataclass
class Webhook:
    """What came in, and what is answered."""

    url: str
    #: For SSL_CERT_FILE of who calls.
    ca_file: Path
    status: int = 200
    location: str | None = None
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def webhook(directory: Path) -> Iterator[Webhook]:
    """An HTTPS server on `localhost`."""
    authority = trustme.CA()
    ca_file = directory / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    port = ports.free_port()
    hook = Webhook(f"https://localhost:{port}/hooks/secret-part", ca_file)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            hook.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(hook.status)
            if hook.location:
                self.send_header("location", hook.location)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Mailbox:
    """Every mail that came in; `refuses` makes the server answer 451."""

    port: int
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refuses: bool = False

    @property
    def server(self) -> str:
        """For FLUXIO_MAIL_SERVER."""
        return f"mailto://127.0.0.1:{self.port}/?mode=insecure&from=alerts@water.example"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's)
        if self.refuses:
            return "451 later"
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((list(envelope.rcpt_tos), mail))
        return "250 taken"


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server on a free port."""
    box = Mailbox(ports.free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
