"""The settings of storing, sending and being looked after: `[api]`, `[spool]`, `[sending]`, ..."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    Field,
    HttpUrl,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from fluxio_edge.toml_model import STRICT, Port, Seconds

_HTTP_URL: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)

_File = Annotated[Path, Field(strict=False)]


class ApiSettings(BaseModel):
    """`[api]`: where readings go."""

    model_config = STRICT

    url: str | None = None
    key_file: _File | None = None
    #: Certificates (PEM) of the only issuers that are trusted, in place of the usual ones.
    ca_file: _File | None = None

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            _HTTP_URL.validate_python(url)
        except ValidationError as error:
            raise ValueError("must be an address like https://fluxio.example.org") from error
        return url.rstrip("/").removesuffix("/api/ingest")


class SpoolSettings(BaseModel):
    """`[spool]`: where readings wait, how many may and how long.

    Beyond any limit the oldest are dropped and counted.
    """

    model_config = STRICT

    #: Relative to the working directory.
    path: _File = Path("fluxio-edge.sqlite3")
    #: A reading takes about 250 bytes.
    max_readings: Annotated[int, Field(ge=1)] = 500_000
    #: Readings that the API refused.
    max_quarantined: Annotated[int, Field(ge=1)] = 100_000
    #: Of the file's pages in use, readings and quarantine together [MiB].
    max_mib: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    #: The API refuses what is older than the raw readings that it keeps, 90 days as shipped.
    max_age_days: Annotated[float, Field(gt=0, le=3_650, allow_inf_nan=False)] = 80.0
    #: Readings that come within this time are one write; a power cut costs as much.
    gather_s: Annotated[float, Field(ge=0, le=60)] = 0.2
    #: How long readings that were accepted may stay on disk, so that one write deletes many.
    settle_s: Annotated[float, Field(ge=0, le=60)] = 1.0


class SendingSettings(BaseModel):
    """`[sending]`: how readings are sent."""

    model_config = STRICT

    #: Readings in one POST while catching up; the API takes 1,000.
    batch: Annotated[int, Field(ge=1, le=1_000)] = 500
    #: Readings in one POST while nothing waits behind.
    live_batch: Annotated[int, Field(ge=1, le=1_000)] = 10
    #: Which of a backlog go first. New readings go before either.
    order: Literal["oldest", "newest"] = "oldest"
    #: How much of the time the link may be busy with a backlog; the rest is pauses between POSTs.
    catch_up_share: Annotated[float, Field(ge=0.01, le=1)] = 0.5
    #: Shortest pause between two POSTs of a backlog.
    catch_up_pause_s: Annotated[float, Field(ge=0, le=3_600)] = 0.2
    #: How long to gather readings of meters polled at the same time.
    linger_s: Annotated[float, Field(ge=0, le=60)] = 0.2
    #: Bodies of so many bytes and more are sent compressed; 0 compresses none.
    gzip_from: Annotated[int, Field(ge=0)] = 1_024
    #: Longest wait between attempts while the API cannot be reached.
    backoff_max_s: Seconds = 60.0
    #: Wait between attempts while the API refuses the key.
    refused_s: Seconds = 300.0
    #: Longest wait for an answer.
    timeout_s: Seconds = 30.0


class ClockSettings(BaseModel):
    """`[clock]`: when the gateway's clock is believed."""

    model_config = STRICT

    #: "checked": only a clock that the kernel calls synchronized or that agrees with the API's. "always": any clock.
    trust: Literal["checked", "always"] = "checked"
    #: How far the clock may be from the API's and agree with it.
    tolerance_s: Seconds = 30.0
    #: How long readings are held back for the clock to be set, counted from the API's first answer.
    wait_s: Seconds = 600.0


class HeartbeatSettings(BaseModel):
    """`[heartbeat]`: what the agent tells the API of itself."""

    model_config = STRICT

    #: From one to the next; 0 sends none.
    every_s: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    #: A file, or a command and its arguments, whose first number is the modem's signal strength [dBm].
    signal_file: _File | None = None
    signal_command: Annotated[list[str], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.signal_file is not None and self.signal_command is not None:
            raise ValueError("signal_file and signal_command exclude each other")
        return self


class StatusSettings(BaseModel):
    """`[status]`: how the agent is looked after. The page listens on loopback only."""

    model_config = STRICT

    #: Whether there is a page.
    enabled: bool = True
    port: Port = 8470
    #: The agent ends itself when polling or sending is late by so much, for systemd to start it again.
    stuck_s: Seconds = 900.0
