"""The plant's file, and what is wrong with it in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxio_edge.errors import ConfigError
from fluxio_edge.simulator.plant import load_plant

OWN_PROFILE = """
name = "own"
model = "A meter"
source = "its manual"
[[registers]]
metric = "pressure"
function_code = 3
address = 0
type = "uint16"
unit = "bar"
scale = 0.001
"""


def meter(name: str, unit: int, more: str = "") -> str:
    return f'[[meters]]\nname = "{name}"\nunit = {unit}\nmean_flow = 5\n{more}\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (meter("M1", 1) + meter("M1", 2), "name M1 is listed twice"),
        (meter("M1", 1) + meter("M2", 1), "unit 1 is listed twice"),
        (meter("M1", 1, 'bus = "north"'), "meter M1: there is no bus north"),
        (meter("M1", 1) + '[[buses]]\nname = "main"', "bus main is listed twice"),
        (
            '[[buses]]\nname = "north"\n' + meter("M1", 1, 'bus = "north"') + meter("M2", 1, 'bus = "north"'),
            "unit 1 is listed twice on bus north",
        ),
        (meter("M1", 1) + '[[buses]]\nname = "north"\nkind = "udp"', "buses[1].kind: Input should be 'tcp'"),
        (meter("M1", 1, 'profile = "unknown"'), "no profile 'unknown'"),
    ],
)
def test_a_wrong_file_is_told_in_words(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "plant.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as told:
        load_plant(file)
    assert said in str(told.value)


def test_a_plant_has_any_number_of_meters_and_a_unit_once_on_each_bus(tmp_path: Path) -> None:
    buses = "".join(f'[[buses]]\nname = "b{number}"\n' for number in range(3))
    meters = [meter(f"M{bus}_{unit}", unit, f'bus = "b{bus}"') for bus in range(3) for unit in range(1, 248)]
    file = tmp_path / "plant.toml"
    file.write_text(buses + "".join(meters))
    assert len(load_plant(file).meters) == 741


def test_a_profile_of_ones_own_is_looked_for_beside_the_plant(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN_PROFILE)
    file = tmp_path / "plant.toml"
    file.write_text(meter("M1", 1, 'profile = "own.toml"'))
    plant = load_plant(file)
    (word,) = plant.memories["M1"].read(3, 0, 1, plant.meters["M1"].look()) or []
    assert 2000 < word < 3000
