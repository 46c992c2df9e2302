"""The bodies that TRB24x gateways and scripts on them POST: pure functions of records to bytes.

The structures are those of captured bodies, of the firmware's formatter and of a site's scripts.
Values that the meter does not have (NaN) come out as the firmware's or the script's language prints
them, which is not always JSON: that is what arrives.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from fluxio_edge.registers import Metric
from fluxio_edge.simulator.trb24x.record import GatewayFacts, Record
from fluxio_edge.simulator.trb24x.rutos_types import DEFAULT_TYPE, printed

Writer = Callable[[Sequence[Record], GatewayFacts], bytes]


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of body.

    `segments` is how many records a body has unless another number is chosen; None is a script that
    sends the last poll of one meter and knows no cursor. `most` is the most that the kind can have.
    """

    write: Writer
    segments: int | None
    most: int = 64
    content_type: str = "application/json"


def write_object(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 1: the default with one segment and "send as object"."""
    return _dump(
        _inputs(
            records,
            lambda each: {
                "timestamp": each.timestamp,
                "date_iso_8601": each.iso_8601,
                "server_id": each.server_id,
                "server_name": each.server_name,
                "name": each.name,
                "addr": each.first_register,
                "full_addr": each.full_address,
                "data": each.data(),
            },
        )
    )


def write_array(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 2: several segments, an array under each input's name."""
    return _dump(
        _inputs(
            records,
            lambda each: {
                "date_iso_8601": each.iso_8601,
                "server_name": each.server_name,
                "name": each.name,
                "full_addr": each.full_address,
                "data": each.data(),
            },
            always_list=True,
        )
    )


def write_history(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 3: every meter's records as they were polled under one input, four keys each."""
    return _dump(
        {
            "Modbus": [
                {
                    "timestamp": str(each.timestamp),
                    "server_id": each.server_id,
                    "addr": each.first_register,
                    "data": each.data(),
                }
                for each in records
            ]
        }
    )


def write_siblings(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 4: the gateway's own inputs beside those of the meters."""
    meters = _inputs(records, lambda each: {"name": each.name, "full_addr": each.full_address, "data": each.data()})
    gateway = {"serial": facts.serial, "mac": facts.mac}
    cell = {"rssi": str(facts.rssi), "operator": facts.operator, "connstate": "Connected"}
    return _dump({"gw": gateway, "cell": cell, **meters})


def write_raw_words(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 5: no data type was chosen, so the words come as signed 16-bit numbers."""
    return _dump(
        _inputs(
            records,
            lambda each: {
                "server_id": each.server_id,
                "full_addr": each.full_address,
                "size": len(each.words),
                "data": each.data(DEFAULT_TYPE),
            },
        )
    )


def write_no_brackets(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 6: the option that leaves the brackets out."""
    return _dump(
        _inputs(
            records,
            lambda each: {"name": each.name, "full_addr": each.full_address, "data": each.data(brackets=False)},
        )
    )


def write_bare_array(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 7: a custom collection whose whole template is one input."""
    return _dump([{"full_addr": each.full_address, "data": each.data()} for each in records])


def write_short_addresses(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 8: a site's own test body; no firmware sends it."""
    body = ",".join(f'{{"full_addr":"{each.first_register}","data":{printed(each.number)}}}' for each in records)
    return f"[{body}]".encode()


def write_template(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 9: a template written by hand for one register; a tag that is not known prints N/A."""
    (one,) = records
    return _dump(
        {
            "device_id": one.server_name,
            "TS": str(one.timestamp),
            "name": one.name,
            "value": one.data(brackets=False),
            "rssi": "N/A",
        }
    )


def write_unedited(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 10: the default template, whose nested quotes make it no JSON."""
    (one,) = records
    date = one.moment.strftime("%d/%m/%Y %H:%M:%S")
    return f'{{ "in1": "{{"TS": "{one.timestamp}", "D": "{date}", "data": {one.data()}}}" }}'.encode()


def write_legacy(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 11: firmware up to 7.04, keys of one or two letters and every value a text."""
    written = [
        {"ID": str(each.server_id), "TS": str(each.timestamp), "ST": str(each.first_register), "VR": each.data()}
        for each in records
    ]
    return _dump(written[0] if len(written) == 1 else written)


def write_lua(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 12: a script's string.format, one meter and no time, in FluxIO's units."""
    order: tuple[Metric, ...] = ("flow_rate", "totalizer", "temperature", "level", "velocity")
    values = {each.register.metric: each.scaled for each in records}
    fields = "".join(f',"{metric}":{values[metric]:f}' for metric in order if metric in values)
    return f'{{"device_id":"{records[0].server_name}"{fields}}}'.encode()


def write_full(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 13: the documented payload, in FluxIO's units."""
    body: dict[str, object] = {
        "device_id": records[0].server_name,
        "timestamp": records[0].moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    body.update({each.register.metric: round(each.scaled, 6) for each in records})
    body["signal_strength"] = facts.rssi
    body["metadata"] = {"firmware": "TRB2_R_00.07.16", "location": "simulated"}
    return _dump(body)


def write_ghost(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 14: a template with the zeros written into it, whatever the meter says."""
    return _dump({"device_id": records[0].server_name, "flow_rate": 0, "totalizer": 0})


def write_base64(records: Sequence[Record], facts: GatewayFacts) -> bytes:
    """Body 16: the encoder of firmware 7.16 over body 2."""
    return base64.b64encode(write_array(records, facts))


SHAPES: Final[dict[str, Shape]] = {
    "object": Shape(write_object, 1, most=1),
    "array": Shape(write_array, 5),
    "history": Shape(write_history, 20),
    "siblings": Shape(write_siblings, 1),
    "raw_words": Shape(write_raw_words, 1),
    "no_brackets": Shape(write_no_brackets, 1),
    "bare_array": Shape(write_bare_array, 5),
    "short_addresses": Shape(write_short_addresses, 5),
    "template": Shape(write_template, 1, most=1),
    "unedited": Shape(write_unedited, 1, most=1),
    "legacy": Shape(write_legacy, 1, most=10),
    "lua": Shape(write_lua, None),
    "full": Shape(write_full, None),
    "ghost": Shape(write_ghost, None),
    "base64": Shape(write_base64, 5, content_type="text/plain"),
}


def _inputs(
    records: Sequence[Record], write: Callable[[Record], dict[str, object]], *, always_list: bool = False
) -> dict[str, object]:
    """An input for each meter, named pipe1, pipe2, ...: one record as an object, several as a list."""
    inputs: dict[str, list[dict[str, object]]] = {}
    for each in records:
        inputs.setdefault(f"pipe{each.server_id}", []).append(write(each))
    return {name: written if always_list or len(written) > 1 else written[0] for name, written in inputs.items()}


def _dump(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
