"""A month is archived whole or not at all, also where the archiver is killed, the file damaged, somebody writing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from moto.server import ThreadedMotoServer

from fluxio_local import ports
from support.receiver import wait_until

from .conftest import APRIL_GOES, MARCH_GOES, Site, history


@pytest.fixture
def s3() -> Iterator[dict[str, str]]:
    """The environment of an archive in an S3 server's bucket."""
    server = ThreadedMotoServer(ports.HOST, ports.free_port(), verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    httpx.put(f"http://{host}:{port}/water").raise_for_status()
    yield {
        "FLUXIO_ARCHIVE_URL": f"s3://water/flow%20data?endpoint_override={host}:{port}&scheme=http",
        "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-central-1",
    }  # fmt: skip
    server.stop()


def test_an_s3_store_serves_as_well(site: Site, s3: dict[str, str]) -> None:
    with site.api(**s3) as client:
        before = history(client, site.north)
        assert "2026-03 8928 readings" in site.succeed(**s3)
        assert site.retain(APRIL_GOES).startswith("2 months dropped")
        assert history(client, site.north) == before
        assert "2026-03 dropped 8928" in site.succeed("verify", **s3)
        assert site.succeed("restore", "2026-03", **s3) == "2026-03 restored\n"
        assert history(client, site.north) == before
    denied = site.command("verify", **s3 | {"FLUXIO_ARCHIVE_URL": s3["FLUXIO_ARCHIVE_URL"].replace("water", "other")})
    assert denied.returncode == 1
    assert "2026-04 dropped 8640" in denied.stdout
    assert "unreadable" in denied.stdout


def _killed_after(site: Site, pause_s: float) -> bool:
    """Whether an archiver was killed so long after it began to write, and had not ended by itself."""
    archiver = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "fluxio_api", "archive"],
        env=site.env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    known = set(site.directory.glob("*.parquet"))
    wait_until(lambda: archiver.poll() is not None or set(site.directory.iterdir()) - known, "the archiver writes")
    try:
        archiver.wait(pause_s)
    except subprocess.TimeoutExpired:
        archiver.kill()
        archiver.wait()
        return True
    return False


def test_an_archiver_that_is_killed_leaves_nothing_that_counts(site: Site) -> None:
    killed = 0
    for pause in range(8):
        killed += _killed_after(site, 0.02 + pause * 0.06)
        noted = {month for month, state in site.states().items() if state == "archived"}
        said = site.succeed("verify") if noted else ""
        assert {line.split()[0][-2:] for line in said.splitlines() if line.startswith(("2026-03", "2026-04"))} == noted
        assert site.retain(MARCH_GOES).split()[0] == str(len(noted & {"03"}))
        if noted:
            break
    assert killed > 0
    site.succeed()
    site.retain(APRIL_GOES)
    assert site.states() == {"03": "dropped", "04": "dropped"}
    assert [line.split()[-1] for line in site.succeed("verify").splitlines()[:2]] == ["whole", "whole"]
    assert list(site.directory.glob("*.part")) == []
    assert site.rows("select count(*) from public.flow_data") == [(0,)]
    with site.api() as client:
        assert len(history(client, site.north)) == 2 * 61 * 72


def test_verify_finds_what_is_not_whole(site: Site) -> None:
    site.succeed()
    [march, april] = sorted(file for file in site.directory.iterdir() if "-03" in file.name or "-04" in file.name)
    good = march.read_bytes()
    for bad in (good[:-1], b"", good[: len(good) // 2] + b"\x00" + good[len(good) // 2 + 1 :], april.read_bytes()):
        march.write_bytes(bad)
        found = site.command("verify")
        assert found.returncode == 1
        assert [line.endswith(": whole") for line in found.stdout.splitlines()[:2]] == [False, True]
        assert "1 archives are not whole" in found.stderr
        assert site.command("restore", "2026-03").returncode == 1
    march.unlink()
    assert "unreadable" in site.command("verify").stdout
    march.write_bytes(good)
    site.succeed("verify")


def test_whoever_writes_meanwhile_has_the_month_archived_again(site: Site) -> None:
    arguments = ["2026-03-01"]
    with psycopg.connect(site.stack.database_url) as writer:
        writer.execute("update public.flow_data set level = 2 where device_id = 'N_b' and created_at < '2026-03-02Z'")
        assert site.rows("select public.begin_archive(%s)", *arguments) == [(None,)]
    [(as_of,)] = site.rows("select public.begin_archive(%s)", *arguments)
    # It looks for changes before it compares, so the numbers need not be right.
    mark = "select public.mark_archived('2026-03-01', %s, 0, repeat('0a', 32), repeat('0a', 32), 'x')"
    with ThreadPoolExecutor(1) as pool, psycopg.connect(site.stack.database_url) as writer:
        writer.execute("update public.flow_data set level = 3 where device_id = 'N_b' and created_at < '2026-03-02Z'")
        marking = pool.submit(site.rows, mark, as_of)
        with psycopg.connect(site.stack.database_url, autocommit=True) as watcher:
            waits = (
                "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%mark_archived%'"
            )
            wait_until(lambda: watcher.execute(waits).fetchone() == (1,), "the archiver waits for the writer")
        writer.commit()
        assert marking.result() == [(False,)]
    assert site.states()["03"] == "due"
    site.succeed()
    assert site.states()["03"] == "archived"

    # A late reading after that, and one while retention is about to drop the month.
    site.database.execute(
        "insert into public.flow_data (device_id, created_at, level) values ('N_b', '2026-03-01Z', 1)"
    )
    site.database.execute("select private.refresh_rollups('2026-03-01Z', '2026-04-02Z')")
    assert site.retain(MARCH_GOES).startswith("0 months dropped")
    site.succeed()
    assert site.retain(MARCH_GOES).startswith("1 months dropped")


def test_an_archive_that_is_not_there_is_not_made(site: Site) -> None:
    nowhere = (site.directory / "not-mounted").as_uri()
    failed = site.command(FLUXIO_ARCHIVE_URL=nowhere)
    assert failed.returncode == 1
    assert "2026-04 failed: the archive cannot be written" in failed.stderr
    assert site.states() == {"03": "due", "04": "due"}
    assert "FLUXIO_ARCHIVE_URL" in site.command(FLUXIO_ARCHIVE_URL="").stderr
