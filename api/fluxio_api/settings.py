"""Settings, read once from the environment; .env.example lists them."""

from __future__ import annotations

from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import parse_qs, urlsplit

from click import ClickException
from limits import parse, parse_many
from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .unsafe import is_guessable, is_readable_on_the_way, is_shipped, is_this_machine, role_of

#: The page beside this package in a checkout, and within it in a wheel.
_CHECKOUT_DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard_static"
_WHEEL_DASHBOARD = Path(__file__).resolve().parent / "dashboard"

#: Longest key a gateway may send [characters]; see auth.py.
MAX_KEY_LENGTH = 256


class SettingsError(ClickException):
    """The environment does not describe a server that may start."""


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http or https address")
    return value.rstrip("/")


def _private_url(value: str) -> str:
    if is_readable_on_the_way(value):
        raise ValueError("must be https: keys and passwords go there, and http is for private networks")
    return value


HttpAddress = Annotated[str, AfterValidator(_http_url)]
#: Where secrets go.
SafeAddress = Annotated[HttpAddress, AfterValidator(_private_url)]


class Settings(BaseSettings):
    """What the API needs to start. A missing or malformed value stops start-up.

    The seeds' names stand as they are; everything else is FLUXIO_ and the
    field's name. An empty variable counts as unset.
    """

    model_config = SettingsConfigDict(
        env_prefix="FLUXIO_", frozen=True, env_ignore_empty=True, populate_by_name=True,
        hide_input_in_errors=True, extra="ignore",
    )  # fmt: skip

    supabase_url: SafeAddress = Field(validation_alias="SUPABASE_URL")
    #: Publishable: it is sent to browsers. `sb_publishable_...` or a JWT.
    supabase_anon_key: str = Field(validation_alias="SUPABASE_ANON_KEY", min_length=1)
    #: `sb_secret_...` or a JWT; past row security, so only for ingest and the commands.
    supabase_service_role_key: SecretStr = Field(validation_alias="SUPABASE_SERVICE_ROLE_KEY", min_length=1)
    #: One shared gateway key that writes to the default organization; unset: only keys of the database.
    api_secret_key: SecretStr | None = Field(default=None, validation_alias="API_SECRET_KEY")
    #: Where people find the page.
    site_url: HttpAddress | None = Field(default=None, validation_alias="SITE_URL")
    #: Origins of pages on other hosts, with commas, each exactly scheme://host[:port].
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(default=(), validation_alias="CORS_ORIGINS")

    #: Supabase as a browser reaches it; unset: SUPABASE_URL.
    public_supabase_url: SafeAddress | None = None
    #: This API as a browser reaches it; unset: the origin that serves the page.
    public_api_url: SafeAddress | None = None
    #: Folder served at /.
    dashboard_dir: Path = _CHECKOUT_DASHBOARD if _CHECKOUT_DASHBOARD.is_dir() else _WHEEL_DASHBOARD
    #: Largest ingest body [bytes].
    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    #: How long a key that was found good is not looked up again [s].
    key_cache_s: float = Field(default=30, ge=0, le=30)
    #: POSTs of one key, in the notation of the `limits` library: what it may send for long, and at once.
    ingest_rate_limit: str = "6000 per minute; 200 per second"
    #: Where they are counted: redis://... for all workers, memory:// for each alone. May hold a password.
    rate_limit_storage: SecretStr = SecretStr("memory://")
    #: How old the list of devices and the summary may be [s]; 0: they are made anew each time.
    answer_cache_s: float = Field(default=30, ge=0, le=30)
    #: Where they are kept: redis://... for all workers, memory:// for each alone. May hold a password.
    answer_cache_storage: SecretStr = SecretStr("memory://")
    #: Unknown keys that one address may try; counted per worker process.
    unknown_key_limit: str = "300 per minute"
    #: Networks of proxies whose X-Forwarded-For is believed, with commas.
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    #: Bearer token that /metrics asks for; unset: there is no /metrics.
    metrics_token: SecretStr | None = None
    #: How long Supabase may take to answer [s].
    upstream_timeout_s: float = Field(default=10, gt=0, le=60)
    #: How long it may take over a person's call, which may be a report of years; then 504 [s].
    request_timeout_s: float = Field(default=30, gt=0, le=300)
    #: Mail server for notifications, as Apprise writes it: mailtos://user:password@host:587/?from=alerts@example.com
    mail_server: SecretStr | None = None
    #: Networks that are not public and where webhooks may go all the same, with commas.
    webhook_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    #: Folder, on a local disk, for bodies that come while the database is away; unset: they are answered 503.
    spool_dir: Path | None = None
    #: Most that may lie there [bytes]; then 503 too.
    spool_max_bytes: int = Field(default=1_073_741_824, ge=1_048_576)
    #: Longest wait for a call in flight before a POST gets one of its own; 0: every POST has its own [ms].
    group_commit_ms: float = Field(default=20, ge=0, le=1000)
    #: Where archived months lie: file:///directory or s3://bucket/prefix; unset: there is no archive.
    archive_url: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    #: json: one object a line.
    log_format: Literal["text", "json"] = "text"

    @field_validator("api_secret_key", "metrics_token")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        text = value.get_secret_value()
        if not 32 <= len(text) <= MAX_KEY_LENGTH:
            raise ValueError(f"must have 32 to {MAX_KEY_LENGTH} characters")
        if not all("!" <= character <= "~" for character in text):
            raise ValueError("must be printable ASCII without blanks, or no header can carry it")
        if is_guessable(text):
            raise ValueError("can be guessed; take the output of: openssl rand -hex 32")
        return value

    @field_validator("mail_server")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().lower().startswith(("mailto://", "mailtos://")):
            raise ValueError("must begin with mailto:// or mailtos://")
        return value

    @field_validator("cors_origins", "webhook_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _exact(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or not parts.hostname or "*" in origin:
                raise ValueError("each must be scheme://host[:port]; * is not allowed")
            if origin != f"{parts.scheme}://{parts.netloc}" or "@" in origin:
                raise ValueError("each must end after the host or port, and have no user")
            if parts.port == {"http": 80, "https": 443}[parts.scheme]:
                raise ValueError("no browser sends the usual port: leave it out")
            if is_readable_on_the_way(origin):
                raise ValueError("each must be https, or on a private network: a page can be changed on its way")
        return value

    @field_validator("ingest_rate_limit")
    @classmethod
    def _limits(cls, value: str) -> str:
        parse_many(value)
        return value

    @field_validator("unknown_key_limit")
    @classmethod
    def _limit(cls, value: str) -> str:
        parse(value)
        return value

    @field_validator("rate_limit_storage", "answer_cache_storage")
    @classmethod
    def _storage(cls, value: SecretStr) -> SecretStr:
        scheme = urlsplit(value.get_secret_value()).scheme
        if scheme not in {"memory", "redis", "rediss", "redis+unix"}:
            raise ValueError("must be memory://, redis://, rediss:// or redis+unix://")
        if scheme != "memory" and find_spec("redis") is None:
            raise ValueError("needs the client of Redis: pip install 'fluxio[redis]'")
        return value

    @field_validator("archive_url")
    @classmethod
    def _archive(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme == "file":
            if parts.netloc or not parts.path.startswith("/") or parts.query or parts.fragment:
                raise ValueError("must be file:///absolute/directory")
        elif parts.scheme != "s3" or not parts.hostname or "@" in parts.netloc or parts.fragment:
            raise ValueError("must be file:///directory or s3://bucket/prefix, without a key")
        elif not parse_qs(parts.query, keep_blank_values=True).keys() <= {"endpoint_override", "scheme", "region"}:
            raise ValueError("may have endpoint_override, scheme and region behind its ?, and nothing else")
        if find_spec("pyarrow") is None:
            raise ValueError("needs Arrow: pip install 'fluxio[archive]'")
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())

    @field_validator("trusted_proxies")
    @classmethod
    def _not_everybody(cls, value: tuple[IPv4Network | IPv6Network, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
        if any(network.prefixlen == 0 for network in value):
            raise ValueError("whoever believes everybody believes nobody: name your proxies")
        return value

    @model_validator(mode="after")
    def _keys_are_in_their_places(self) -> Self:
        anon, service_role = self.supabase_anon_key, self.supabase_service_role_key.get_secret_value()
        if role_of(service_role) not in {"service_role", None}:
            raise ValueError("SUPABASE_SERVICE_ROLE_KEY is not the service role's key")
        if anon == service_role or role_of(anon) not in {"anon", None}:
            raise ValueError("SUPABASE_ANON_KEY is sent to browsers: it must not be the service role's key")
        return self

    @model_validator(mode="after")
    def _keys_are_secret(self) -> Self:
        if is_this_machine(self.supabase_url):
            return self
        if is_shipped(self.supabase_anon_key) or is_shipped(self.supabase_service_role_key.get_secret_value()):
            raise ValueError("the keys are those that every `supabase start` has: make the project keys of its own")
        if urlsplit(self.supabase_url).hostname == "your-project.supabase.co":
            raise ValueError("SUPABASE_URL is still that of .env.example")
        return self


def from_environment() -> Settings:
    """The settings of this process.

    Raises SettingsError naming every variable that is missing or wrong, and
    no value.
    """
    try:
        return Settings.model_validate({})
    except ValidationError as error:
        faults = [
            f"{_variable(fault['loc'])}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise SettingsError("the API cannot start:\n  " + "\n  ".join(faults)) from None


def variable_of(field: str) -> str:
    """The environment variable that sets `field`."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"FLUXIO_{field.upper()}"


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "settings"
    return variable_of(name) if name in Settings.model_fields else name
