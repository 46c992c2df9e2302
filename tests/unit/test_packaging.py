"""What compose.yaml and the systemd units promise."""

from __future__ import annotations

import configparser
import re
from typing import Any

import pytest

from support.image import ROOT, compose

UNITS = ROOT / "api" / "systemd"
BIN = "/opt/fluxio/bin"
OURS = ("api", "scheduler", "notifier")
LISTED = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


@pytest.mark.parametrize("service", compose()["services"].values(), ids=compose()["services"])
def test_every_service_is_held_tight(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].split(":")[0]) > 0
    assert service["restart"] == "unless-stopped"
    assert {"mem_limit", "logging", "tmpfs"} <= service.keys()
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert not {"privileged", "network_mode", "pid", "cap_add", "devices"} & service.keys()


def test_compose_keeps_the_spool_and_waits_for_what_is_under_way() -> None:
    read = compose()
    api = read["services"]["api"]
    (volume,) = api["volumes"]
    assert volume == f"spool:{api['environment']['FLUXIO_SPOOL_DIR']}"
    assert "spool" in read["volumes"]
    for name in OURS:
        service = read["services"][name]
        assert (service["env_file"], service["image"], service["build"]) == (".env", "fluxio", ".")
        # gunicorn's graceful_timeout and what an ending worker keeps idle connections for.
        assert int(service["stop_grace_period"].removesuffix("s")) >= 25 + 6
        assert service.get("environment", {}).keys() <= LISTED


def test_the_variant_for_supabase_start_moves_every_program() -> None:
    services = compose("compose.supabase-start.yaml")["services"]
    assert services.keys() == set(OURS)
    for service in services.values():
        assert service["environment"].keys() <= LISTED
        assert service["extra_hosts"] == ["host.docker.internal:host-gateway"]


def unit(name: str) -> configparser.ConfigParser:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign] # as documented
    read.read(UNITS / name)
    return read


@pytest.mark.parametrize("name", OURS)
def test_a_unit_runs_the_program_without_privileges(name: str) -> None:
    service = unit(f"fluxio-{name}.service")["Service"]
    program = service["ExecStart"].removeprefix("/usr/bin/env FLUXIO_SPOOL_DIR=%S/fluxio/spool ")
    assert program == (f"{BIN}/fluxio-api" if name == "api" else f"{BIN}/flask --app fluxio_api {name}")
    assert f"\nu {service['User']} " in (UNITS / "fluxio.sysusers").read_text()
    assert service["EnvironmentFile"] in (ROOT / "docs" / "deployment.md").read_text()
    assert (service["CapabilityBoundingSet"], service["NoNewPrivileges"], service["ProtectSystem"]) == (
        "", "yes", "strict",
    )  # fmt: skip
    assert service["Restart"] == "always"
    assert int(service["TimeoutStopSec"]) >= 25 + 6


def test_the_socket_is_the_apis_and_on_loopback() -> None:
    api = unit("fluxio-api.service")
    assert api["Unit"]["Requires"] == "fluxio-api.socket"
    assert api["Service"]["Type"] == "notify"
    # What the file says, also nothing, goes before Environment=.
    assert "FLUXIO_SPOOL_DIR=%S/fluxio/spool " in api["Service"]["ExecStart"]
    assert "fluxio/spool" in api["Service"]["StateDirectory"].split()
    assert unit("fluxio-api.socket")["Socket"]["ListenStream"] == "127.0.0.1:8000"
