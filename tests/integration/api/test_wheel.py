"""The wheel as a server has it: page and configuration are inside, and no checkout is near."""

from __future__ import annotations

import os
import shutil
import signal
import site
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from fluxio_local import ports
from fluxio_local.stack import Stack
from support.api_server import api_env

ROOT = Path(__file__).parents[3]
PARTS = ("api", "dashboard_static", "edge", "supabase/local")
KEY = "shared-key-of-these-tests-0123456789"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An environment with the wheel alone of ours; libraries are those of the tests. Its bin."""
    folder = tmp_path_factory.mktemp("server")
    source = folder / "source"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "dashboard")
    for part in PARTS:
        shutil.copytree(ROOT / part, source / part, ignore=ignored)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    venv = folder / "venv"
    for command in (
        # What `make wheel` does.
        ("node", ROOT / "dashboard_static" / "build" / "page.mjs", source / "api" / "fluxio_api" / "dashboard"),
        (*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source),
        (sys.executable, "-m", "venv", "--without-pip", venv),
    ):
        subprocess.run(command, check=True, timeout=120, capture_output=True)
    shutil.rmtree(source)
    (wheel,) = folder.glob("fluxio-*.whl")
    install = (*pip, "--python", venv / "bin" / "python", "install", "--no-deps", wheel)
    subprocess.run(install, check=True, timeout=120)
    (libraries,) = venv.glob("lib/python*/site-packages")
    # Files named *.pth there, such as the checkout's, are not read.
    (libraries / "libraries.pth").write_text("\n".join(site.getsitepackages()))
    shutil.copy(Path(sys.executable).with_name("gunicorn"), venv / "bin")
    script = venv / "bin" / "gunicorn"
    script.write_text(f"#!{venv / 'bin' / 'python'}\n" + script.read_text().partition("\n")[2])
    yield venv / "bin"
    shutil.rmtree(folder)


def test_the_wheel_has_the_page_and_no_build_leftovers(server: Path) -> None:
    (wheel,) = server.parents[1].glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "fluxio_api/gunicorn.conf.py", "fluxio_api/py.typed", "fluxio_api/dashboard/index.html",
        "fluxio_api/dashboard/vendor/supabase.js", "fluxio_api/openapi/templates/docs.html",
        "fluxio_edge/profiles/nivus_750.toml",
    } <= names  # fmt: skip
    assert not [name for name in names if "/build/" in name or name.endswith(("tsconfig.json", ".mjs"))]


def test_both_programs_run_from_an_empty_folder(server: Path, tmp_path: Path) -> None:
    edge = subprocess.run(
        [server / "fluxio-edge", "--version"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert edge.stdout.startswith("fluxio-edge, version ")
    where = subprocess.run(
        [server / "python", "-c", "import fluxio_api, fluxio_edge; print(fluxio_api.__file__, fluxio_edge.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert where.stdout.count(str(server.parent)) == 2, "of the checkout"


def test_an_api_without_settings_says_which(server: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [server / "fluxio-api", "--bind", "127.0.0.1:0"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 3
    assert "SUPABASE_URL" in done.stderr


def test_the_api_serves_page_and_gateways_and_drains(server: Path, stack: Stack, tmp_path: Path) -> None:
    port = ports.free_port()
    url = f"http://{ports.HOST}:{port}"
    device = f"WHEEL_{uuid4().hex[:12]}"
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        db.execute("insert into public.devices (device_id) values (%s)", [device])
        log = tmp_path / "log"
        settings = api_env(stack, TMPDIR=str(tmp_path), API_SECRET_KEY=KEY)
        command: list[str | Path] = [server / "fluxio-api", "--bind", f"{ports.HOST}:{port}"]
        with log.open("wb") as output, subprocess.Popen(command, cwd=tmp_path, env=settings, stderr=output) as api:
            try:
                wait_for(url, log)
                page = httpx.get(url).raise_for_status()
                assert "<title>" in page.text
                assert httpx.get(f"{url}/js/main.js").raise_for_status().content
                reading = {"device_id": device, "flow_rate": 12.5, "totalizer": 100.0}
                answer = httpx.post(f"{url}/api/ingest", json=reading, headers={"x-api-key": KEY}, timeout=30)
                assert answer.json()["results"][0]["verdict"] == "new", answer.text
            finally:
                api.send_signal(signal.SIGTERM)
                assert api.wait(timeout=60) == 0, log.read_text()
        stored = db.execute("select flow_rate from public.flow_data where device_id = %s", [device]).fetchall()
    assert stored == [(12.5,)]


def wait_for(url: str, log: Path) -> None:
    """Until the API is alive."""
    until = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"{url}/healthz", timeout=5).raise_for_status()
            return
        except httpx.HTTPError:
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
