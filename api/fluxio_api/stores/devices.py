"""Devices, what decodes their registers, and gateways, as the database knows them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from ..ingest.profiles import Meter, Order, Profile, Register, RegisterType, StatusMeaning
from ..problems import Unavailable
from .upstream import Refused, Upstream

_log = logging.getLogger(__name__)

T = TypeVar("T")


class _Match(BaseModel):
    index: int
    device_id: str | None


class _Register(BaseModel):
    metric: str
    function_code: int
    address: int
    type: RegisterType
    word_order: Order
    byte_order: Order
    scale: float
    value_offset: float
    min_value: float | None
    max_value: float | None
    no_data_values: tuple[float, ...]
    aliases: tuple[str, ...]


class _Status(BaseModel):
    function_code: int
    address: int
    bit: int | None
    value: int
    metric: str | None
    flag: str
    quality: str | None


class _Profile(BaseModel):
    name: str
    version: int
    registers: tuple[_Register, ...]
    status: tuple[_Status, ...]


class _Meter(BaseModel):
    device_id: str
    expected_interval_s: int
    profile: _Profile | None


_MATCHES = TypeAdapter(list[_Match])
_METERS = TypeAdapter(list[_Meter])


class SupabaseDevices:
    """public.resolve_devices, get_device_profiles and record_gateway_state."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def resolve(self, api_key_id: str | None, names: list[dict[str, str]]) -> list[str | None]:
        """The device that each of at most 1,000 objects means, or None; raises problems.Unavailable."""
        rows = self._rows("resolve_devices", {"api_key_id": api_key_id, "names": names}, _MATCHES)
        rows.sort(key=lambda row: row.index)
        if [row.index for row in rows] != list(range(len(names))):
            _log.error("resolve_devices answered %d rows for %d names", len(rows), len(names))
            raise _later()
        return [row.device_id for row in rows]

    def meters(self, device_ids: list[str]) -> dict[str, Meter]:
        """What decodes the registers of at most 1,000 devices; raises problems.Unavailable."""
        rows = self._rows("get_device_profiles", {"device_ids": device_ids}, _METERS)
        return {row.device_id: Meter(row.expected_interval_s, _profile(row.profile)) for row in rows}

    def keep_state(self, api_key_id: str | None, received_at: datetime, state: Mapping[str, object]) -> None:
        """Keep what a gateway says of itself; raises problems.Unavailable."""
        self._call(
            "record_gateway_state",
            {"api_key_id": api_key_id, "received_at": received_at.isoformat(), "state": dict(state)},
        )

    def _rows(self, function: str, arguments: Mapping[str, object], rows: TypeAdapter[list[T]]) -> list[T]:
        try:
            return rows.validate_python(self._call(function, arguments))
        except ValidationError as error:
            _log.error("%s answered something else: %s", function, error.errors(include_input=False, include_url=False))
            raise _later() from error

    def _call(self, function: str, arguments: Mapping[str, object]) -> object:
        query = self._upstream.service.rpc(function, dict(arguments))
        try:
            return self._upstream.call(query.execute, repeatable=True).data
        except Refused as error:
            _log.error("%s was refused with %s", function, error.code)
            raise _later() from error


def _profile(row: _Profile | None) -> Profile | None:
    if row is None:
        return None
    return Profile(
        row.name,
        row.version,
        tuple(Register(**one.model_dump()) for one in row.registers),
        tuple(StatusMeaning(**one.model_dump()) for one in row.status),
    )


def _later() -> Unavailable:
    return Unavailable("Meters cannot be looked up now; send the same request again later.")
