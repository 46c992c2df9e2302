"""The bodies of a TRB24x, against bodies that were captured in the field or follow from its firmware."""

from __future__ import annotations

import base64
import json
import math
import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest

from fluxio_edge.registers import ORDERS, ByteOrder, Metric, Register, RegisterType, WordOrder, encode
from fluxio_edge.simulator.trb24x.record import GatewayFacts, Record
from fluxio_edge.simulator.trb24x.rutos_types import numbers, printed, rutos_type
from fluxio_edge.simulator.trb24x.shapes import SHAPES

INDIA = timezone(timedelta(hours=5, minutes=30))
FACTS = GatewayFacts(serial="1100000000", mac="001e42000000", operator="Example", rssi=-67)
FLOW = Register("flow_rate", 4, 10, "float32", "little", 3600.0)
LEVEL = Register("level", 4, 12, "float32", "little")
VELOCITY = Register("velocity", 4, 14, "float32", "little")
TEMPERATURE = Register("temperature", 4, 16, "float32", "little")
TOTALIZER = Register("totalizer", 4, 5200, "float32", "little")


def record(register: Register, value: float, *, at: int = 1771388530, server: int = 1) -> Record:
    """`value` is in the meter's unit."""
    return Record(
        7,
        datetime.fromtimestamp(at, INDIA),
        server,
        f"NIVUS_750_{server:03d}",
        "192.168.1.101",
        register,
        tuple(encode(register, value * register.scale)),
    )


FLOW_RECORD = record(FLOW, 0.125)
POLL = [FLOW_RECORD, record(LEVEL, 1.5), record(TOTALIZER, 123456.78125, at=1771388531)]


def body(shape: str, records: list[Record]) -> str:
    return SHAPES[shape].write(records, FACTS).decode()


@pytest.mark.parametrize(
    ("shape", "records", "captured"),
    [
        (
            "object",
            [FLOW_RECORD],
            '{"pipe1":{"timestamp":1771388530,"date_iso_8601":"2026-02-18T09:52:10+0530","server_id":1,'
            '"server_name":"NIVUS_750_001","name":"flow_rate","addr":11,"full_addr":"300011","data":"[0.125000]"}}',
        ),
        (
            "array",
            POLL,
            '{"pipe1":[{"date_iso_8601":"2026-02-18T09:52:10+0530","server_name":"NIVUS_750_001","name":"flow_rate",'
            '"full_addr":"300011","data":"[0.125000]"},'
            '{"date_iso_8601":"2026-02-18T09:52:10+0530","server_name":"NIVUS_750_001","name":"level",'
            '"full_addr":"300013","data":"[1.500000]"},'
            '{"date_iso_8601":"2026-02-18T09:52:11+0530","server_name":"NIVUS_750_001","name":"totalizer",'
            '"full_addr":"305201","data":"[123456.781250]"}]}',
        ),
        (
            "history",
            [
                record(FLOW, 0.101, at=1771384930),
                record(FLOW, 0.202, at=1771384931, server=2),
                record(FLOW, 0.103, at=1771385230),
                record(FLOW, 0.204, at=1771385231, server=2),
            ],
            '{"Modbus":[{"timestamp":"1771384930","server_id":1,"addr":11,"data":"[0.101000]"},'
            '{"timestamp":"1771384931","server_id":2,"addr":11,"data":"[0.202000]"},'
            '{"timestamp":"1771385230","server_id":1,"addr":11,"data":"[0.103000]"},'
            '{"timestamp":"1771385231","server_id":2,"addr":11,"data":"[0.204000]"}]}',
        ),
        (
            "siblings",
            [FLOW_RECORD],
            '{"gw":{"serial":"1100000000","mac":"001e42000000"},'
            '"cell":{"rssi":"-67","operator":"Example","connstate":"Connected"},'
            '"pipe1":{"name":"flow_rate","full_addr":"300011","data":"[0.125000]"}}',
        ),
        ("raw_words", [FLOW_RECORD], '{"pipe1":{"server_id":1,"full_addr":"300011","size":2,"data":"[0,15872]"}}'),
        ("no_brackets", [FLOW_RECORD], '{"pipe1":{"name":"flow_rate","full_addr":"300011","data":"0.125000"}}'),
        (
            "bare_array",
            POLL,
            '[{"full_addr":"300011","data":"[0.125000]"},{"full_addr":"300013","data":"[1.500000]"},'
            '{"full_addr":"305201","data":"[123456.781250]"}]',
        ),
        ("short_addresses", POLL[:2], '[{"full_addr":"11","data":0.125000},{"full_addr":"13","data":1.500000}]'),
        (
            "template",
            [FLOW_RECORD],
            '{"device_id":"NIVUS_750_001","TS":"1771388530","name":"flow_rate","value":"0.125000","rssi":"N/A"}',
        ),
        (
            "unedited",
            [FLOW_RECORD],
            '{ "in1": "{"TS": "1771388530", "D": "18/02/2026 09:52:10", "data": [0.125000]}" }',
        ),
        ("legacy", [FLOW_RECORD], '{"ID":"1","TS":"1771388530","ST":"11","VR":"[0.125000]"}'),
        (
            "lua",
            [*POLL, record(TEMPERATURE, 18.5), record(VELOCITY, 0.75)],
            '{"device_id":"NIVUS_750_001","flow_rate":450.000000,"totalizer":123456.781250,"temperature":18.500000,'
            '"level":1.500000,"velocity":0.750000}',
        ),
        (
            "full",
            POLL,
            '{"device_id":"NIVUS_750_001","timestamp":"2026-02-18T04:22:10Z","flow_rate":450.0,"level":1.5,'
            '"totalizer":123456.78125,"signal_strength":-67,'
            '"metadata":{"firmware":"TRB2_R_00.07.16","location":"simulated"}}',
        ),
        ("ghost", POLL, '{"device_id":"NIVUS_750_001","flow_rate":0,"totalizer":0}'),
    ],
)
def test_a_body_is_as_it_was_captured(shape: str, records: list[Record], captured: str) -> None:
    assert body(shape, records) == captured


def test_base64_is_the_text_of_an_array() -> None:
    assert base64.b64decode(SHAPES["base64"].write(POLL, FACTS)).decode() == body("array", POLL)


def test_every_shape_is_tested_above() -> None:
    (mark,) = test_a_body_is_as_it_was_captured.pytestmark  # type: ignore[attr-defined] # pytest's own attribute
    assert {case[0] for case in mark.args[1]} | {"base64"} == set(SHAPES)


def test_only_the_unedited_template_is_no_json() -> None:
    for name in SHAPES.keys() - {"unedited", "base64"}:
        json.loads(body(name, [FLOW_RECORD]))
    with pytest.raises(json.JSONDecodeError):
        json.loads(body("unedited", [FLOW_RECORD]))


def test_several_meters_are_inputs_beside_each_other() -> None:
    both = [FLOW_RECORD, record(FLOW, 0.25, server=2), record(LEVEL, 1.5, server=2)]
    sent = json.loads(body("no_brackets", both))
    assert list(sent) == ["pipe1", "pipe2"]
    assert sent["pipe1"]["data"] == "0.125000"
    assert [each["data"] for each in sent["pipe2"]] == ["0.250000", "1.500000"]


def test_several_legacy_records_are_an_array() -> None:
    assert [each["ST"] for each in json.loads(body("legacy", POLL))] == ["11", "13", "5201"]


@pytest.mark.parametrize(
    ("shape", "text"),
    [("object", '"data":"[nan]"'), ("no_brackets", '"data":"nan"'), ("lua", '"flow_rate":nan'), ("full", "NaN")],
)
def test_no_value_is_printed_as_each_language_does(shape: str, text: str) -> None:
    assert text in body(shape, [record(FLOW, math.nan)])


def test_raw_words_can_be_negative() -> None:
    sent = json.loads(body("raw_words", [record(FLOW, -0.125)]))
    assert sent["pipe1"]["data"] == "[0,-16896]"


def test_small_flows_vanish_in_six_decimals() -> None:
    assert FLOW_RECORD.data() == "[0.125000]"
    assert record(FLOW, 4e-7).data() == "[0.000000]"


def test_holding_registers_have_another_class() -> None:
    assert record(Register("level", 3, 6108, "uint16"), 7).full_address == "406109"
    assert record(Register("level", 3, 6108, "uint16"), 7).data() == "[7]"


@pytest.mark.parametrize(
    ("register", "name"),
    [
        (Register("level", 4, 0, "int16"), "16bit_int_hi_first"),
        (Register("level", 4, 0, "uint32", "big"), "32bit_uint1234"),
        (Register("level", 4, 0, "float32", "little"), "32bit_float3412"),
        (Register("level", 4, 0, "float64", "little"), "64bit_float78563412"),
        (Register("level", 4, 0, "int16", byte_order="little"), "16bit_int_lo_first"),
        (Register("level", 4, 0, "float32", "big", byte_order="little"), "32bit_float2143"),
        (Register("level", 4, 0, "float32", "little", byte_order="little"), "32bit_float4321"),
    ],
)
def test_a_data_type_has_rutos_name(register: Register, name: str) -> None:
    assert rutos_type(register) == name


@pytest.mark.parametrize("orders", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("type_", get_args(RegisterType))
def test_rutos_reads_what_the_meter_holds(type_: RegisterType, orders: tuple[WordOrder, ByteOrder]) -> None:
    register = Register("totalizer", 4, 0, type_, orders[0], byte_order=orders[1])
    assert numbers(encode(register, 258.0), rutos_type(register)) == [258]


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        ("32bit_float1234", [0x42BC, 0x733D]),
        ("32bit_float3412", [0x733D, 0x42BC]),
        ("32bit_float2143", [0xBC42, 0x3D73]),
        ("32bit_float4321", [0x3D73, 0xBC42]),
    ],
)
def test_every_order_of_bytes_is_read(type_: str, words: list[int]) -> None:
    (number,) = numbers(words, type_)
    assert printed(number) == "94.225075"
    assert struct.pack(">f", number) == bytes.fromhex("42bc733d")


def test_a_number_that_is_longer_than_its_type_is_a_list() -> None:
    assert numbers([0, 15872], "16bit_uint_hi_first") == [0, 15872]
    assert numbers([0x0102], "16bit_uint_lo_first") == [0x0201]


def test_a_record_names_the_quantity_and_the_second() -> None:
    metric: Metric = "flow_rate"
    assert (FLOW_RECORD.name, FLOW_RECORD.timestamp) == (metric, 1771388530)
    assert FLOW_RECORD.moment.astimezone(UTC).isoformat() == "2026-02-18T04:22:10+00:00"
