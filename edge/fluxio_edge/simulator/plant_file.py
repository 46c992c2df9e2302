"""The TOML file that describes a plant."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)

Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


class SimulatedMeter(BaseModel):
    """`[[meters]]`: one transmitter."""

    model_config = _STRICT

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_.-]+$")]
    unit: Annotated[int, Field(ge=1, le=247)]
    profile: str = "nivus_750"
    #: m3/h over a day; the flow stays within 0.52 and 1.41 times this.
    mean_flow: Positive
    #: m3 on 2026-01-01.
    totalizer_start: Annotated[float, Field(ge=0, le=1e9)] = 0.0
    #: m, of the rectangular channel.
    channel_width: Positive = 0.3
    #: m, at the mean flow.
    nominal_level: Positive = 0.12
    #: degC
    mean_temperature: Annotated[float, Field(ge=-20, le=90)] = 14.0


class PlantFile(BaseModel):
    """The whole file."""

    model_config = _STRICT

    #: Chooses the noise; the same seed gives the same plant.
    seed: str = "plant"
    #: Hours that the plant's clocks are ahead of UTC.
    utc_offset_h: Annotated[float, Field(ge=-12, le=14)] = 0.0
    meters: Annotated[list[SimulatedMeter], Field(min_length=1, max_length=247)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for key in ("name", "unit"):
            values = [getattr(meter, key) for meter in self.meters]
            for value in values:
                if values.count(value) > 1:
                    raise ValueError(f"{key} {value} is listed twice")
        return self
