"""The agent's configuration: a TOML file, overridden by the environment and by options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from fluxio_edge.errors import ConfigError
from fluxio_edge.forward_settings import (
    ApiSettings,
    ClockSettings,
    HeartbeatSettings,
    SendingSettings,
    SpoolSettings,
    StatusSettings,
)
from fluxio_edge.meter_settings import MeterTables
from fluxio_edge.profile_file import Profile
from fluxio_edge.profiles import load_profiles
from fluxio_edge.toml_model import STRICT, Port, load_toml


class Environment(BaseSettings):
    """What the environment may say; every name starts with FLUXIO_ (FLUXIO_API_URL, ...)."""

    model_config = SettingsConfigDict(env_prefix="FLUXIO_", frozen=True, env_ignore_empty=True)

    #: The API's address, without /api/ingest.
    api_url: str | None = None
    #: The gateway's key.
    api_key: SecretStr | None = None
    #: A file whose first line is the gateway's key; read again when the API refuses the key.
    api_key_file: Path | None = None
    #: The spool's file.
    edge_data: Path | None = None
    #: Where the meters answer (for `simulate`: where it listens), in place of the file's [bus].
    sim_host: str | None = None
    sim_port: Port | None = None


class AgentConfig(MeterTables):
    """The whole file."""

    model_config = STRICT

    api: ApiSettings = ApiSettings()
    spool: SpoolSettings = SpoolSettings()
    sending: SendingSettings = SendingSettings()
    clock: ClockSettings = ClockSettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    status: StatusSettings = StatusSettings()


class AgentSetup:
    """A checked configuration with everything it refers to.

    `config` has the environment and options applied; `profiles` is by the meters' profile names;
    `api_url` has no trailing slash; `read_key` reads the key anew each time and raises ConfigError.
    """

    def __init__(
        self, config: AgentConfig, profiles: dict[str, Profile], api_url: str, read_key: Callable[[], str]
    ) -> None:
        """See the class."""
        self.config = config
        self.profiles = profiles
        self.api_url = api_url
        self.read_key = read_key


def load_agent(
    path: Path,
    environment: Environment,
    *,
    spool: Path | None = None,
    modbus_host: str | None = None,
    modbus_port: int | None = None,
) -> AgentSetup:
    """The file at `path` with the environment applied over it, and the options over both.

    Raises ConfigError naming every fault. An unreadable key file is no fault here: it
    may come later, and `read_key` says so.
    """
    config = load_toml(path, AgentConfig)
    moved = _given(host=modbus_host or environment.sim_host, port=modbus_port or environment.sim_port)
    config = config.with_bus_at(moved)
    stored = config.spool.model_copy(update=_given(path=spool or environment.edge_data))
    try:
        api = ApiSettings(
            url=environment.api_url or config.api.url,
            key_file=environment.api_key_file or config.api.key_file,
            ca_file=config.api.ca_file,
        )
    except ValueError as error:
        raise ConfigError("FLUXIO_API_URL must be an address like https://fluxio.example.org") from error
    faults: list[str] = []
    if api.url is None:
        faults.append(f"{path}: no address to send to: set url in [api] or FLUXIO_API_URL")
    if environment.api_key is None and api.key_file is None:
        faults.append(f"{path}: no key: set FLUXIO_API_KEY, FLUXIO_API_KEY_FILE or key_file in [api]")
    try:
        profiles = load_profiles({meter.profile for meter in config.meters}, beside=path.parent)
    except ConfigError as error:
        faults.append(str(error))
    if faults or api.url is None:
        raise ConfigError("\n".join(faults))
    complete = config.model_copy(update={"spool": stored, "api": api})
    return AgentSetup(complete, profiles, api.url, lambda: _key(environment.api_key, api.key_file))


def load_meters(path: Path, environment: Environment) -> tuple[AgentConfig, dict[str, Profile]]:
    """The part of load_agent that reading meters needs: also without an API or a key. Raises ConfigError."""
    config = load_toml(path, AgentConfig).with_bus_at(_given(host=environment.sim_host, port=environment.sim_port))
    return config, load_profiles({meter.profile for meter in config.meters}, beside=path.parent)


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _key(key: SecretStr | None, key_file: Path | None) -> str:
    """The key itself. An environment's key goes before a file's."""
    if key is not None:
        return _usable(key.get_secret_value(), "FLUXIO_API_KEY")
    if key_file is None:
        raise ConfigError("no key is set")
    try:
        text = key_file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"key file {key_file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"key file {key_file} is not text") from error
    return _usable(text.strip().partition("\n")[0], f"key file {key_file}")


def _usable(key: str, place: str) -> str:
    key = key.strip()
    if not key:
        raise ConfigError(f"{place} is empty")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(f"{place} does not hold a key: it has characters that no key has")
    return key
