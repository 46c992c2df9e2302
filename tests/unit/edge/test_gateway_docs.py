"""docs/gateways.md and docs/meters.md say what the profiles and the played gateway say."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner

from fluxio_edge.cli import main
from fluxio_edge.profile_markdown import markdown, request_table
from fluxio_edge.profiles import load_profile, shipped
from fluxio_edge.registers import Register, encode
from fluxio_edge.simulator.trb24x.record import GatewayFacts, Record
from fluxio_edge.simulator.trb24x.shapes import SHAPES
from support.gateway_guide import GUIDE, Example, examples

METERS = (Path(__file__).parents[3] / "docs" / "meters.md").read_text()
EXAMPLES = examples()

#: What the guide's meter shows.
SHOWN = {"flow_rate": 45.0, "level": 0.12, "velocity": 0.35, "temperature": 14.2, "totalizer": 1234.5}
FACTS = GatewayFacts(serial="1100000000", mac="001e42000000", operator="Example", rssi=-67)
#: How many of its quantities the guide shows in a shape that holds more.
FEWER = {"history": 2}


def record(number: int, register: Register) -> Record:
    moment = datetime(2026, 2, 18, 9, 52, 10, tzinfo=timezone(timedelta(hours=1)))
    words = tuple(encode(register, SHOWN[register.metric]))
    return Record(number, moment, 1, "NIVUS_01", "192.168.1.101", register, words)


@pytest.mark.parametrize("name", shipped())
def test_the_tables_of_a_meter_are_its_profile(name: str) -> None:
    found = re.search(rf"^<!-- profile {name} -->\n\n(.*?)\n\n<!-- end -->$", METERS, re.MULTILINE | re.DOTALL)
    assert found, f"docs/meters.md has no profile {name}"
    assert found[1] == markdown(load_profile(name)), f"fluxio-edge profiles {name} --markdown"


def test_the_requests_to_make_are_those_of_the_profiles() -> None:
    said = [line for line in GUIDE.read_text().splitlines() if re.search(r"\| Read \w+ registers \(\d\) \|", line)]
    assert said == [row for name in shipped() for row in request_table(load_profile(name))[2:]]


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.shape], ids=lambda each: each.title)
def test_a_body_of_a_shape_is_what_the_played_gateway_sends(example: Example) -> None:
    assert example.shape
    shape = SHAPES[example.shape]
    records = [record(number, each) for number, each in enumerate(load_profile("nivus_750").decoders(), 1)]
    sent = shape.write(records[: FEWER.get(example.shape, shape.segments or len(records))], FACTS).decode()
    said = example.body
    if example.codes != ["invalid_json"]:
        # The guide breaks long lines.
        said = json.dumps(json.loads(said), separators=(",", ":"))
    assert said == sent


def test_the_guide_shows_bodies_of_every_outcome() -> None:
    assert {each.status for each in EXAMPLES} == {200, 400, 422}
    assert {each.quality for each in EXAMPLES} == {"good", "bad", None}
    assert len(EXAMPLES) == GUIDE.read_text().count("\nAnswer: ")


@pytest.mark.parametrize("page", ["gateways", "meters", "commissioning", "troubleshooting"])
def test_the_links_of_a_guide_lead_somewhere(page: str) -> None:
    folder = GUIDE.parent
    for target in re.findall(r"\]\((?!https:)([^)]+)\)", (folder / f"{page}.md").read_text()):
        name, _, anchor = target.partition("#")
        text = (folder / (name or f"{page}.md")).read_text()
        headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, target


def test_the_commands_for_a_profile_of_ones_own_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GUIDE.parents[1])
    commands = re.findall(r"^ *(fluxio-edge profiles .*)$", METERS, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        done = CliRunner().invoke(main, command.split()[1:])
        assert done.exit_code == 0, done.output
        assert "flow_rate" in done.output
