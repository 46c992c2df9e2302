"""The TOML file of a register profile; profiles/nivus_750.toml and docs/edge.md explain its fields."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, Field, model_validator

from fluxio_edge.read_plan import MAX_REGISTERS, Block, Limits, Span, plan_reads
from fluxio_edge.registers import (
    ORDERS,
    ByteOrder,
    FunctionCode,
    Metric,
    Register,
    RegisterType,
    WordOrder,
    order_name,
    word_count,
)
from fluxio_edge.status_words import Meaning, Quality
from fluxio_edge.toml_model import STRICT
from fluxio_edge.units import CONVERSIONS

#: Manuals number the registers of a function from here.
DOCUMENTED_BASE: Final[dict[FunctionCode, int]] = {3: 40001, 4: 30001}

#: The number that a manual gives to the first register.
AddressBase = Literal[0, 1, 30001, 40001, 300001, 400001]
Finite = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]


class _Place(BaseModel):
    """Where something is kept."""

    model_config = STRICT

    function_code: FunctionCode
    address: Annotated[int, Field(ge=0, le=465_536)]
    #: 0: `address` is the one on the wire. Else what the manual calls the first register.
    address_base: AddressBase = 0

    @property
    def wire_address(self) -> int:
        """Counted from 0, as it is sent."""
        return self.address - self.address_base

    def check_place(self, count: int) -> None:
        """Raise ValueError unless `count` registers are there."""
        needed: FunctionCode = 4 if self.address_base in (30001, 300001) else 3
        if self.address_base > 1 and self.function_code != needed:
            raise ValueError(f"address_base {self.address_base} is of function code {needed}")
        if not 0 <= self.wire_address <= 65_536 - count:
            raise ValueError(f"address {self.address} is {self.wire_address} on the wire, where no register is")


class ProfileRegister(_Place):
    """`[[registers]]`: one quantity."""

    metric: Metric
    type: RegisterType
    #: CDAB and the like, in place of the next two.
    order: str | None = None
    word_order: WordOrder = "big"
    byte_order: ByteOrder = "big"
    unit: Annotated[str, Field(min_length=1, max_length=20)]
    #: [the meter's unit a digit] For integers: what one digit is.
    resolution: Finite | None = None
    #: [our unit a digit] The whole conversion, where the unit is unknown or something else.
    scale: Finite | None = None
    #: [our unit] Added after scaling.
    offset: Finite = 0.0
    #: [our unit] A value outside is flagged.
    min: Finite | None = None
    max: Finite | None = None
    #: Numbers on the wire that say "no value".
    no_data: list[int | float] = []
    documented: int | None = None
    rutos_register: int | None = None

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        self.check_place(word_count(self.type))
        base = DOCUMENTED_BASE[self.function_code]
        if self.documented is not None and self.documented - base != self.wire_address:
            raise ValueError(
                f"documented {self.documented} is address {self.documented - base} of function code "
                f"{self.function_code}, not {self.wire_address}"
            )
        if self.rutos_register is not None and self.rutos_register - 1 != self.wire_address:
            raise ValueError(
                f"rutos_register {self.rutos_register} is address {self.rutos_register - 1}, not {self.wire_address}"
            )
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        self._orders()
        self.conversion()
        return self

    def conversion(self) -> tuple[float, float]:
        """(scale, offset): ours is the number on the wire * scale + offset. Raises ValueError."""
        if self.scale == 0 or self.resolution == 0:
            raise ValueError(f"{'scale' if self.scale == 0 else 'resolution'} must not be 0")
        if self.scale is not None:
            if self.resolution is not None:
                raise ValueError("scale is the whole conversion: give it or resolution, not both")
            return self.scale, self.offset
        known = CONVERSIONS[self.metric]
        if self.unit not in known:
            raise ValueError(f"{self.unit} is no known unit of {self.metric} ({', '.join(known)}): give scale")
        factor, offset = known[self.unit]
        return factor * (1.0 if self.resolution is None else self.resolution), offset + self.offset

    def _orders(self) -> tuple[WordOrder, ByteOrder]:
        if self.order is None:
            return self.word_order, self.byte_order
        if self.model_fields_set & {"word_order", "byte_order"}:
            raise ValueError("order says it all: leave word_order and byte_order out")
        count = word_count(self.type)
        names = {order_name(count, *orders): orders for orders in ORDERS.values()}
        if self.order not in names:
            raise ValueError(f"order {self.order} is none of {self.type}: {', '.join(sorted(names))}")
        return names[self.order]

    def register(self) -> Register:
        """What the decoder needs of this."""
        scale, offset = self.conversion()
        word_order, byte_order = self._orders()
        return Register(
            self.metric,
            self.function_code,
            self.wire_address,
            self.type,
            word_order,
            scale,
            byte_order=byte_order,
            offset=offset,
            minimum=self.min,
            maximum=self.max,
            no_data=tuple(self.no_data),
        )


class ProfileStatus(_Place):
    """`[[status]]`: what a status word, or one bit of it, means."""

    #: 0 is the lowest; without it the whole word is meant.
    bit: Annotated[int | None, Field(ge=0, le=15)] = None
    value: Annotated[int, Field(ge=0, le=65_535)]
    #: It then has no value.
    metric: Metric | None = None
    flag: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    quality: Quality | None = None

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        self.check_place(1)
        if self.bit is not None and self.value > 1:
            raise ValueError("a bit is 0 or 1")
        return self

    def meaning(self) -> Meaning:
        """What the judge needs of this."""
        return Meaning(
            self.function_code, self.wire_address, self.value, self.flag, self.bit, self.metric, self.quality
        )


class ProfileHole(_Place):
    """`[[holes]]`: registers that no request may touch."""

    count: Annotated[int, Field(ge=1, le=65_536)] = 1

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        self.check_place(self.count)
        return self

    def span(self) -> Span:
        """Where it is on the wire."""
        return Span(self.function_code, self.wire_address, self.count)


class Profile(BaseModel):
    """A kind of meter."""

    model_config = STRICT

    name: str
    model: str
    source: str
    #: For every table that names none itself.
    address_base: AddressBase = 0
    #: The most registers in one request.
    max_registers: Annotated[int, Field(ge=1, le=MAX_REGISTERS)] = MAX_REGISTERS
    #: So many registers between two wanted ones may be read along.
    max_gap: Annotated[int, Field(ge=0, le=MAX_REGISTERS)] = 0
    registers: Annotated[list[ProfileRegister], Field(min_length=1)]
    status: list[ProfileStatus] = []
    holes: list[ProfileHole] = []

    @model_validator(mode="before")
    @classmethod
    def _hand_down_the_base(cls, data: Any) -> Any:  # noqa: ANN401 (what the file holds)
        base = data.get("address_base") if isinstance(data, dict) else None
        if base is None:
            return data
        tables = {name: data[name] for name in ("registers", "status", "holes") if isinstance(data.get(name), list)}
        return data | {
            name: [{"address_base": base, **each} if isinstance(each, dict) else each for each in table]
            for name, table in tables.items()
        }

    @model_validator(mode="after")
    def _tables_agree(self) -> Self:
        faults = [*self._doubles(), *self._overlaps()]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def _doubles(self) -> Iterator[str]:
        metrics = [register.metric for register in self.registers]
        yield from (f"{metric} is listed twice" for metric in dict.fromkeys(metrics) if metrics.count(metric) > 1)
        for each in self.status:
            if each.metric is not None and each.metric not in metrics:
                yield f"status says something of {each.metric}, which is none of the registers"

    def _overlaps(self) -> Iterator[str]:
        spans = sorted((_span(each.register()), each.metric) for each in self.registers)
        for (one, name), (other, following) in pairwise(spans):
            if _meet(one, other):
                yield f"{following} at address {other.address} overlaps {name} at {one.address} to {one.end - 1}"
        for span, name in spans:
            if any(_meet(span, hole.span()) for hole in self.holes):
                yield f"{name} at address {span.address} is in a hole"
            if span.count > self.max_registers:
                yield f"{name} takes {span.count} registers, and max_registers is {self.max_registers}"

    def decoders(self) -> tuple[Register, ...]:
        """The registers, in the file's order."""
        return tuple(register.register() for register in self.registers)

    def meanings(self) -> tuple[Meaning, ...]:
        """What the status words mean, in the file's order."""
        return tuple(status.meaning() for status in self.status)

    def blocks(self) -> tuple[Block, ...]:
        """The requests that read the registers and the status words."""
        words = {Span(each.function_code, each.wire_address, 1) for each in self.status}
        limits = Limits(self.max_registers, self.max_gap, tuple(hole.span() for hole in self.holes))
        return plan_reads({*map(_span, self.decoders()), *words}, limits)


def _span(register: Register) -> Span:
    return Span(register.function_code, register.address, register.count)


def _meet(one: Span, other: Span) -> bool:
    same = one.function_code == other.function_code
    return same and one.address < other.end and other.address < one.end
