"""Register profiles: the shipped one is pinned number by number, and faulty ones are refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxio_edge.errors import ConfigError
from fluxio_edge.profiles import Block, load_profile, plan_reads, shipped
from fluxio_edge.registers import Register

VALID = """
name = "own"
model = "m"
source = "s"
[[registers]]
metric = "level"
documented = 40013
function_code = 3
address = 12
rutos_register = 13
type = "uint16"
unit = "mm"
scale = 0.001
"""


def test_the_nivus_750_map() -> None:
    profile = load_profile("nivus_750")
    rows = [
        (r.metric, r.documented, r.function_code, r.address, r.rutos_register, r.type, r.word_order, r.unit, r.scale)
        for r in profile.registers
    ]
    assert rows == [
        ("flow_rate", 30011, 4, 10, 11, "float32", "little", "m3/s", 3600.0),
        ("level", 30013, 4, 12, 13, "float32", "little", "m", 1.0),
        ("velocity", 30015, 4, 14, 15, "float32", "little", "m/s", 1.0),
        ("temperature", 30017, 4, 16, 17, "float32", "little", "degC", 1.0),
        ("totalizer", 35201, 4, 5200, 5201, "float32", "little", "m3", 1.0),
    ]
    assert "secondary" in profile.source


def test_every_shipped_profile_loads() -> None:
    assert "nivus_750" in shipped()
    assert [load_profile(name).name for name in shipped()] == shipped()


def test_adjoining_registers_are_read_in_one_request() -> None:
    blocks = plan_reads(load_profile("nivus_750").decoders())
    assert [(b.function_code, b.address, b.count) for b in blocks] == [(4, 10, 8), (4, 5200, 2)]


def test_a_block_gives_each_register_its_words() -> None:
    (block, _) = plan_reads(load_profile("nivus_750").decoders())
    assert [block.words(register, range(100, 108)) for register in block.registers] == [
        range(100, 102),
        range(102, 104),
        range(104, 106),
        range(106, 108),
    ]


def test_function_codes_and_gaps_are_not_read_across() -> None:
    one, other, far = (
        Register("level", 4, 2, "uint16"),
        Register("velocity", 3, 3, "uint16"),
        Register("totalizer", 4, 4, "uint32"),
    )
    assert plan_reads([one, other, far]) == (
        Block(3, 3, 1, (other,)),
        Block(4, 2, 1, (one,)),
        Block(4, 4, 2, (far,)),
    )


def test_a_request_asks_for_no_more_than_125_registers() -> None:
    registers = [Register("level", 4, 4 * index, "float64") for index in range(40)]
    assert [(b.address, b.count) for b in plan_reads(registers)] == [(0, 124), (124, 36)]


def test_an_own_profile_is_found_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(VALID)
    (register,) = load_profile("own.toml", beside=tmp_path).decoders()
    assert register == Register("level", 3, 12, "uint16", "big", 0.001)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("address = 12", "address = 13", r"registers\[1\]: documented 40013 is address 12 of function code 3, not 13"),
        ("rutos_register = 13", "rutos_register = 12", r"rutos_register 12 is address 11, not 12"),
        ("scale = 0.001", "scale = 0", "scale must not be 0"),
        ('metric = "level"', 'metric = "depth"', r"registers\[1\].metric: Input should be 'flow_rate'"),
        ('type = "uint16"', 'type = "cdab"', r"registers\[1\].type"),
        ('unit = "mm"', "", r"registers\[1\].unit: Field required"),
        ('unit = "mm"', 'unit = "mm"\nfactor = 2', r"registers\[1\].factor: Extra inputs"),
        ('name = "own"', 'name = "own', "is not valid TOML"),
    ],
)
def test_a_faulty_profile_is_refused_in_words(tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "own.toml").write_text(VALID.replace(old, new))
    with pytest.raises(ConfigError, match=said):
        load_profile("own.toml", beside=tmp_path)


def test_a_quantity_is_listed_once(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(VALID + VALID[VALID.index("[[") :])
    with pytest.raises(ConfigError, match="level is listed twice"):
        load_profile("own.toml", beside=tmp_path)


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no profile 'nivus'; shipped are: .*nivus_750"):
        load_profile("nivus")
