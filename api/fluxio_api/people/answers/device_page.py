"""A device with all that belongs to it: its site, gateway, profile and names."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .alerts import Alert, Rule
from .base import Answer, DeviceName, Id, Next, Object, Time
from .devices import ListedDevice

AliasKind = Literal["server_name", "server_id", "ip", "input_name", "device_id"]
Order = Literal["big", "little"]


class Site(Answer):
    """A plant or station."""

    id: Id
    organization_id: Id
    name: Annotated[str, Field(examples=["Plant A"])]
    time_zone: Annotated[str | None, Field(description="null: the organization's.")]
    day_start: Annotated[str | None, Field(description="Local time; null: the organization's.")]
    created_at: Time
    updated_at: Time


class Gateway(Answer):
    """What reads meters and posts their readings."""

    id: Id
    organization_id: Id
    site_id: Id | None
    name: Annotated[str, Field(examples=["Gateway north"])]
    serial: str | None
    last_seen: Annotated[Time | None, Field(description="At most a minute older than its newest contact.")]
    metadata: Annotated[Object, Field(description="`state`: what it last said of itself.")]
    created_at: Time
    updated_at: Time


class Register(Answer):
    """Where a metric is kept: the number on the wire times scale, plus value_offset."""

    metric: Annotated[str, Field(examples=["flow_rate"])]
    function_code: Literal[3, 4]
    address: Annotated[int, Field(ge=0, description="On the wire, from 0.", examples=[10])]
    type: Literal["int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
    word_order: Order
    byte_order: Order
    scale: Annotated[float, Field(description="[unit of the metric a digit]", examples=[3600])]
    value_offset: Annotated[float, Field(description="[unit of the metric]", examples=[0])]
    source_unit: Annotated[str, Field(description="The meter's.", examples=["m3/s"])]
    min_value: Annotated[float | None, Field(description="[unit of the metric]")]
    max_value: Annotated[float | None, Field(description="[unit of the metric]")]
    no_data_values: Annotated[list[float], Field(description="Numbers on the wire that say no value.")]
    aliases: Annotated[list[str], Field(description="What gateways call a request for it.")]


class StatusMeaning(Answer):
    """What a status word means."""

    function_code: Literal[3, 4]
    address: Annotated[int, Field(ge=0, description="On the wire, from 0.")]
    bit: Annotated[int | None, Field(description="null: the whole word.")]
    value: int
    metric: Annotated[str | None, Field(description="Which then has no value.")]
    flag: Annotated[str, Field(examples=["sensor_invalid"])]
    quality: Literal["suspect", "bad"] | None


class Profile(Answer):
    """A published version of a register profile."""

    id: Id
    name: Annotated[str, Field(examples=["nivus"])]
    version: Annotated[int, Field(ge=1)]
    model: Annotated[str, Field(examples=["Nivus transmitter"])]
    source: str | None
    description: str | None
    published_at: Time
    is_shipped: Annotated[bool, Field(description="Came with a release; else the organization made it.")]
    is_current: Annotated[bool, Field(description="Whether its name alone means it.")]
    registers: list[Register]
    status: list[StatusMeaning]


class Profiles(Answer):
    """What a device's `profile` can name; the newest of a name first."""

    profiles: list[Profile]


class Alias(Answer):
    """What a gateway calls a device."""

    id: Id
    organization_id: Id
    gateway_id: Annotated[Id | None, Field(description="null: of all gateways of the organization.")]
    kind: AliasKind
    alias: Annotated[str, Field(examples=["NivusServer"])]
    device_id: DeviceName
    created_at: Time


class Aliases(Answer):
    """A page of aliases, by device."""

    aliases: list[Alias]
    next: Next


class DevicePage(Answer):
    """A device and what belongs to it."""

    device: ListedDevice
    site: Site | None
    gateway: Gateway | None
    profile: Annotated[Profile | None, Field(description="null too if it names one that is not there.")]
    rules: Annotated[list[Rule], Field(description="Those that watch it; for every device last, disabled ones too.")]
    alerts: Annotated[list[Alert], Field(description="Open ones of the device and of its gateway, the worst first.")]
    aliases: list[Alias]
