"""An agent as a service: its page, systemd, heartbeats, certificates and memory."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from fluxio_edge.cli import main
from fluxio_edge.spool_file import read_counts
from fluxio_local.ports import free_ports
from support.certificates import Authority, authority
from support.plant import RunningPlant, agent_file, running_agent, running_plant, waiting
from support.receiver import Receiver, listening, wait_until

TWO = {"NIVUS_01": 1, "NIVUS_02": 2}


@pytest.fixture(scope="module")
def plant() -> Iterator[RunningPlant]:
    with running_plant() as plant:
        yield plant


@pytest.fixture(autouse=True)
def _healthy(plant: RunningPlant) -> Iterator[None]:
    yield
    for name in TWO:
        plant.set(name, flow_rate=None, fault=None)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with listening(receiver):
        yield receiver


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text("flx_test")
    return tmp_path


def with_page(config: Path) -> int:
    """Give the agent of `config` a page; its port."""
    (port,) = free_ports(1)
    config.write_text(config.read_text().replace("[status]\nenabled = false", f"[status]\nport = {port}"))
    return port


def test_the_page_shows_meters_link_clock_and_backlog(plant: RunningPlant, receiver: Receiver, folder: Path) -> None:
    plant.set("NIVUS_01", flow_rate=450)
    plant.set("NIVUS_02", fault="silent")
    config = agent_file(folder, plant, receiver.url, meters=TWO)
    port = with_page(config)
    with running_agent(config) as agent, httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as page:
        wait_until(lambda: receiver.of("NIVUS_01") and "does not answer" in agent.log, "readings and a silent meter")
        wait_until(lambda: page.get("/status.json").json()["link"]["accepted"], "the answers to be counted")
        state = page.get("/status.json").json()
        one, two = state["meters"]
        assert (one["device_id"], one["trouble"], one["reading"]["flow_rate"]) == ("NIVUS_01", None, 450.0)
        assert two["trouble"].startswith("does not answer")
        assert (two["answers"], two["reading"]) == (0, None)
        assert state["clock"]["state"] == "set"
        assert abs(state["clock"]["ahead_of_api"]) < 5
        assert (state["link"]["trouble"], state["spool"]["quarantined"]) == (None, 0)

        metrics = page.get("/metrics")
        assert metrics.headers["content-type"] == "text/plain; version=0.0.4"
        assert 'fluxio_edge_meter_up{device_id="NIVUS_01"} 1\n' in metrics.text
        assert 'fluxio_edge_meter_up{device_id="NIVUS_02"} 0\n' in metrics.text
        assert "fluxio_edge_link_up 1\n" in metrics.text
        assert 'fluxio_edge_dropped_readings_total{reason="too_old"} 0\n' in metrics.text

        assert "meter        NIVUS_02: does not answer" in page.get("/").text
        assert page.get("/").headers["content-security-policy"].startswith("default-src 'none'")
        assert page.get("/other").status_code == 404
        assert page.post("/metrics").status_code == 405
        assert page.get("/metrics", headers={"host": "evil.example"}).status_code == 421

        told = CliRunner().invoke(main, ["status", str(config)], env={"FLUXIO_API_KEY": None})
        assert told.exit_code == 0, told.output
        assert "NIVUS_01: well" in told.stdout
        as_json = CliRunner().invoke(main, ["status", "--port", str(port), "--json"])
        assert json.loads(as_json.stdout)["version"] == state["version"]
        agent.stop()
    assert "no agent answers at" in CliRunner().invoke(main, ["status", "--port", str(port)]).stderr


def test_the_page_listens_on_loopback_only_and_its_port_may_be_taken(
    plant: RunningPlant, receiver: Receiver, folder: Path
) -> None:
    config = agent_file(folder, plant, receiver.url, meters=TWO)
    port = with_page(config)
    with socket.create_server(("127.0.0.1", port)), running_agent(config) as agent:
        wait_until(lambda: receiver.taken, "a reading")
        agent.stop()
    assert agent.log.count(f"status: there is no page at 127.0.0.1:{port}") == 1


def test_systemd_is_told(plant: RunningPlant, receiver: Receiver, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(20)
        config = agent_file(folder, plant, receiver.url, meters=TWO)
        with running_agent(config, NOTIFY_SOCKET=str(folder / "notify"), WATCHDOG_USEC="3000000") as agent:
            assert manager.recv(1000) == b"READY=1"
            wait_until(lambda: receiver.taken, "a reading")
            while b"0 in trouble" not in (sign := manager.recv(1000)):
                continue
            assert sign.startswith(b"WATCHDOG=1\nSTATUS=2 meter(s), 0 in trouble; ")
            agent.stop()
        while (last := manager.recv(1000)).startswith(b"WATCHDOG=1"):
            continue
        assert last == b"STOPPING=1"


def test_heartbeats_go_beside_the_readings(plant: RunningPlant, receiver: Receiver, folder: Path) -> None:
    (folder / "signal").write_text("-71")
    more = f'[heartbeat]\nevery_s = 0.3\nsignal_file = "{folder / "signal"}"'
    with running_agent(agent_file(folder, plant, receiver.url, meters=TWO, more=more)) as agent:
        wait_until(lambda: len(receiver.heartbeats) > 2, "heartbeats")
        agent.stop()
    last = receiver.heartbeats[-1]
    assert last["cell"] == {"rssi": -71}
    gateway = last["gw"]
    assert isinstance(gateway, dict)
    assert str(gateway["fw"]).startswith("fluxio-edge ")
    assert (gateway["clock"], gateway["meters"], gateway["meters_in_trouble"]) == ("set", 2, 0)
    assert receiver.connections == 1, "over the same connection"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ca"))


def believing(config: Path, ca_file: Path) -> Path:
    config.write_text(config.read_text().replace("[api]\n", f'[api]\nca_file = "{ca_file}"\n'))
    return config


def test_an_api_of_an_own_authority_is_believed_if_so_configured(
    plant: RunningPlant, own: Authority, folder: Path
) -> None:
    with listening(Receiver(), own.server()) as receiver:
        config = believing(agent_file(folder, plant, receiver.url, meters=TWO), own.file)
        with running_agent(config) as agent:
            wait_until(lambda: len(receiver.taken) > 5, "readings")
            agent.stop()
    assert receiver.connections == 1


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        ({"days_from": -9, "days_to": -2}, "the API's certificate has expired; the gateway's clock says 20"),
        ({"days_from": 2, "days_to": 9}, "the API's certificate is not valid yet; the gateway's clock says 20"),
        ({"address": "192.0.2.7"}, "the API's certificate is for another host: IP address mismatch"),
        ({}, "the API's certificate is of an issuer that is not trusted here; name your own in ca_file of [api]"),
    ],
)
def test_a_certificate_that_is_wrong_is_said_once_and_nothing_is_sent(
    plant: RunningPlant, own: Authority, folder: Path, certificate: dict[str, object], said: str
) -> None:
    receiver = Receiver()
    with listening(receiver, own.server(**certificate)):  # type: ignore[arg-type] # the table's
        config = agent_file(folder, plant, receiver.url, meters=TWO)
        if certificate:
            believing(config, own.file)
        with running_agent(config) as agent:
            wait_until(lambda: said in agent.log and waiting(folder) > 5, "the reason")
            agent.stop()
    assert receiver.posts == 0
    assert len([line for line in agent.log.splitlines() if " link: " in line]) == 1


def test_memory_stays_flat_and_below_60_mb(plant: RunningPlant, receiver: Receiver, folder: Path) -> None:
    config = agent_file(folder, plant, receiver.url, meters=TWO, more="[heartbeat]\nevery_s = 1")
    config.write_text(config.read_text().replace("interval_s = 0.1", "interval_s = 0.01"))
    port = with_page(config)
    with running_agent(config) as agent:
        wait_until(lambda: len(receiver.taken) > 200, "readings")
        early = resident_kib(agent.process.pid)
        wait_until(lambda: len(receiver.taken) > 1000, "many readings")
        receiver.mood = "busy"
        wait_until(lambda: waiting(folder) > 300, "a backlog")
        receiver.mood = "ok"
        wait_until(lambda: waiting(folder) < 30, "the backlog to go")
        for path in ("/", "/metrics", "/status.json"):
            httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).raise_for_status()
        late = resident_kib(agent.process.pid)
        agent.stop()
    assert late < 60 * 1000, f"{late} KiB"
    assert late - early < 6_000, f"{early} KiB grew to {late} KiB"
    assert read_counts(folder / "spool.sqlite3").waiting == 0


def resident_kib(pid: int) -> int:
    """What the process has in memory."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1])
