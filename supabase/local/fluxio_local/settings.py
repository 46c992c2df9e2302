"""Settings of the local stack, read from the environment; .env.example lists them."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from . import paths

Port = int | None


class LocalSettings(BaseSettings):
    """Where the local stack lives and listens. An unset port is the usual one, or a free one if that is taken."""

    model_config = SettingsConfigDict(env_prefix="FLUXIO_LOCAL_", env_ignore_empty=True, frozen=True)

    #: Data, logs and keys.
    dir: Path = Field(default_factory=paths.default_state_dir)
    #: Folder with initdb, postgres and pg_ctl of a PostgreSQL >= 15; unset: the PyPI wheel's.
    pg_bin: Path | None = None
    #: Settings of the server by name, in the environment as a JSON object; they win over the stack's own.
    pg_settings: dict[str, str] = Field(default_factory=dict)
    #: The account PostgreSQL runs as when this runs as root, which PostgreSQL refuses.
    user: str = "nobody"
    #: Address of REST, Auth and Realtime (usual: 54321).
    port: Port = Field(default=None, ge=1, le=65535)
    #: PostgreSQL (usual: 54322).
    db_port: Port = Field(default=None, ge=1, le=65535)
    #: The API and the page (usual: 8000).
    api_port: Port = Field(default=None, ge=1, le=65535)
    #: The simulated plant's Modbus server (usual: 5020).
    modbus_port: Port = Field(default=None, ge=1, le=65535)
    #: Life of a person's access token [s].
    jwt_expiry_s: int = Field(default=3600, ge=30)
    #: The simulated plant's control address (usual: 5021).
    control_port: Port = Field(default=None, ge=1, le=65535)
