"""Notification channels and what became of notifications, through the API."""

from __future__ import annotations

import json
import re
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from support.api_server import running_api
from support.stacks import throwaway_stack
from support.webhooks import webhook

from .conftest import DEFAULT_ORGANIZATION, Database, MakePlant, Plant, SignIn, signed_in
from .test_notifier import notifier, until

Headers = dict[str, str]

HOOK = {"name": "scada", "kind": "webhook", "target": "https://scada.water.example/hooks/secret-part?token=t"}


@pytest.fixture
def admin(plant: Plant, sign_in: SignIn) -> Headers:
    return sign_in(plant.organization_id, "admin")


def channel(client: httpx.Client, headers: Headers, name: str) -> dict[str, object]:
    listed = client.get("/api/channels", headers=headers).raise_for_status().json()["channels"]
    [found] = [one for one in listed if one["name"] == name]
    assert isinstance(found, dict)
    return found


def write(db: Database, plant: Plant, *, due: bool, sent: bool = False) -> int:
    """A notification of an alert of the plant's."""
    row = db.execute(
        "insert into public.alerts (organization_id, device_id, alert_type, severity, message)"
        " values (%s, %s, %s, 'warning', 'Dry') returning id",
        [plant.organization_id, plant.devices[0], uuid4().hex],
    ).fetchone()
    assert row is not None
    made = db.execute(
        "insert into public.notification_outbox (organization_id, alert_id, event, channel, next_attempt_at, sent_at)"
        """ values (%s, %s, 'opened', '{"channel": "scada"}',"""
        " case when %s then now() + interval '1 hour' end, case when %s then now() end) returning id",
        [plant.organization_id, row["id"], due, sent],
    ).fetchone()
    assert made is not None
    return int(str(made["id"]))


def test_a_webhooks_address_is_never_answered_and_its_key_once(client: httpx.Client, admin: Headers) -> None:
    made = client.post("/api/channels", json=HOOK, headers=admin)
    assert made.status_code == 201
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made.json()["signing_key"])
    assert (made.json()["kind"], made.json()["target_host"]) == ("webhook", "https://scada.water.example")
    again = client.post("/api/channels", json=HOOK, headers=admin)
    assert (again.status_code, again.json()["signing_key"]) == (200, None)
    listed = client.get("/api/channels", headers=admin)
    audited = client.get("/api/audit-log", params={"resource_type": "notification_channels"}, headers=admin)
    assert audited.json()["entries"]
    for answer in (made, again, listed, audited):
        assert "secret-part" not in answer.text
    assert "whsec_" not in listed.text + audited.text
    moved = client.patch("/api/channels/scada", json={"target": "https://elsewhere.example/x"}, headers=admin)
    assert moved.json()["signing_key"] not in {None, made.json()["signing_key"]}


def test_only_what_is_named_changes(client: httpx.Client, admin: Headers) -> None:
    client.post("/api/channels", json=HOOK, headers=admin).raise_for_status()
    mail = {"name": "duty mail", "kind": "email", "recipients": ["duty@water.example"], "is_enabled": False}
    client.post("/api/channels", json=mail, headers=admin).raise_for_status()
    off = client.patch("/api/channels/scada", json={"is_enabled": False}, headers=admin).raise_for_status().json()
    assert (off["is_enabled"], off["target_host"], off["signing_key"]) == (False, "https://scada.water.example", None)
    moved = {"name": "scada", "kind": "webhook", "target": "https://elsewhere.example/x"}
    assert client.post("/api/channels", json=moved, headers=admin).status_code == 200
    assert channel(client, admin, "scada")["is_enabled"] is False
    client.patch("/api/channels/duty%20mail", json={"recipients": ["night@water.example"]}, headers=admin)
    seen = channel(client, admin, "duty mail")
    assert (seen["recipients"], seen["is_enabled"]) == (["night@water.example"], False)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "a/b", "kind": "email", "recipients": ["a@x.example"]}, "/name"),
        ({"name": "..", "kind": "email", "recipients": ["a@x.example"]}, "/name"),
        ({"name": "", "kind": "email", "recipients": ["a@x.example"]}, "/name"),
        ({"name": "x", "kind": "pigeon"}, "/kind"),
        ({"name": "x", "kind": "email", "recipients": []}, "/recipients"),
        ({"name": "x", "kind": "email"}, None),
        ({"name": "x", "kind": "webhook"}, None),
        ({"name": "x", "kind": "webhook", "target": "http://plain.example/"}, None),
        ({"name": "x", "kind": "apprise", "target": "file:///etc/passwd"}, None),
        ({"name": "x", "kind": "webhook", "target": "https://a.example/", "secret": "s"}, "/secret"),
    ],
)
def test_a_channel_that_could_tell_nobody_is_refused(
    client: httpx.Client, admin: Headers, body: dict[str, object], pointer: str | None
) -> None:
    answer = client.post("/api/channels", json=body, headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    if pointer is not None:
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert client.get("/api/channels", headers=admin).json() == {"channels": []}


def test_channels_are_an_admins_of_their_own_organization(
    client: httpx.Client, plant: Plant, make_plant: MakePlant, admin: Headers, sign_in: SignIn
) -> None:
    client.post("/api/channels", json=HOOK, headers=admin).raise_for_status()
    stranger = sign_in(make_plant().organization_id, "admin")
    operator = sign_in(plant.organization_id, "operator")
    mail = {"name": "x", "kind": "email", "recipients": ["a@x.example"]}
    assert client.post("/api/channels", json=mail, headers=operator).status_code == 403
    assert client.patch("/api/channels/scada", json={"is_enabled": False}, headers=operator).status_code == 403
    assert client.post("/api/channels/scada/test", headers=operator).status_code == 403
    for headers in (operator, stranger):
        assert client.get("/api/channels", headers=headers).json() == {"channels": []}
        assert client.delete("/api/channels/scada", headers=headers).status_code == 404
    for method, path in (("PATCH", "/api/channels/scada"), ("POST", "/api/channels/scada/test")):
        answer = client.request(method, path, json={"is_enabled": False}, headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert channel(client, admin, "scada")["is_enabled"] is True
    assert client.delete("/api/channels/scada", headers=admin).status_code == 204
    assert client.delete("/api/channels/scada", headers=admin).status_code == 404


def test_operators_see_what_became_of_notifications_page_by_page(
    client: httpx.Client, db: Database, plant: Plant, make_plant: MakePlant, sign_in: SignIn
) -> None:
    waiting, sent, given_up = (
        write(db, plant, due=True), write(db, plant, due=False, sent=True), write(db, plant, due=False),
    )  # fmt: skip
    db.execute(
        "insert into public.notification_attempts (notification_id, organization_id, is_successful, error)"
        " values (%s, %s, false, 'the receiver answered 410')",
        [given_up, plant.organization_id],
    )
    operator = sign_in(plant.organization_id, "operator")
    first = client.get("/api/notifications", params={"limit": 2}, headers=operator).raise_for_status().json()
    rest = client.get("/api/notifications", params={"limit": 2, "after": first["next"]}, headers=operator).json()
    told = [(one["id"], one["status"]) for one in first["notifications"] + rest["notifications"]]
    assert told == [(given_up, "given_up"), (sent, "sent"), (waiting, "waiting")]
    assert rest["next"] is None
    for number, status in told:
        found = client.get("/api/notifications", params={"status": status}, headers=operator).json()["notifications"]
        assert [one["id"] for one in found] == [number]
    one = client.get(f"/api/notifications/{given_up}", headers=operator).raise_for_status().json()
    assert [(a["is_successful"], a["error"]) for a in one["tries"]] == [(False, "the receiver answered 410")]

    viewer, stranger = sign_in(plant.organization_id, "viewer"), sign_in(make_plant().organization_id, "admin")
    for headers in (viewer, stranger):
        assert client.get("/api/notifications", headers=headers).json() == {"notifications": [], "next": None}
        assert client.get(f"/api/notifications/{sent}", headers=headers).status_code == 404
        assert client.post(f"/api/notifications/{sent}/resend", headers=headers).status_code == 404
    assert client.get("/api/notifications", params={"status": "lost"}, headers=operator).status_code == 400


def test_an_admin_has_a_notification_told_again(
    client: httpx.Client, db: Database, plant: Plant, admin: Headers, sign_in: SignIn
) -> None:
    sent = write(db, plant, due=False, sent=True)
    path = f"/api/notifications/{sent}/resend"
    operator = sign_in(plant.organization_id, "operator")
    assert client.post(path, headers=operator).status_code == 403
    for _ in range(2):
        again = client.post(path, headers=admin).raise_for_status().json()
        assert (again["status"], again["sent_at"]) == ("waiting", None)
    logged = client.get("/api/audit-log", params={"resource_id": str(sent)}, headers=admin).json()["entries"]
    assert [entry["action"] for entry in logged] == ["resend"]
    assert client.post(f"/api/notifications/{2**62}/resend", headers=admin).status_code == 404


def test_a_test_goes_out_by_the_notifier_once(tmp_path: Path) -> None:
    with (
        throwaway_stack() as own,
        webhook(tmp_path) as hook,
    ):
        own.start()
        log = tmp_path / "notifier.log"
        with (
            running_api(own, tmp_path) as server,
            httpx.Client(base_url=server.url, timeout=30) as client,
            psycopg.connect(own.database_url, autocommit=True) as db,
        ):
            admin = signed_in(own, db, DEFAULT_ORGANIZATION, "admin")
            client.post("/api/channels", json={**HOOK, "target": hook.url}, headers=admin).raise_for_status()
            gone = {"name": "gone", "kind": "webhook", "target": f"{hook.url}-gone"}
            client.post("/api/channels", json=gone, headers=admin).raise_for_status()
            pressed = [client.post("/api/channels/scada/test", headers=admin) for _ in range(3)]
            assert [answer.status_code for answer in pressed] == [202] * 3
            [number] = {answer.json()["notification_id"] for answer in pressed}
            with notifier(own, log, FLUXIO_WEBHOOK_NETWORKS="127.0.0.0/8, ::1/128", SSL_CERT_FILE=str(hook.ca_file)):
                path = f"/api/notifications/{number}"
                until(lambda: client.get(path, headers=admin).json()["status"] == "sent", log)
                hook.status = 503
                lost = client.post("/api/channels/gone/test", headers=admin).json()["notification_id"]
                until(lambda: client.get(f"/api/notifications/{lost}", headers=admin).json()["tries"], log)
            [(_, body), _] = hook.posts
            [told] = json.loads(body)["notifications"]
            assert (told["id"], told["event"]) == (number, "test")
            assert told["alert"]["message"] == "Test of the channel scada"
            tried = client.get(f"/api/notifications/{lost}", headers=admin).json()
            assert (tried["status"], tried["last_error"]) == ("given_up", "the receiver answered 503")
            again = client.post(f"{path}/resend", headers=admin)
            assert (again.status_code, again.json()["code"]) == (409, "conflict")
            assert client.get(path, headers=admin).json()["status"] == "sent"
