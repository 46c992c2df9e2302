"""Register profiles: which registers a kind of meter has, as data in TOML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fluxio_edge.errors import ConfigError
from fluxio_edge.registers import Metric, Register, RegisterType, WordOrder
from fluxio_edge.toml_model import load_toml

#: The most registers that one Modbus read may ask for (Modbus application protocol 1.1b3, 6.3).
MAX_REGISTERS = 125

#: Manuals number the registers of a function from here.
_DOCUMENTED_BASE = {3: 40001, 4: 30001}


class ProfileRegister(BaseModel):
    """One `[[registers]]` table; see profiles/nivus_750.toml for the meaning of the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    metric: Metric
    function_code: Literal[3, 4]
    address: Annotated[int, Field(ge=0, le=65535)]
    type: RegisterType
    word_order: WordOrder = "big"
    unit: str
    scale: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    documented: int | None = None
    rutos_register: int | None = None

    @model_validator(mode="after")
    def _numberings_agree(self) -> Self:
        if self.scale == 0:
            raise ValueError("scale must not be 0")
        base = _DOCUMENTED_BASE[self.function_code]
        if self.documented is not None and self.documented - base != self.address:
            raise ValueError(
                f"documented {self.documented} is address {self.documented - base} of function code "
                f"{self.function_code}, not {self.address}"
            )
        if self.rutos_register is not None and self.rutos_register - 1 != self.address:
            raise ValueError(
                f"rutos_register {self.rutos_register} is address {self.rutos_register - 1}, not {self.address}"
            )
        return self

    def register(self) -> Register:
        """What the decoder needs of this."""
        return Register(self.metric, self.function_code, self.address, self.type, self.word_order, self.scale)


class Profile(BaseModel):
    """A kind of meter."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    model: str
    source: str
    registers: Annotated[list[ProfileRegister], Field(min_length=1)]

    @model_validator(mode="after")
    def _metrics_once(self) -> Self:
        metrics = [register.metric for register in self.registers]
        for metric in metrics:
            if metrics.count(metric) > 1:
                raise ValueError(f"{metric} is listed twice")
        return self

    def decoders(self) -> tuple[Register, ...]:
        """The registers, in the file's order."""
        return tuple(register.register() for register in self.registers)


@dataclass(frozen=True, slots=True)
class Block:
    """One read request and the registers it answers."""

    function_code: Literal[3, 4]
    address: int
    count: int
    registers: tuple[Register, ...]

    def words(self, register: Register, answer: Sequence[int]) -> Sequence[int]:
        """The part of the block's `answer` that belongs to `register`."""
        start = register.address - self.address
        return answer[start : start + register.count]


def plan_reads(registers: Sequence[Register]) -> tuple[Block, ...]:
    """The fewest requests that read `registers`: adjoining ones share one, of at most 125 registers.

    Never across a gap: a meter answers a read over an unmapped register with an exception.
    """
    blocks: list[Block] = []
    for register in sorted(registers, key=lambda r: (r.function_code, r.address)):
        end = register.address + register.count
        if blocks:
            last = blocks[-1]
            if (
                last.function_code == register.function_code
                and register.address <= last.address + last.count
                and end - last.address <= MAX_REGISTERS
            ):
                count = max(last.count, end - last.address)
                blocks[-1] = Block(last.function_code, last.address, count, (*last.registers, register))
                continue
        blocks.append(Block(register.function_code, register.address, register.count, (register,)))
    return tuple(blocks)


def shipped() -> list[str]:
    """Names of the profiles in this package."""
    folder = resources.files("fluxio_edge") / "profiles"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_profile(name: str, *, beside: Path | None = None) -> Profile:
    """The shipped profile of that name, or the TOML file if `name` ends in ".toml".

    A relative file is looked for in the folder `beside`. Raises ConfigError.
    """
    if name.endswith(".toml"):
        return load_toml((beside or Path()) / name, Profile)
    if name not in shipped():
        raise ConfigError(f"no profile {name!r}; shipped are: {', '.join(shipped())}")
    with resources.as_file(resources.files("fluxio_edge") / "profiles" / f"{name}.toml") as path:
        return load_toml(path, Profile)
