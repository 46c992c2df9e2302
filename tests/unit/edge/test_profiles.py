"""Register profiles: the shipped one is pinned number by number, and faulty ones are refused in words."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from fluxio_edge.errors import ConfigError
from fluxio_edge.profiles import load_profile, shipped
from fluxio_edge.read_plan import Span
from fluxio_edge.registers import FunctionCode, Metric, Register, decode
from fluxio_edge.status_words import Meaning

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
    assert {r.byte_order for r in profile.decoders()} == {"big"}
    assert [(b.function_code, b.address, b.count) for b in profile.blocks()] == [(4, 10, 8), (4, 5200, 2)]
    assert rows == [
        ("flow_rate", 30011, 4, 10, 11, "float32", "little", "m3/s", 3600.0),
        ("level", 30013, 4, 12, 13, "float32", "little", "m", 1.0),
        ("velocity", 30015, 4, 14, 15, "float32", "little", "m/s", 1.0),
        ("temperature", 30017, 4, 16, 17, "float32", "little", "degC", 1.0),
        ("totalizer", 35201, 4, 5200, 5201, "float32", "little", "m3", 1.0),
    ]
    assert "secondary" in profile.source


def test_the_nivusonic_map() -> None:
    profile = load_profile("nivusonic")
    rows = [
        (r.metric, r.function_code, r.address, r.type, r.word_order, r.byte_order, r.scale, r.offset)
        for r in profile.decoders()
    ]
    assert rows == [
        ("flow_rate", 4, 0, "int16", "big", "big", 3.6, 0.0),
        ("level", 4, 1, "int16", "big", "big", 0.001, 0.0),
        ("velocity", 4, 2, "int16", "big", "big", 0.001, 0.0),
        ("temperature", 4, 3, "int16", "big", "big", 0.01, 0.0),
    ]
    assert [each.rutos_register for each in profile.registers] == [1, 2, 3, 4]
    metrics: tuple[Metric, ...] = ("flow_rate", "level", "velocity", "temperature")
    assert profile.meanings() == tuple(
        Meaning(4, 5, 0, "sensor_invalid", bit, metric) for bit, metric in enumerate(metrics)
    )
    assert [(b.function_code, b.address, b.count) for b in profile.blocks()] == [(4, 0, 6)], (
        "values with their validity"
    )


def test_every_shipped_profile_loads() -> None:
    assert "nivus_750" in shipped()
    assert [load_profile(name).name for name in shipped()] == shipped()


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
        ("scale = 0.001", "scale = 0.001\nresolution = 1", "scale is the whole conversion"),
        ('unit = "mm"\nscale = 0.001', 'unit = "furlong"', r"furlong is no known unit of level \(m, dm, .*give scale"),
        ('type = "uint16"', 'type = "uint16"\norder = "ABCD"', "order ABCD is none of uint16: AB, BA"),
        ('type = "uint16"', 'type = "uint16"\norder = "BA"\nbyte_order = "big"', "order says it all"),
        ("address = 12", "address = 12\naddress_base = 30001", "address_base 30001 is of function code 4"),
        ("address = 12", "address = 0\naddress_base = 1", "address 0 is -1 on the wire"),
        ("address = 12", "address = 12\nmin = 2\nmax = 1", "min 2 is above max 1"),
        ("function_code = 3", "function_code = 5", r"function_code: Input should be 3 or 4"),
        ("[[registers]]", "max_registers = 126\n[[registers]]", "max_registers: Input should be less"),
        (
            "[[registers]]",
            "[[holes]]\nfunction_code = 3\naddress = 12\n[[registers]]",
            "level at address 12 is in a hole",
        ),
        (
            "[[registers]]",
            "[[status]]\nfunction_code = 3\naddress = 1\nbit = 16\nvalue = 0\nflag = 'f'\n[[registers]]",
            r"status\[1\].bit: Input should be less",
        ),
        (
            "[[registers]]",
            "[[status]]\nfunction_code = 3\naddress = 1\nbit = 1\nvalue = 2\nflag = 'f'\n[[registers]]",
            "a bit is 0 or 1",
        ),
        (
            "[[registers]]",
            "[[status]]\nfunction_code = 3\naddress = 1\nvalue = 2\nflag = 'f'\nmetric = 'velocity'\n[[registers]]",
            "status says something of velocity",
        ),
    ],
)
def test_a_faulty_profile_is_refused_in_words(tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "own.toml").write_text(VALID.replace(old, new))
    with pytest.raises(ConfigError, match=said):
        load_profile("own.toml", beside=tmp_path)


def test_registers_that_overlap_are_all_told(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'name = "own"\nmodel = "m"\nsource = "s"\n'
        '[[registers]]\nmetric = "flow_rate"\nfunction_code = 4\naddress = 10\ntype = "float32"\nunit = "m3/h"\n'
        '[[registers]]\nmetric = "level"\nfunction_code = 4\naddress = 11\ntype = "float32"\nunit = "m"\n'
        '[[registers]]\nmetric = "velocity"\nfunction_code = 4\naddress = 12\ntype = "float32"\nunit = "m/s"\n'
        '[[registers]]\nmetric = "pressure"\nfunction_code = 3\naddress = 10\ntype = "float32"\nunit = "bar"\n'
    )
    with pytest.raises(ConfigError) as raised:
        load_profile("own.toml", beside=tmp_path)
    assert str(raised.value).splitlines() == [
        f"{tmp_path / 'own.toml'}: level at address 11 overlaps flow_rate at 10 to 11",
        f"{tmp_path / 'own.toml'}: velocity at address 12 overlaps level at 11 to 12",
    ]


@pytest.mark.parametrize(
    ("base", "address", "code"), [(0, 10, 4), (1, 11, 4), (30001, 30011, 4), (300001, 300011, 4), (40001, 40011, 3)]
)
def test_an_address_may_be_written_as_the_manual_does(
    tmp_path: Path, base: int, address: int, code: FunctionCode
) -> None:
    table = f"function_code = {code}\naddress = {address}\n"
    (tmp_path / "own.toml").write_text(
        f'name = "own"\nmodel = "m"\nsource = "s"\naddress_base = {base}\n'
        f'[[registers]]\nmetric = "level"\n{table}type = "uint16"\nunit = "m"\n'
        f'[[registers]]\nmetric = "velocity"\nfunction_code = 3\naddress = 7\naddress_base = 0\ntype = "uint16"\n'
        'unit = "m/s"\n'
        f"[[status]]\n{table}value = 0\nflag = 'f'\n[[holes]]\nfunction_code = {code}\naddress = {address + 1}\n"
    )
    profile = load_profile("own.toml", beside=tmp_path)
    assert [register.address for register in profile.decoders()] == [10, 7]
    assert profile.meanings()[0].address == 10
    assert profile.holes[0].span() == Span(code, 11, 1)


@pytest.mark.parametrize(
    ("metric", "unit", "more", "raw", "value"),
    [
        ("flow_rate", "l/s", "", 12.5, 45.0),
        ("flow_rate", "m3/s", "resolution = 0.001", 7, 25.2),
        ("flow_rate", "Ml/d", "", 2.4, 100.0),
        ("flow_rate", "gal_us/min", "", 1000.0, 227.124707),
        ("totalizer", "ft3", "", 100.0, 2.8316846592),
        ("temperature", "K", "", 293.15, 20.0),
        ("temperature", "degF", "", 68.0, 20.0),
        ("temperature", "degC", "offset = -0.5", 20.0, 19.5),
        ("pressure", "kPa", "", 250.0, 2.5),
        ("pressure", "psi", "", 100.0, 6.89475729),
        ("level", "mm", "", 1234.0, 1.234),
        ("level", "digits", "scale = 0.25\noffset = 1", 10.0, 3.5),
        ("velocity", "cm/s", "", 75.0, 0.75),
    ],
)
def test_known_units_become_ours(tmp_path: Path, metric: str, unit: str, more: str, raw: float, value: float) -> None:
    (tmp_path / "own.toml").write_text(
        f'name = "own"\nmodel = "m"\nsource = "s"\n[[registers]]\nmetric = "{metric}"\nfunction_code = 4\n'
        f'address = 0\ntype = "float64"\nunit = "{unit}"\n{more}\n'
    )
    (register,) = load_profile("own.toml", beside=tmp_path).decoders()
    decoded = decode(register, list(struct.unpack(">4H", struct.pack(">d", raw)))).value
    assert decoded == pytest.approx(value, rel=1e-9)


def test_a_quantity_is_listed_once(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(VALID + VALID[VALID.index("[[") :])
    with pytest.raises(ConfigError, match="level is listed twice"):
        load_profile("own.toml", beside=tmp_path)


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no profile 'nivus'; shipped are: .*nivus_750"):
        load_profile("nivus")
