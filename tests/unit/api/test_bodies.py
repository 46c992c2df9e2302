"""Every body that a gateway in the field was seen to send, and the cases of its shape, values, times and identity."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from datetime import datetime

import pytest

from fluxio_api.ingest import strict_json
from fluxio_api.ingest.intake import Intake, letters_of
from fluxio_api.ingest.profiles import Meter, Profile, Register
from fluxio_api.ingest.unpack import NotUnpackableError
from fluxio_api.problems import InvalidJson, PayloadTooLarge, Unavailable
from support.bodies import BODIES, NIVUS, SECOND, SONIC

from .reader import Plant, Shelf, arrival, measured, read

AT = "2026-02-18T04:22:10+00:00"
ISO = "2026-02-18T09:52:10+0530"
POLL = {"device_id": NIVUS, "flow_rate": 450.0, "level": 1.5, "totalizer": 123456.78125}
SHORT = Profile(
    "short",
    1,
    (
        Register("flow_rate", 3, 0, "float32"),
        Register("level", 3, 2, "float32"),
        Register("totalizer", 3, 4, "float32"),
    ),
)

Reading = dict[str, object]


@pytest.mark.parametrize(
    ("number", "header", "expected"),
    [
        pytest.param(1, "", [{"device_id": NIVUS, "created_at": AT, "flow_rate": 450.0}], id="a1.1-wrapped"),
        pytest.param(2, "", [{**POLL, "created_at": AT}], id="a1.2-one-poll-is-one-reading"),
        pytest.param(
            3,
            "",
            [
                {"device_id": NIVUS, "created_at": "2026-02-18T03:22:10+00:00", "flow_rate": 363.6},
                {"device_id": SECOND, "created_at": "2026-02-18T03:22:11+00:00", "flow_rate": 727.2},
                {"device_id": NIVUS, "created_at": "2026-02-18T03:27:10+00:00", "flow_rate": 370.8},
                {"device_id": SECOND, "created_at": "2026-02-18T03:27:11+00:00", "flow_rate": 734.4},
            ],
            id="a1.3-two-meters-interleaved",
        ),
        pytest.param(4, "", [{"device_id": NIVUS, "flow_rate": 450.0}], id="a1.4-siblings"),
        pytest.param(5, "", [{"device_id": NIVUS, "flow_rate": 450.0}], id="a1.5-raw-words"),
        pytest.param(6, "", [{"device_id": NIVUS, "flow_rate": 450.0}], id="a1.6-no-brackets"),
        pytest.param(7, NIVUS, [POLL], id="a1.7-bare-array"),
        pytest.param(
            8,
            "SHORT",
            [{"device_id": "SHORT", "flow_rate": 125.5, "level": 45.2, "totalizer": 9876.5}],
            id="a1.8-short-addresses",
        ),
        pytest.param(9, "", [{"device_id": NIVUS, "created_at": AT, "flow_rate": 450.0}], id="a1.9-custom"),
        pytest.param(
            11,
            "",
            [{"device_id": NIVUS, "created_at": "2020-01-26T00:53:20+00:00", "flow_rate": 450.0}],
            id="a1.11-legacy",
        ),
        pytest.param(
            12,
            "",
            [
                {"device_id": NIVUS, "flow_rate": 0.125, "totalizer": 123456.78125, "temperature": 18.5, "level": 1.5,
                 "velocity": 0.75}
            ],
            id="a1.12-flat-is-never-scaled",
        ),
        pytest.param(
            13,
            "",
            [
                {"device_id": NIVUS, "created_at": AT, "flow_rate": 0.125, "totalizer": 123456.78, "temperature": 18.5,
                 "pressure": 2.1, "battery_level": 88, "signal_strength": -67}
            ],
            id="a1.13-documented",
        ),
        pytest.param(14, "", [{"device_id": "TRB246-001", "flow_rate": 0, "totalizer": 0}], id="a1.14-ghost"),
        pytest.param(15, "", [{"device_id": NIVUS, "flags": ["invalid_float"]}], id="a1.15-nan"),
        pytest.param(16, "", [{"device_id": NIVUS, "flow_rate": 450.0}], id="a1.16-base64"),
    ],
)  # fmt: skip
def test_a_body_of_the_field_is_read(number: int, header: str, expected: list[Reading]) -> None:
    plant = Plant()
    plant.known["SHORT"] = Meter(300, SHORT)
    batch = read(BODIES[number], plant, device_header=header)
    assert measured(batch) == expected
    assert (batch.refusals, batch.leftovers) == ([], [])
    # Only a record may be a part, and only records cost a look-up.
    assert all(("is_part" in element) == (number not in {12, 13, 14}) for element in batch.elements)
    assert plant.asked == (0 if number in {12, 13, 14} else 2)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BODIES[10], id="a1.10"),
        pytest.param(BODIES[1][:-9], id="c10-cut-off"),
        pytest.param(b'{"flow_rate":nan}', id="a1.15-bare-nan"),
    ],
)
def test_what_is_no_json_is_kept_with_its_bytes(body: bytes) -> None:
    shelf = Shelf()
    with pytest.raises(InvalidJson):
        Intake(shelf, Plant()).take(arrival(body, content_encoding="identity", device_header=NIVUS))
    (letter,) = shelf.letters
    assert (letter.reason, letter.body) == ("invalid_json", body)
    assert letter.headers == {"content-encoding": "identity", "x-device-id": NIVUS}


def one(data: object = "[0.125000]", **members: object) -> bytes:
    """A body of one record of NIVUS."""
    return json.dumps({"pipe1": {"full_addr": "300011", "data": data, **members}}).encode()


@pytest.mark.parametrize(
    "address",
    [
        {"full_addr": "300011"}, {"full_addr": 300011}, {"full_addr": "30011"}, {"full_addr": "11"}, {"addr": 11},
        {"addr": "11"}, {"addr": "0x0B"}, {"full_addr": "", "addr": 11}, {"full_addr": "N/A", "name": "Flow"},
        {"name": "flow_rate"},
    ],
    ids=lambda value: f"c5-{value}",
)  # fmt: skip
def test_an_address_is_found_however_it_is_written(address: dict[str, object]) -> None:
    body = json.dumps({"pipe1": {"data": "[0.125000]", **address}}).encode()
    assert measured(read(body)) == [{"device_id": NIVUS, "flow_rate": 450.0}]


@pytest.mark.parametrize(
    ("address", "value", "flags"),
    [
        pytest.param({"name": "flow_rate", "full_addr": "300011"}, 450.0, [], id="c6-agree"),
        pytest.param({"name": "flow_rate", "full_addr": "300013"}, 450.0, ["map_conflict"], id="c6-another-metric"),
        pytest.param({"name": "flow_rate", "full_addr": "400011"}, 450.0, ["map_conflict"], id="c6-another-class"),
        pytest.param({"name": "flow_rate", "addr": 99}, 450.0, ["map_conflict"], id="c6-no-metric"),
        pytest.param({"name": "request 7", "full_addr": "300011"}, 450.0, [], id="c6-a-name-nobody-knows"),
    ],
)
def test_the_name_counts_before_the_address(address: dict[str, object], value: float, flags: list[str]) -> None:
    batch = read(json.dumps({"pipe1": {"data": "[0.125000]", **address}}).encode())
    (element,) = batch.elements
    assert (element["flow_rate"], element.get("flags", [])) == (value, flags)
    if flags:
        kept = element["metadata"]["raw"]  # type: ignore[index] # an object
        assert list(kept.values()) == [{**address, "data": "[0.125000]"}]


@pytest.mark.parametrize(
    "address",
    [{"full_addr": "300099"}, {"full_addr": "000011"}, {"addr": "0"}, {"addr": "x"}, {"name": "nothing"}, {}],
    ids=lambda value: f"c8-{value}",
)
def test_an_unmapped_register_is_no_fault_and_in_a_letter(address: dict[str, object]) -> None:
    record = {"server_name": NIVUS, "data": "[0.125000]", **address}
    batch = read(json.dumps({"pipe1": record}).encode())
    assert (batch.elements, batch.refusals) == ([], [])
    (letter,) = letters_of(batch, arrival(b""))
    assert letter.reason == "unmapped_register"
    assert f"of {NIVUS} (nivus_750@1)" in letter.detail
    assert json.loads(letter.body) == [{"pipe1": record}]


def test_a_meter_without_a_profile_has_no_mapped_register() -> None:
    batch = read(BODIES[2], Plant({NIVUS: Meter(300, None)}))
    assert batch.elements == []
    assert {left.reason for left in batch.leftovers} == {"unmapped_register"}
    assert len(batch.leftovers) == 3


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"pipe1":[]}', b'{"pipe1":{}}', b" \n[ ]"], ids=lambda body: f"c9-{body}"
)
def test_an_empty_body_is_contact_and_nothing_else(body: bytes) -> None:
    shelf, plant = Shelf(), Plant()
    assert Intake(shelf, plant).take(arrival(body)) == []
    assert (shelf.elements, shelf.letters, plant.states) == ([], [], [{}])


def test_what_a_gateway_says_of_itself_is_kept_with_it() -> None:
    shelf, plant = Shelf(), Plant()
    body = json.loads(BODIES[4]) | {"other": {"x": [1]}, "note": "roof"}
    assert len(Intake(shelf, plant).take(arrival(json.dumps(body).encode()))) == 1
    assert plant.states == [{name: body[name] for name in ("gw", "cell", "other", "note")}]
    assert shelf.letters == []


def test_flat_readings_cost_nothing_but_their_own_call() -> None:
    plant = Plant()
    Intake(Shelf(), plant).take(arrival(BODIES[12]))
    assert (plant.asked, plant.states) == (0, [])


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        pytest.param(base64.b64encode(BODIES[2]), {}, id="c11-base64"),
        pytest.param(base64.encodebytes(BODIES[2]), {}, id="c11-base64-in-lines"),
        pytest.param(base64.urlsafe_b64encode(BODIES[2]).rstrip(b"="), {}, id="c11-base64-of-urls"),
        pytest.param(gzip.compress(BODIES[2]), {"content_encoding": "gzip"}, id="c11-gzip"),
        pytest.param(gzip.compress(BODIES[2]), {}, id="c11-gzip-without-header"),
        pytest.param(base64.b64encode(gzip.compress(BODIES[2])), {}, id="c11-gzip-in-base64"),
        pytest.param(b"\xef\xbb\xbf" + BODIES[2], {}, id="c11-bom"),
        pytest.param(BODIES[2].decode().encode("utf-16"), {}, id="c11-utf-16"),
        pytest.param(BODIES[2], {"content_type": "text/plain"}, id="c11-text"),
        pytest.param(BODIES[2], {"content_type": "application/x-www-form-urlencoded"}, id="c11-form"),
    ],
)
def test_a_body_is_unpacked_by_what_it_is(body: bytes, changes: dict[str, object]) -> None:
    assert measured(read(body, None, **changes)) == [{**POLL, "created_at": AT}]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" + b",".join([b"{}"] * 1001) + b"]", id="c12-array"),
        pytest.param(json.dumps({"pipe1": [{"addr": 11, "data": "[1]"}] * 1001}).encode(), id="c12-records"),
        pytest.param(b"{}\n" * 1001, id="c12-lines"),
        pytest.param(gzip.compress(b" " * 2_000_000), id="c12-bomb"),
    ],
)
def test_too_much_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadTooLarge):
        read(body)


@pytest.mark.parametrize(
    ("data", "flow_rate", "flags"),
    [
        pytest.param("0.125", 450.0, [], id="c14-text"),
        pytest.param(" 0.125 ", 450.0, [], id="c14-blanks"),
        pytest.param("[0.125000]", 450.0, [], id="c14-brackets"),
        pytest.param([0.125], 450.0, [], id="c14-list"),
        pytest.param(["0.125"], 450.0, [], id="c14-list-of-text"),
        pytest.param(0.125, 450.0, [], id="c14-number"),
        pytest.param("0,125", None, ["ambiguous_data"], id="c14-decimal-comma"),
        pytest.param("", None, [], id="c15-empty"),
        pytest.param(None, None, [], id="c15-null"),
        pytest.param([], None, [], id="c15-list"),
        pytest.param("[]", None, [], id="c15-brackets"),
        pytest.param(True, None, [], id="c15-true"),
        pytest.param("N/A", None, [], id="c15-na"),
        pytest.param("-", None, [], id="c15-dash"),
        pytest.param("[nan]", None, ["invalid_float"], id="c16-nan"),
        pytest.param("NaN", None, ["invalid_float"], id="c16-NaN"),
        pytest.param("[-inf]", None, ["invalid_float"], id="c16-inf"),
        pytest.param("[1e400]", None, ["invalid_float"], id="c16-1e400"),
        pytest.param("-1e39", None, ["invalid_float"], id="c16-1e39"),
        pytest.param("[0.000000]", 0.0, [], id="c22-zero"),
        pytest.param("[-0.125000]", -450.0, [], id="c23-reverse"),
        pytest.param("[2.2e-41]", None, ["implausible_order"], id="c19-denormal"),
        pytest.param("[15100000000000000000000000000000.0]", None, ["implausible_order"], id="c19-huge"),
        pytest.param([15872, 0], None, ["implausible_order"], id="c19-words-in-the-wrong-order"),
    ],
)
def test_data_is_a_number_or_a_flag_and_never_a_zero(data: object, flow_rate: float | None, flags: list[str]) -> None:
    batch = read(one(data))
    (element,) = batch.elements
    assert (element.get("flow_rate"), element.get("flags", [])) == (flow_rate, flags)
    assert element["metadata"]["raw"] == {"300011": data}  # type: ignore[index] # an object


@pytest.mark.parametrize("data", ["abc", {}, [[1]], "0.1.2"], ids=str)
def test_data_that_is_no_number_is_refused_alone(data: object) -> None:
    body = json.loads(BODIES[2])
    body["pipe1"][1]["data"] = data
    batch = read(json.dumps(body).encode())
    assert [(refusal.index, refusal.code, refusal.pointer) for refusal in batch.refusals] == [
        (1, "invalid_value", "/data")
    ]
    assert measured(batch) == [{"device_id": NIVUS, "created_at": AT, "flow_rate": 450.0, "totalizer": 123456.78125}]
    (letter,) = letters_of(batch, arrival(b""))
    assert json.loads(letter.body) == [{"pipe1": body["pipe1"][1]}]


def test_other_metrics_stand_where_one_is_no_float() -> None:
    body = json.loads(BODIES[2])
    body["pipe1"][1]["data"] = "[nan]"
    assert measured(read(json.dumps(body).encode())) == [
        {
            "device_id": NIVUS,
            "created_at": AT,
            "flow_rate": 450.0,
            "totalizer": 123456.78125,
            "flags": ["invalid_float"],
        }
    ]


def sonic(*data: object) -> bytes:
    return json.dumps({"x": [{"server_id": 3, "addr": 1 + place, "data": value} for place, value in data]}).encode()  # type: ignore[misc,has-type] # pairs


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(sonic((0, "[125]"), (5, "[31]")), {"flow_rate": 450.0}, id="c25-all-valid"),
        pytest.param(
            sonic((0, "[125]"), (1, "[1500]"), (5, "[30]")),
            {"level": 1.5, "flags": ["sensor_invalid"]},
            id="c25-no-flow",
        ),
        pytest.param(sonic((5, "[30]")), {"flags": ["sensor_invalid"]}, id="c25-alone-and-bad"),
        pytest.param(
            sonic((0, "[125,1500,-750,1850,0,31]")),
            {"flow_rate": 450.0, "level": 1.5, "velocity": -0.75, "temperature": 18.5},
            id="c25-a-block",
        ),
        pytest.param(
            sonic((0, "[125,64786,0,0,0,13]")),
            {"flow_rate": 450.0, "velocity": 0.0, "temperature": 0.0, "flags": ["sensor_invalid"]},
            id="c25-a-block-with-an-invalid-level",
        ),
        pytest.param(sonic((0, "[12.5]")), {"flags": ["ambiguous_data"]}, id="a-fraction-of-a-digit"),
    ],
)
def test_validity_bits_decide_what_is_a_value(body: bytes, expected: Reading) -> None:
    assert measured(read(body)) == [{"device_id": SONIC, **expected}]


def test_a_status_word_alone_that_says_all_is_well_is_no_reading() -> None:
    batch = read(sonic((5, "[31]")))
    assert (batch.elements, batch.refusals, batch.leftovers) == ([], [], [])


@pytest.mark.parametrize(
    ("members", "created_at"),
    [
        pytest.param({"date_iso_8601": ISO, "timestamp": 1}, AT, id="c27-iso-without-colon-before-epoch"),
        pytest.param({"date_iso_8601": "2026-02-18T09:52:10+05:30"}, AT, id="c27-iso-with-colon"),
        pytest.param({"timestamp": 1771388530}, AT, id="c28-seconds"),
        pytest.param({"timestamp": "1771388530"}, AT, id="c28-text"),
        pytest.param({"timestamp": 1771388530000}, AT, id="c28-milliseconds"),
        pytest.param({"date_iso_8601": "N/A", "timestamp": "1771388530"}, AT, id="c28-iso-missing"),
        pytest.param({}, None, id="c30-untimed"),
        pytest.param({"timestamp": "N/A"}, None, id="c30-time-missing"),
        pytest.param({"timestamp": 0}, "1970-01-01T00:00:00+00:00", id="c31-told-as-it-is"),
    ],
)
def test_a_record_has_the_time_it_tells(members: dict[str, object], created_at: str | None) -> None:
    (element,) = read(one(**members)).elements
    assert element.get("created_at") == created_at
    assert ("body_sha256" in element) == (created_at is None)


@pytest.mark.parametrize(
    "members",
    [{"date": "18/02/2026 09:52:10"}, {"timestamp": "soon"}, {"date_iso_8601": "2026-02-18T09:52:10"}],
    ids=str,
)
def test_a_time_that_names_no_instant_is_refused(members: dict[str, object]) -> None:
    (refusal,) = read(one(**members)).refusals
    assert (refusal.code, refusal.pointer) == ("invalid_value", f"/{next(iter(members))}")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        pytest.param([0, 1, 2], [{**POLL, "created_at": AT}], id="in-order"),
        pytest.param([2, 1, 0], [{**POLL, "created_at": AT}], id="c34-backwards"),
        pytest.param([1, 0, 2], [{**POLL, "created_at": AT}], id="c34-mixed"),
    ],
)
def test_the_order_of_records_does_not_matter(order: list[int], expected: list[Reading]) -> None:
    records = json.loads(BODIES[2])["pipe1"]
    assert measured(read(json.dumps([records[place] for place in order]).encode())) == expected


@pytest.mark.parametrize(
    ("seconds", "groups"),
    [([0, 30], 1), ([0, 31], 2), ([0, 1, 300, 301], 2), ([0, 20, 40], 2)],
    ids=str,
)
def test_a_poll_is_what_lies_within_thirty_seconds(seconds: list[int], groups: int) -> None:
    names = ["flow", "level", "flow", "level"] if len(seconds) == 4 else ["flow", "level", "total"]
    body = [
        {"server_name": NIVUS, "name": name, "timestamp": 1771388530 + second, "data": "[1.000000]"}
        for name, second in zip(names, seconds, strict=False)
    ]
    assert len(read(json.dumps(body).encode()).elements) == groups


def test_a_poll_that_comes_often_is_shorter() -> None:
    plant = Plant()
    plant.known[NIVUS] = Meter(10, plant.known[NIVUS].profile)
    body = [{"server_name": NIVUS, "name": "flow", "timestamp": 1771388530, "data": "[1.0]"},
            {"server_name": NIVUS, "name": "level", "timestamp": 1771388536, "data": "[1.0]"}]  # fmt: skip
    assert len(read(json.dumps(body).encode(), plant).elements) == 2


def test_the_time_of_a_reading_is_the_flows() -> None:
    body = [{"server_name": NIVUS, "name": "level", "timestamp": 1771388528, "data": "[1.0]"},
            {"server_name": NIVUS, "name": "flow", "timestamp": 1771388530, "data": "[1.0]"}]  # fmt: skip
    (element,) = read(json.dumps(body).encode()).elements
    assert element["created_at"] == AT


@pytest.mark.parametrize(
    ("names", "header", "device_id"),
    [
        pytest.param({"device_id": SECOND, "server_name": NIVUS}, "", SECOND, id="c48-device_id-first"),
        pytest.param({"server_name": SECOND, "server_id": 1}, "", SECOND, id="c48-server_name-before-id"),
        pytest.param({"server_id": "2"}, "", SECOND, id="c48-server_id-before-input"),
        pytest.param({}, SECOND, NIVUS, id="c48-input-before-header"),
        pytest.param({"server_id": 99}, "", NIVUS, id="c48-an-unknown-id-leaves-the-input"),
    ],
)
def test_a_meter_is_found_by_its_names_in_order(names: dict[str, object], header: str, device_id: str) -> None:
    (element,) = read(one(**names), device_header=header).elements
    assert element["device_id"] == device_id


def test_the_header_names_what_nothing_else_names() -> None:
    body = b'{"pipe9":{"full_addr":"300011","data":"[0.125000]"}}'
    assert measured(read(body, device_header=NIVUS)) == [{"device_id": NIVUS, "flow_rate": 450.0}]
    assert measured(read(b'{"flow_rate":1}', device_header=NIVUS)) == [{"device_id": NIVUS, "flow_rate": 1}]
    assert measured(read(b'{"device_id":"A","flow_rate":1}', device_header=NIVUS)) == [
        {"device_id": "A", "flow_rate": 1}
    ]


@pytest.mark.parametrize(
    ("body", "code", "device_id"),
    [
        pytest.param(
            b'{"p":{"server_name":"GONE","addr":11,"data":"[1.0]"}}', "unknown_device", "GONE", id="c48-unknown"
        ),
        pytest.param(b'{"p":{"addr":11,"data":"[1.0]"}}', "unknown_device", "p", id="c48-unknown-input"),
        pytest.param(b'{"p":{"flow_rate":1}}', "unknown_device", "p", id="c48-unknown-input-of-a-flat-one"),
        pytest.param(b'[{"addr":11,"data":"[1.0]"}]', "missing_device_id", None, id="c50-no-default-device"),
    ],
)
def test_an_unknown_meter_is_rejected_and_kept_to_be_read_again(body: bytes, code: str, device_id: str | None) -> None:
    batch = read(body)
    assert batch.elements == []
    assert [(refusal.code, refusal.device_id) for refusal in batch.refusals] == [(code, device_id)]
    (letter,) = letters_of(batch, arrival(body))
    assert letter.reason == code
    again = read(letter.body)
    assert [(refusal.code, refusal.device_id) for refusal in again.refusals] == [(code, device_id)]


def test_lines_are_read_one_by_one_and_a_bad_one_costs_no_other() -> None:
    bad = BODIES[1][:40]
    body = b"\n".join([BODIES[1], b"", BODIES[13], bad])
    shelf = Shelf()
    results = Intake(shelf, Plant()).take(arrival(body))
    assert [(result["index"], result["verdict"], result.get("code")) for result in results] == [
        (0, "new", None), (1, "new", None), (2, "rejected", "invalid_json"),
    ]  # fmt: skip
    assert [(letter.reason, letter.body) for letter in shelf.letters] == [("invalid_json", bad)]


@pytest.mark.parametrize("body", [b"[\n{}\n{}\n", b'{"a":1}{"b":2}', b"\n\n", b"1\n2\n"], ids=str)
def test_the_lines_of_a_broken_document_are_no_readings(body: bytes) -> None:
    with pytest.raises(strict_json.NotJsonError):
        read(body)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"Device_ID": "A", "FlowRate": 1}, {"device_id": "A", "flow_rate": 1}, id="other-capitals"),
        pytest.param({"device_id": "A", "flow-rate": 1, "LEVEL": "2"}, {"device_id": "A", "flow_rate": 1, "level": 2.0},
                     id="other-signs"),
        pytest.param({"device_id": "A", "level": 1, "Level": 2}, {"device_id": "A", "level": 1}, id="its-own-name"),
        pytest.param({"device_id": "A", "level": 1, "LEVEL": 2, "Flow Rate": 3, "flowrate": 4},
                     {"device_id": "A", "level": 1}, id="two-at-once-count-for-nothing"),
    ],
)  # fmt: skip
def test_flat_names_may_be_written_otherwise_where_that_is_plain(value: Reading, expected: Reading) -> None:
    batch = read(json.dumps(value).encode())
    assert measured(batch) == [expected]


@pytest.mark.parametrize(
    "body",
    [
        b'{"ID":"1","TS":"1771388530","ST":"11","VR":"[0.125000]","X":"?","m":"7"}',
        b'{"i":"1","t":"1771388530","s":"11","a":"[0.125000]","X":"?","m":"7"}',
        b'{"I":"1","T":"1771388530","S":"11","r":"[0.125000]","X":"?","m":"7"}',
    ],
)  # fmt: skip
def test_letters_nobody_knows_are_kept(body: bytes) -> None:
    batch = read(body)
    assert measured(batch) == [{"device_id": NIVUS, "created_at": AT, "flow_rate": 450.0}]
    assert batch.elements[0]["metadata"]["extra"] == {"X": "?", "m": "7"}  # type: ignore[index] # an object


def test_the_same_meter_by_every_road_has_the_same_flow() -> None:
    ways = [
        read(one("[0.123456]")),
        read(b'{"device_id":"NIVUS_750_001","flow_rate":444.4416}'),
        read(b'{"device_id":"NIVUS_750_001","flow_rate":0.123456}', flat_units={"flow_rate": "m3/s"}),
        read(b'{"device_id":"NIVUS_750_001","flow_rate":"123.456"}', flat_units={"flow_rate": "l/s"}),
    ]
    assert [batch.elements[0]["flow_rate"] for batch in ways] == [444.4416] * 4
    told = ways[2].elements[0]["metadata"]
    assert told == {"raw": {"flow_rate": 0.123456}, "units": {"flow_rate": "m3/s"}}
    # A record's unit is its profile's, whatever the key says of flat readings.
    assert read(one("[0.123456]"), flat_units={"flow_rate": "l/s"}).elements[0]["flow_rate"] == 444.4416


@pytest.mark.parametrize("body", [gzip.compress(BODIES[1])[:-4], b"\x1f\x8b\x08", gzip.compress(b"[]") + b"x"], ids=len)
def test_what_cannot_be_unpacked_is_kept_as_it_came(body: bytes) -> None:
    with pytest.raises(NotUnpackableError):
        read(body)
    shelf = Shelf()
    with pytest.raises(InvalidJson):
        Intake(shelf, Plant()).take(arrival(body))
    assert [letter.body for letter in shelf.letters] == [body]


class Away(Plant):
    """Keeps no state now."""

    def keep_state(self, api_key_id: str | None, received_at: datetime, state: Mapping[str, object]) -> None:
        raise Unavailable("away")


def test_state_that_cannot_be_kept_costs_no_reading() -> None:
    shelf = Shelf()
    assert [result["verdict"] for result in Intake(shelf, Away()).take(arrival(BODIES[4]))] == ["new"]


def test_state_that_no_database_holds_is_in_a_letter() -> None:
    batch = read(b'{"gw":{"serial":"a\\u0000"},"cell":{"rssi":"-67"}}')
    assert batch.state == {"cell": {"rssi": "-67"}}
    assert [(left.reason, left.raw) for left in batch.leftovers] == [("invalid_state", {"gw": {"serial": "a\0"}})]


def test_a_sibling_of_nothing_known_is_not_taken_for_state() -> None:
    """What a gateway sends in a format nobody knows may be readings: it is refused, not swallowed."""
    batch = read(b'{"pipe1":{"Durchfluss":"12,5"}}')
    assert [(element.get("device_id"), "metadata" in element) for element in batch.elements] == [(None, True)]
    assert batch.state == {}


def test_what_two_records_of_one_poll_say_beside_their_data_is_all_kept() -> None:
    body = [
        {"device_id": NIVUS, "name": name, "value": "1.5", "TS": 1771388530, "rssi": rssi}
        for name, rssi in (("flow", "-67"), ("level", "-68"), ("velocity", "-67"))
    ]
    (element,) = read(json.dumps(body).encode()).elements
    assert element["metadata"]["extra"] == {"rssi": "-67", "rssi 2": "-68"}  # type: ignore[index] # an object
