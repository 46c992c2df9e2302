"""`flask --app fluxio_api ...`, and an API that is given the old kind of keys."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from fluxio_local.stack import Stack
from support.api_server import GUNICORN_CONFIG, api_env, running_api

from .conftest import DEFAULT_ORGANIZATION, Database, MakePlant


def flask(stack: Stack, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "fluxio_api", *arguments],
        env=api_env(stack, **env), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def can_sign_in(stack: Stack, email: str, password: str) -> bool:
    answer = httpx.post(
        f"{stack.url}/auth/v1/token?grant_type=password",
        headers={"apikey": stack.anon_key},
        json={"email": email, "password": password},
    )
    return answer.status_code == 200


def person(db: Database, email: str) -> dict[str, object] | None:
    return db.execute(
        "select organizations.name, organizations.id::text, users.role from public.users"
        " join public.organizations on organizations.id = users.organization_id where users.email = %s",
        [email],
    ).fetchone()


def test_create_admin_makes_somebody_who_can_sign_in(stack: Stack, db: Database) -> None:
    email, organization = f"Admin-{uuid4().hex}@Example.com", f"Works {uuid4().hex[:8]}"
    done = flask(stack, "create-admin", email, "--organization", organization, FLUXIO_NEW_PASSWORD="first-password-1")
    assert done.returncode == 0, done.stderr
    assert can_sign_in(stack, email.lower(), "first-password-1")
    made = person(db, email.lower())
    assert made is not None
    assert (made["name"], made["role"]) == (organization, "admin")

    # Once more changes what is asked for, and the password only if it is asked for.
    again = flask(stack, "create-admin", email, "--organization", organization, FLUXIO_NEW_PASSWORD="other-password-2")
    assert again.returncode == 0, again.stderr
    assert can_sign_in(stack, email.lower(), "first-password-1")
    reset = flask(
        stack, "create-admin", email, "--organization", organization, "--reset-password",
        FLUXIO_NEW_PASSWORD="other-password-2",
    )  # fmt: skip
    assert reset.returncode == 0, reset.stderr
    assert can_sign_in(stack, email.lower(), "other-password-2")
    assert "password" not in done.stdout + done.stderr


def test_create_admin_takes_the_default_organization_and_a_role(stack: Stack, db: Database) -> None:
    email = f"viewer-{uuid4().hex}@example.com"
    done = flask(stack, "create-admin", email, "--role", "viewer", FLUXIO_NEW_PASSWORD="first-password-1")
    assert done.returncode == 0, done.stderr
    made = person(db, email)
    assert made is not None
    assert (made["id"], made["role"]) == (DEFAULT_ORGANIZATION, "viewer")


def test_create_key_prints_a_key_that_works(
    stack: Stack, db: Database, client: httpx.Client, make_plant: MakePlant
) -> None:
    plant = make_plant(2)
    name = db.execute("select name from public.organizations where id = %s", [plant.organization_id]).fetchone()
    assert name is not None
    serial = f"SN{uuid4().hex[:8]}"
    for _ in range(2):  # the second time the gateway is there
        done = flask(
            stack, "create-key", "Key of the pump house", "--organization", str(name["name"]), "--gateway", serial,
            "--device", plant.devices[0],
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "not registered" not in done.stderr
        key = done.stdout.splitlines()[-1]
        body = [{"device_id": device, "level": 1} for device in plant.devices]
        answer = client.post("/api/ingest", json=body, headers={"x-api-key": key})
        assert [result["success"] for result in answer.json()["results"]] == [True, False]
    counted = db.execute("select count(*) from public.gateways where serial = %s", [serial]).fetchone()
    assert counted == {"count": 1}


def test_create_key_says_which_devices_are_not_registered(stack: Stack, make_plant: MakePlant) -> None:
    other = make_plant(1).devices[0]
    done = flask(stack, "create-key", "Key with slips", "--device", "NIVUS_0l", "--device", other)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stderr.splitlines() if "is not registered yet" in line] == [
        "NIVUS_0l", other,
    ]  # fmt: skip
    assert done.stdout.splitlines()[-1].startswith("flx_")


def test_create_key_limits_a_key_to_networks(stack: Stack, db: Database, client: httpx.Client) -> None:
    def post(*networks: str) -> int:
        options = [text for network in networks for text in ("--network", network)]
        done = flask(stack, "create-key", "Key of one place", *options)
        assert done.returncode == 0, done.stderr
        return client.post("/api/ingest", json=[], headers={"x-api-key": done.stdout.splitlines()[-1]}).status_code

    assert post("192.0.2.0/24", "127.0.0.1") == 200
    assert post("192.0.2.0/24", "2001:db8::/32") == 401


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        (["create-key", ""], {}, "Supabase refused with 23514"),
        (["create-key", "name", "--network", "192.0.2.1/24"], {}, "Supabase refused with 22P02"),
        (["create-admin", "not an address"], {"FLUXIO_NEW_PASSWORD": "first-password-1"}, "Auth refused"),
        (["create-admin", "a@example.com"], {"FLUXIO_NEW_PASSWORD": "x"}, "at least 8 characters"),
        (["create-key", "name"], {"SUPABASE_SERVICE_ROLE_KEY": ""}, "SUPABASE_SERVICE_ROLE_KEY"),
        (["create-key", "name"], {"SUPABASE_URL": "http://127.0.0.1:9"}, "cannot be reached"),
    ],
)
def test_a_command_that_fails_says_why(stack: Stack, arguments: list[str], env: dict[str, str], said: str) -> None:
    done = flask(stack, *arguments, **env)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_server_does_not_start_without_its_keys(stack: Stack) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--config", GUNICORN_CONFIG, "--bind", "127.0.0.1:0", "fluxio_api.wsgi:app"],
        env=api_env(stack, SUPABASE_ANON_KEY="", API_SECRET_KEY="too-short"),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert "SUPABASE_ANON_KEY" in done.stderr
    assert "API_SECRET_KEY" in done.stderr
    assert "too-short" not in done.stderr


def test_the_old_kind_of_keys_works_too(stack: Stack, tmp_path: Path, make_plant: MakePlant, sign_in: object) -> None:
    plant = make_plant()
    keys = {"SUPABASE_ANON_KEY": stack.anon_jwt, "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_jwt}
    with running_api(stack, tmp_path, **keys) as server:
        body = {"device_id": plant.devices[0], "flow_rate": 1}
        answer = httpx.post(f"{server.url}/api/ingest", json=body, headers=plant.headers)
        assert answer.status_code == 200
        viewer = sign_in(plant.organization_id, "viewer")  # type: ignore[operator] # the fixture of conftest
        assert len(httpx.get(f"{server.url}/api/devices", headers=viewer).json()["devices"]) == 1
    log = server.log.read_text()
    assert "status=200" in log
    assert plant.key not in log
    assert stack.service_role_jwt not in log
    done = flask(stack, "create-key", "Old keys", **keys)
    assert done.stdout.startswith("flx_"), done.stderr


def test_the_page_is_served_with_its_settings(client: httpx.Client, stack: Stack) -> None:
    config = client.get("/config.json")
    assert config.json()["supabase_url"] == stack.url
    assert config.json()["supabase_anon_key"] == stack.anon_key
    assert config.json()["online_window_s"] == 900
    assert stack.service_role_key not in config.text
    policy = config.headers["content-security-policy"]
    assert f"connect-src 'self' {stack.url} {stack.url.replace('http', 'ws', 1)};" in policy
