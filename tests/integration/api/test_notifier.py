"""The notifier as a process, against a real mail server and a real HTTPS receiver on loopback."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from fluxio_local.stack import Stack
from support.api_server import api_env
from support.stacks import throwaway_stack
from support.webhooks import Mailbox, Webhook, mailbox, webhook

_PATIENCE_S = 40


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Stack]:
    """The notifier empties the outbox of everybody, so it has a stack of its own."""
    with throwaway_stack() as stack:
        stack.start(include_seed=True)
        yield stack


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[Webhook]:
    with webhook(tmp_path) as hook:
        yield hook


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@pytest.fixture
def db(own_stack: Stack) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """As postgres, with an outbox and channels that are empty."""
    with psycopg.connect(own_stack.database_url, autocommit=True) as connection:
        for table in ("notification_outbox", "notification_channels"):
            connection.execute(f"delete from public.{table}".encode())
        yield connection


Database = psycopg.Connection[tuple[object, ...]]


@contextmanager
def notifier(stack: Stack, log: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "fluxio_api", "notifier"],
            env=api_env(stack, **settings), stdout=file, stderr=file,
        )  # fmt: skip
    try:
        yield process
        process.terminate()
        assert process.wait(timeout=_PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()


def until(true: Callable[[], object], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def add_channel(
    db: Database, name: str, kind: str, *, recipients: list[str] | None = None, target: str | None = None
) -> bytes | None:
    """A channel of the default organization, set by its admin; a webhook's key."""
    admin = uuid4()
    db.execute(
        "insert into auth.users (id, email, email_confirmed_at) values (%s, %s, now())", [admin, f"{admin}@x.example"]
    )
    db.execute(
        "update public.users set organization_id = private.default_organization_id(), role = 'admin' where id = %s",
        [admin],
    )
    with db.transaction():
        db.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps({"sub": str(admin)})])
        db.execute("set local role authenticated")
        row = db.execute(
            "select signing_key from public.set_notification_channel(%s, %s, %s, %s)", [name, kind, recipients, target]
        ).fetchone()
    assert row is not None
    return base64.b64decode(str(row[0]).removeprefix("whsec_")) if row[0] else None


def open_alerts(db: Database, channels: list[str], count: int = 1) -> None:
    """Alerts of one rule that names these channels."""
    rule = uuid4()
    db.execute(
        "insert into public.alert_rules (id, device_id, rule_name, rule_type, threshold_value, notification_channels)"
        " values (%s, 'NIVUS_01', %s, 'high_flow', 1, %s)",
        [rule, str(rule), json.dumps(channels)],
    )
    devices = db.execute("select device_id from public.devices order by device_id limit %s", [count]).fetchall()
    assert len(devices) == count
    for (device,) in devices:
        db.execute(
            "insert into public.alerts (organization_id, device_id, rule_id, alert_type, severity, message)"
            " values (private.default_organization_id(), %s, %s, 'high_flow', 'critical', %s)",
            [device, rule, f"{device}: flow 140 m3/h above 100 m3/h"],
        )


def outbox(db: Database) -> list[tuple[object, ...]]:
    return db.execute(
        "select channel ->> 'channel', sent_at is not null, next_attempt_at is not null, last_error"
        " from public.notification_outbox order by id"
    ).fetchall()


def test_an_alert_goes_to_mail_and_webhook_once_each(
    own_stack: Stack, db: Database, hook: Webhook, box: Mailbox, tmp_path: Path
) -> None:
    key = add_channel(db, "hook", "webhook", target=hook.url)
    add_channel(db, "mail", "email", recipients=["ops@water.example", "duty@water.example"])
    open_alerts(db, ["hook", "mail"])
    log = tmp_path / "notifier.log"
    with notifier(
        own_stack, log, FLUXIO_MAIL_SERVER=box.server, FLUXIO_WEBHOOK_NETWORKS="127.0.0.0/8, ::1/128",
        SSL_CERT_FILE=str(hook.ca_file),
    ):  # fmt: skip
        until(lambda: [row[1] for row in outbox(db)] == [True, True], log)

    [(headers, body)] = hook.posts
    assert key is not None
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["host"] == hook.url.split("/")[2]
    told = json.loads(body)
    assert [one["event"] for one in told["notifications"]] == ["opened"]
    assert told["notifications"][0]["alert"]["message"] == "NIVUS_01: flow 140 m3/h above 100 m3/h"

    assert sorted(to for tos, _ in box.mails for to in tos) == ["duty@water.example", "ops@water.example"]
    assert "CRITICAL: NIVUS_01: flow 140 m3/h above 100 m3/h" in str(box.mails[0][1]["subject"])
    assert db.execute("select is_successful, error from public.notification_attempts").fetchall() == [(True, None)] * 2
    for secret in ("secret-part", str(box.port), own_stack.service_role_key):
        assert secret not in log.read_text()


def test_many_at_once_are_one_message(own_stack: Stack, db: Database, box: Mailbox, tmp_path: Path) -> None:
    add_channel(db, "mail", "email", recipients=["ops@water.example"])
    open_alerts(db, ["mail"], count=4)
    log = tmp_path / "notifier.log"
    with notifier(own_stack, log, FLUXIO_MAIL_SERVER=box.server):
        until(lambda: all(row[1] for row in outbox(db)), log)
    [(_, mail)] = box.mails
    assert "4 alerts: 4 opened" in str(mail["subject"])


def test_what_fails_waits_and_keeps_nobody(
    own_stack: Stack, db: Database, hook: Webhook, box: Mailbox, tmp_path: Path
) -> None:
    add_channel(db, "hook", "webhook", target=hook.url)
    add_channel(db, "mail", "email", recipients=["ops@water.example"])
    hook.status, hook.location = 302, "https://localhost/elsewhere"
    open_alerts(db, ["hook", "mail", "nobody"])
    log = tmp_path / "notifier.log"
    settings = {
        "FLUXIO_MAIL_SERVER": box.server, "FLUXIO_WEBHOOK_NETWORKS": "127.0.0.0/8,::1/128",
        "SSL_CERT_FILE": str(hook.ca_file),
    }  # fmt: skip
    with notifier(own_stack, log, **settings):
        until(lambda: [row[1:3] for row in sorted(outbox(db))] == [(False, True), (True, False), (False, False)], log)
    assert len(hook.posts) == 1, "a redirect is not followed, and a retry waits"
    assert [row[3] for row in sorted(outbox(db))] == [
        "the receiver answered 302", None, "the organization has no channel of this name",
    ]  # fmt: skip

    hook.status, hook.location = 204, None
    db.execute("update public.notification_outbox set next_attempt_at = now() where next_attempt_at is not null")
    with notifier(own_stack, log, **settings):
        until(lambda: sorted(outbox(db))[0][1], log)
    assert [headers["webhook-id"] for headers, _ in hook.posts] == [hook.posts[0][0]["webhook-id"]] * 2
    assert len(box.mails) == 1


def test_loopback_and_an_unknown_certificate_are_refused(
    own_stack: Stack, db: Database, hook: Webhook, tmp_path: Path
) -> None:
    add_channel(db, "hook", "webhook", target=hook.url)
    open_alerts(db, ["hook"])
    log = tmp_path / "notifier.log"
    with notifier(own_stack, log, SSL_CERT_FILE=str(hook.ca_file)):
        until(lambda: outbox(db)[0][3] == "the host has an address that is not public", log)
    open_alerts(db, ["hook"])
    with notifier(own_stack, log, FLUXIO_WEBHOOK_NETWORKS="127.0.0.0/8,::1/128"):
        until(lambda: str(outbox(db)[1][3]).startswith("nobody can be reached there"), log)
    assert hook.posts == []


def test_two_notifiers_send_once(own_stack: Stack, db: Database, box: Mailbox, tmp_path: Path) -> None:
    add_channel(db, "mail", "email", recipients=["ops@water.example"])
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    with (
        notifier(own_stack, logs[0], FLUXIO_MAIL_SERVER=box.server),
        notifier(own_stack, logs[1], FLUXIO_MAIL_SERVER=box.server),
    ):
        until(lambda: all("notifier started" in log.read_text() for log in logs), logs[0])
        for _ in range(3):
            open_alerts(db, ["mail"])
        until(lambda: len(outbox(db)) == 3 and all(row[1] for row in outbox(db)), logs[0])
    told = "\n".join(str(mail.get_body(("plain",))) + str(mail["subject"]) for _, mail in box.mails)
    assert db.execute("select count(*) from public.notification_attempts where is_successful").fetchone() == (3,)
    assert len(box.mails) <= 3
    assert "NIVUS_01" in told
