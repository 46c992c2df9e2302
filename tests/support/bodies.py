"""The bodies of the field, as gateways send them, and a meter's profile that reads them."""

from __future__ import annotations

from fluxio_api.ingest.profiles import Meter, Profile, Register, StatusMeaning

#: public.register_profiles, nivus_750.
NIVUS_750 = Profile(
    "nivus_750",
    1,
    (
        Register("flow_rate", 4, 10, "float32", "little", scale=3600, aliases=("flow_rate", "flow")),
        Register("level", 4, 12, "float32", "little", aliases=("level",)),
        Register("velocity", 4, 14, "float32", "little", aliases=("velocity",)),
        Register("temperature", 4, 16, "float32", "little", aliases=("temperature", "water_temperature")),
        Register("totalizer", 4, 5200, "float32", "little", aliases=("totalizer", "total")),
    ),
)

#: public.register_profiles, nivusonic.
NIVUSONIC = Profile(
    "nivusonic",
    1,
    (
        Register("flow_rate", 4, 0, "int16", scale=3.6, aliases=("flow_rate", "flow")),
        Register("level", 4, 1, "int16", scale=0.001, aliases=("level",)),
        Register("velocity", 4, 2, "int16", scale=0.001, aliases=("velocity",)),
        Register("temperature", 4, 3, "int16", scale=0.01, aliases=("temperature", "water_temperature")),
    ),
    tuple(
        StatusMeaning(4, 5, bit, 0, metric, "sensor_invalid", None)
        for bit, metric in enumerate(("flow_rate", "level", "velocity", "temperature"))
    ),
)

NIVUS, SECOND, SONIC = "NIVUS_750_001", "NIVUS_750_002", "SONIC_001"

METERS = {NIVUS: Meter(300, NIVUS_750), SECOND: Meter(300, NIVUS_750), SONIC: Meter(60, NIVUSONIC)}

#: Names that a gateway has for them, by kind.
ALIASES = {
    ("server_id", "1"): NIVUS,
    ("server_id", "2"): SECOND,
    ("server_id", "3"): SONIC,
    ("input_name", "pipe1"): NIVUS,
}

#: a.1 of the field facts, by number.
BODIES: dict[int, bytes] = {
    1: b'{"pipe1":{"timestamp":1771388530,"date_iso_8601":"2026-02-18T09:52:10+0530","server_id":1,'
    b'"server_name":"NIVUS_750_001","name":"flow_rate","addr":11,"full_addr":"300011","data":"[0.125000]"}}',
    2: b'{"pipe1":[{"date_iso_8601":"2026-02-18T09:52:10+0530","server_name":"NIVUS_750_001","name":"flow_rate",'
    b'"full_addr":"300011","data":"[0.125000]"},'
    b'{"date_iso_8601":"2026-02-18T09:52:10+0530","server_name":"NIVUS_750_001","name":"level",'
    b'"full_addr":"300013","data":"[1.500000]"},'
    b'{"date_iso_8601":"2026-02-18T09:52:11+0530","server_name":"NIVUS_750_001","name":"totalizer",'
    b'"full_addr":"305201","data":"[123456.781250]"}]}',
    3: b'{"Modbus":[{"timestamp":"1771384930","server_id":1,"addr":11,"data":"[0.101000]"},'
    b'{"timestamp":"1771384931","server_id":2,"addr":11,"data":"[0.202000]"},'
    b'{"timestamp":"1771385230","server_id":1,"addr":11,"data":"[0.103000]"},'
    b'{"timestamp":"1771385231","server_id":2,"addr":11,"data":"[0.204000]"}]}',
    4: b'{"gw":{"serial":"1100000000","mac":"001e42000000"},'
    b'"cell":{"rssi":"-67","operator":"Example","connstate":"Connected"},'
    b'"pipe1":{"name":"flow_rate","full_addr":"300011","data":"[0.125000]"}}',
    5: b'{"pipe1":{"server_id":1,"full_addr":"300011","size":2,"data":"[0,15872]"}}',
    6: b'{"pipe1":{"name":"flow_rate","full_addr":"300011","data":"0.125000"}}',
    7: b'[{"full_addr":"300011","data":"[0.125000]"},{"full_addr":"300013","data":"[1.500000]"},'
    b'{"full_addr":"305201","data":"[123456.781250]"}]',
    8: b'[{"full_addr":"1","data":125.5},{"full_addr":"3","data":45.2},{"full_addr":"5","data":9876.5}]',
    9: b'{"device_id":"NIVUS_750_001","TS":"1771388530","name":"flow_rate","value":"0.125000","rssi":"N/A"}',
    10: b'{ "in1": "{"TS": "1771388530", "D": "18/02/2026 09:52:10", "data": [0.125000]}" }',
    11: b'{"ID":"1","TS":"1580000000","ST":"11","VR":"[0.125000]"}',
    12: b'{"device_id":"NIVUS_750_001","flow_rate":0.125000,"totalizer":123456.781250,"temperature":18.500000,'
    b'"level":1.500000,"velocity":0.750000}',
    13: b'{"device_id":"NIVUS_750_001","timestamp":"2026-02-18T04:22:10Z","flow_rate":0.125,"totalizer":123456.78,'
    b'"temperature":18.5,"pressure":2.1,"battery_level":88,"signal_strength":-67,'
    b'"metadata":{"firmware":"x","location":"y"}}',
    14: b'{"device_id":"TRB246-001","flow_rate":0,"totalizer":0}',
    15: b'{"pipe1":{"full_addr":"300011","data":"[nan]"}}',
    16: b"eyJwaXBlMSI6eyJuYW1lIjoiZmxvd19yYXRlIiwiZGF0YSI6IlswLjEyNTAwMF0ifX0=",
}
