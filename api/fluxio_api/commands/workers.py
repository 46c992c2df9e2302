"""scheduler and notifier: programs that go on until they are told to stop."""

from __future__ import annotations

import logging
import signal
from typing import Protocol

from flask import Flask

from .. import requestlog
from ..scheduler.loop import Scheduler
from ..settings import Settings
from ..stores.jobs import SupabaseJobs
from ..stores.outbox import SupabaseOutbox
from ..stores.upstream import Upstream

#: Beyond the statement_timeout of public.run_job [s].
_LONGEST_JOB_S = 610.0


def register(app: Flask, settings: Settings) -> None:
    """Add the commands."""

    @app.cli.command("scheduler")
    def run_scheduler() -> None:
        """Wake the database's jobs on time, until SIGTERM or Ctrl-C.

        One for a project is enough, two do no harm. What pg_cron wakes is left
        to it.
        """
        requestlog.configure(settings.log_level, settings.log_format)
        # A job may take as long as the database lets it.
        patient = settings.model_copy(update={"upstream_timeout_s": _LONGEST_JOB_S})
        _run_until_told(Scheduler(SupabaseJobs(Upstream(patient))))

    @app.cli.command("notifier")
    def run_notifier() -> None:
        """Send the notifications of alerts, until SIGTERM or Ctrl-C.

        Any number may run beside each other.
        """
        # Here, so that the API's workers need not hold Apprise in memory.
        from ..notifier.loop import Notifier
        from ..notifier.ports import Sender
        from ..notifier.services import AppriseSender, EmailSender
        from ..notifier.webhook import WebhookSender

        requestlog.configure(settings.log_level, settings.log_format)
        # Its lines may name addresses.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        mail_server = settings.mail_server.get_secret_value() if settings.mail_server else None
        senders: dict[str, Sender] = {
            "email": EmailSender(mail_server),
            "webhook": WebhookSender(settings.webhook_networks),
            "apprise": AppriseSender(),
        }
        _run_until_told(Notifier(SupabaseOutbox(Upstream(settings)), senders))


class _Loop(Protocol):
    def run(self) -> None: ...

    def stop(self) -> None: ...


def _run_until_told(loop: _Loop) -> None:
    """Run until SIGTERM or SIGINT, and end in good order."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    loop.run()
