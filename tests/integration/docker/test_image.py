"""The image as compose.yaml starts it: not as root, on a read-only root, against a Supabase on the machine."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import psycopg
import pytest
from docker import DockerClient
from docker.models.containers import Container

from fluxio_local.stack import Stack
from support import needs
from support.image import build_image, host_seen_from_containers, service, stopped, wait_for_log
from support.link import linked

# Images may have to be pulled.
pytestmark = pytest.mark.timeout(1200)

KEY = secrets.token_hex(32)


@pytest.fixture(scope="module")
def docker() -> Iterator[DockerClient]:
    needs.docker()
    client = DockerClient.from_env(timeout=900)
    build_image(client)
    yield client
    client.close()


@pytest.fixture
def settings(docker: DockerClient, stack: Stack) -> Iterator[dict[str, str]]:
    """What `.env` would say, for the local stack."""
    host = host_seen_from_containers(docker)
    with linked(int(stack.url.rpartition(":")[2]), host=host) as link:
        yield {
            "SUPABASE_URL": f"http://{host}:{link.port}",
            "SUPABASE_ANON_KEY": stack.anon_key,
            "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
            "API_SECRET_KEY": KEY,
        }


def healthy_url(container: Container) -> str:
    """Where the container's API is published, once Docker calls it healthy."""
    until = time.monotonic() + 120
    while container.attrs["State"].get("Health", {}).get("Status") != "healthy":
        assert container.status in {"created", "running"}, container.logs().decode()
        assert time.monotonic() < until, container.logs().decode()
        time.sleep(0.5)
        container.reload()
    port = container.attrs["NetworkSettings"]["Ports"]["8000/tcp"][0]["HostPort"]
    return f"http://127.0.0.1:{port}"


def test_the_api_takes_a_reading_and_drains(docker: DockerClient, stack: Stack, settings: dict[str, str]) -> None:
    device = f"IMAGE_{uuid4().hex[:12]}"
    with psycopg.connect(stack.database_url, autocommit=True) as db, service(docker, "api", settings) as container:
        db.execute("insert into public.devices (device_id) values (%s)", [device])
        url = healthy_url(container)
        assert "<title>" in httpx.get(url).raise_for_status().text
        ready = httpx.get(f"{url}/readyz", timeout=30)
        assert ready.json()["checks"] == {"database": "ok", "spool": "ok"}, ready.text
        reading = {"device_id": device, "flow_rate": 12.5, "totalizer": 100.0}
        answer = httpx.post(f"{url}/api/ingest", json=reading, headers={"x-api-key": KEY}, timeout=60)
        assert answer.json()["results"][0]["verdict"] == "new", answer.text
        assert stopped(container) == 0, container.logs().decode()
        stored = db.execute("select flow_rate from public.flow_data where device_id = %s", [device]).fetchall()
    assert stored == [(12.5,)]


def test_it_may_write_nowhere_but_in_its_folders(docker: DockerClient, settings: dict[str, str]) -> None:
    with service(docker, "api", settings) as container:
        healthy_url(container)
        assert container.exec_run(["id", "-u"]).output == b"10001\n"
        for folder in ("/opt/fluxio", "/var/lib/fluxio", "/etc"):
            assert container.exec_run(["touch", f"{folder}/x"]).exit_code != 0, folder
        for folder in ("/tmp", "/var/lib/fluxio/spool"):  # noqa: S108 - the container's
            assert container.exec_run(["touch", f"{folder}/x"]).exit_code == 0, folder
        capabilities = container.exec_run(["grep", "CapEff", "/proc/1/status"]).output.decode()
        assert int(capabilities.split()[1], 16) == 0
        assert container.exec_run(["/opt/fluxio/bin/python3", "-c", "import pip"]).exit_code != 0


@pytest.mark.parametrize("name", ["scheduler", "notifier"])
def test_a_worker_starts_and_stops(docker: DockerClient, settings: dict[str, str], name: str) -> None:
    with service(docker, name, settings) as container:
        wait_for_log(container, f"{name} started")
        assert stopped(container) == 0, container.logs().decode()
        assert f"{name} stopped" in container.logs().decode()


def test_an_unsafe_container_does_not_start(docker: DockerClient, settings: dict[str, str]) -> None:
    with service(docker, "api", settings | {"CORS_ORIGINS": "*"}) as container:
        assert container.wait(timeout=90)["StatusCode"] == 3
        assert "CORS_ORIGINS" in container.logs().decode()
