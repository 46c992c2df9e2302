"""docs/gateways.md and docs/meters.md against the API: each body, each command, the profile of one's own."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from support.api_server import ApiServer
from support.gateway_guide import Example, examples, shell_blocks

from .conftest import Database, MakePlant, Plant, letters, rows

METERS = (Path(__file__).parents[3] / "docs" / "meters.md").read_text()

#: When the meters of the guide were read.
SAID = datetime(2026, 2, 18, 8, 52, 10, tzinfo=UTC)
METRICS = ("flow_rate", "totalizer", "temperature", "pressure", "level", "velocity")

#: The alias that the guide says a shape needs.
NEED_ALIAS = {
    "Shape siblings": ("input_name", "pipe1"),
    "Shape history": ("server_id", "1"),
    "Shape raw_words": ("server_id", "1"),
}


class Site:
    """The guide's two meters under names of their own."""

    def __init__(self, plant: Plant, db: Database) -> None:
        self.plant, self.db = plant, db
        self.nivus, self.sonic = plant.devices
        db.execute("update public.devices set profile = 'nivus_750' where device_id = %s", [self.nivus])
        db.execute("update public.devices set profile = 'nivusonic' where device_id = %s", [self.sonic])
        self.now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)

    def add_alias(self, kind: str, alias: str) -> None:
        """A name of the first meter."""
        self.db.execute(
            "insert into public.device_aliases (organization_id, kind, alias, device_id) values (%s, %s, %s, %s)",
            [self.plant.organization_id, kind, alias, self.nivus],
        )

    def body(self, example: Example) -> bytes:
        """As the guide has it, read a minute ago."""
        text = self.named(example.body).replace("2026-02-18T09:52:10+0100", self.now.strftime("%Y-%m-%dT%H:%M:%S+0000"))
        return text.replace(str(int(SAID.timestamp())), str(int(self.now.timestamp()))).encode()

    def named(self, text: str) -> str:
        return text.replace("NIVUS_01", self.nivus).replace("SONIC_01", self.sonic)

    def stored(self) -> list[dict[str, object]]:
        return [row for device in self.plant.devices for row in rows(self.db, device)]


@pytest.fixture
def site(make_plant: MakePlant, db: Database) -> Site:
    return Site(make_plant(2), db)


@pytest.mark.parametrize("example", examples(), ids=lambda each: each.title)
def test_a_body_gets_the_answer_that_the_guide_says(client: httpx.Client, site: Site, example: Example) -> None:
    if example.title in NEED_ALIAS:
        site.add_alias(*NEED_ALIAS[example.title])
    answer = client.post("/api/ingest", content=site.body(example), headers=site.plant.headers)
    told = answer.json()
    codes = [told["code"]] if "code" in told else []
    codes += [each.get("code", each["verdict"]) for each in told.get("results", [])]
    assert (answer.status_code, codes) == (example.status, example.codes)
    if example.values is None:
        assert site.stored() == []
        assert len(letters(site.db, site.plant)) == 1
        return
    (row,) = site.stored()
    assert {metric: row[metric] for metric in METRICS if row[metric] is not None} == pytest.approx(example.values)
    assert (row["quality"], row["flags"]) == (example.quality, example.flags)
    assert letters(site.db, site.plant) == []


def test_an_alias_of_the_input_takes_in_names_that_nobody_registered(client: httpx.Client, site: Site) -> None:
    """What the guide warns of: the next name that a record tells counts."""
    (unknown,) = (each for each in examples() if each.codes == ["nothing_accepted", "unknown_device"])
    site.add_alias("input_name", "pipe1")
    answer = client.post("/api/ingest", content=site.body(unknown), headers=site.plant.headers)
    assert [each["device_id"] for each in answer.json()["results"]] == [site.nivus]


def test_the_commands_of_the_guide_run_and_store_one_reading(api: ApiServer, site: Site) -> None:
    blocks = shell_blocks()
    assert len(blocks) == 2
    environment = os.environ | {"FLUXIO_API_URL": api.url, "FLUXIO_API_KEY": site.plant.key}
    said = [
        subprocess.run(
            ["bash", "-euc", site.named(block)], env=environment, capture_output=True, text=True, timeout=60, check=True
        ).stdout
        for block in blocks
    ]
    assert '"results":[]' in said[0]
    assert '"verdict":"new"' in said[1]
    assert [row["flow_rate"] for row in site.stored()] == [45.0]


def test_a_profile_of_ones_own_decodes(client: httpx.Client, site: Site) -> None:
    (said,) = re.findall(r"^ *```sql\n(.*?)^ *```", METERS, re.MULTILINE | re.DOTALL)
    name = f"own_{site.nivus.lower()}"
    site.db.execute("update public.organizations set name = %s where id = %s", [name, site.plant.organization_id])
    for statement in said.replace("North Water", name).split(";\n"):
        if statement.strip():
            site.db.execute(statement)
    site.db.execute("update public.devices set profile = 'own_meter' where device_id = %s", [site.nivus])
    body = [
        {"server_name": site.nivus, "name": "flow_rate", "full_addr": "400101", "data": "[12.500000]"},
        {"server_name": site.nivus, "name": "totalizer", "full_addr": "400105", "data": "[12345]"},
    ]
    answer = client.post("/api/ingest", json=body, headers=site.plant.headers)
    assert [each["verdict"] for each in answer.json()["results"]] == ["new"]
    (row,) = site.stored()
    assert (row["flow_rate"], row["totalizer"]) == (45.0, 1234.5)
