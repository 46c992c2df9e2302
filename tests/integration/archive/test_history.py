"""The history of a person is the same before and after its months went into the archive."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import ZipFile

import httpx

from .conftest import APRIL_GOES, MARCH_GOES, Organization, Site, history


def csv_of(client: httpx.Client, who: Organization, **query: str) -> str:
    params = {"format": "csv", "limit": "1000000", **query}
    return client.get("/api/flow-data", params=params, headers=who.headers).raise_for_status().text


def test_archived_history_is_what_it_was_for_those_who_could_see_it(site: Site) -> None:
    windows = [
        {},
        {"device_id": site.north.devices[0]},
        {"start_time": "2026-03-31T22:00:00Z", "end_time": "2026-04-01T02:00:00Z"},
        {"end_time": "2026-03-15T12:34:00Z", "device_id": site.north.devices[1]},
        {"start_time": "2026-03-15T12:20:00.000002Z", "end_time": "2026-03-15T12:20:00.000003Z"},
    ]
    people = (site.north, site.south)
    with site.api() as client:
        before = [history(client, who, **window) for who in people for window in windows]
        sheets = [csv_of(client, who, **window) for who in people for window in windows]
        assert len(before[0]) == 2 * 61 * 72
        assert {row["device_id"] for row in before[0]} == set(site.north.devices)

        assert [line.split()[0] for line in site.succeed().splitlines()][:2] == ["2026-03", "2026-04"]
        assert site.retain(MARCH_GOES).startswith("1 months dropped")
        assert site.states() == {"03": "dropped", "04": "archived"}
        assert site.rows("select count(*) from public.flow_data where created_at < '2026-04-01Z'") == [(0,)]
        assert [history(client, who, **window) for who in people for window in windows] == before

        assert site.retain(APRIL_GOES).startswith("1 months dropped")
        assert site.rows("select count(*) from public.flow_data") == [(0,)]
        assert [history(client, who, **window) for who in people for window in windows] == before
        assert [csv_of(client, who, **window) for who in people for window in windows] == sheets
        # Pages begin where the one before ended, in the middle of an instant or of a month.
        assert history(client, site.north, limit="701", start_time="2026-03-20T00:00:00Z") == [
            row for row in before[0] if row["created_at"] >= "2026-03-20"
        ]

        book = client.get(
            "/api/flow-data", headers=site.north.headers,
            params={"format": "xlsx", "start_time": "2026-03-31T22:00:00Z", "end_time": "2026-04-01T02:00:00Z"},
        ).raise_for_status()  # fmt: skip
        with ZipFile(io.BytesIO(book.content)) as parts:
            assert parts.read("xl/worksheets/sheet1.xml").count(b"<row ") == 1 + len(before[2])

        # Nobody sees another organization's, asked for by name or not.
        assert history(client, site.south, device_id=site.north.devices[0]) == []


def test_history_is_never_silently_incomplete(site: Site) -> None:
    site.succeed()
    site.retain(MARCH_GOES)
    march = {"start_time": "2026-03-10T00:00:00Z", "end_time": "2026-03-11T00:00:00Z"}
    [file] = site.directory.glob("*2026-03*")
    away = file.rename(file.with_suffix(".away"))

    def ask(client: httpx.Client, **query: str) -> tuple[int, str | None]:
        answer = client.get("/api/flow-data", params=query, headers=site.north.headers)
        return answer.status_code, answer.json().get("code") if answer.status_code != 200 else None

    with site.api() as client:
        assert ask(client, **march) == (503, "archive_unavailable")
        assert ask(client, **march, format="csv") == (503, "archive_unavailable")
        assert ask(client, **march, device_id=site.north.devices[0]) == (503, "archive_unavailable")
        # What does not touch the month, or is nobody's of it, is answered.
        assert ask(client, start_time="2026-04-10T00:00:00Z", end_time="2026-04-11T00:00:00Z") == (200, None)
        assert ask(client) == (200, None)
        assert ask(client, **march, device_id="nobody's") == (200, None)

        damaged = bytearray(away.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        file.write_bytes(damaged)
        codes = {ask(client, start_time=f"2026-03-{day:02}T00:00:00Z", end_time=f"2026-03-{day:02}T23:00:00Z",
                     limit="10000")[0] for day in range(1, 32)}  # fmt: skip
        assert 503 in codes
        file.write_bytes(b"no Parquet at all")
        assert ask(client, **march) == (503, "archive_unavailable")
        away.rename(file)
        assert ask(client, **march) == (200, None)
    with site.api(FLUXIO_ARCHIVE_URL="") as client:
        assert ask(client, **march) == (503, "archive_unavailable")
    missing = Path("/nowhere/at/all").as_uri()
    with site.api(FLUXIO_ARCHIVE_URL=missing) as client:
        assert ask(client, **march) == (503, "archive_unavailable")
