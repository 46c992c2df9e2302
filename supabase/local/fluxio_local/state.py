"""What one local stack has to remember: its ports, passwords and keys, in one file only its owner reads."""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path
from typing import Self

import jwt
from pydantic import BaseModel, Field

from .errors import LocalStackError

#: Ten years, as the keys that `supabase start` prints.
LEGACY_KEY_LIFETIME_S = 10 * 365 * 86_400


#: What every state.json of ours holds.
OURS = frozenset({"admin_password", "jwt_secret"})


def _token() -> str:
    return secrets.token_urlsafe(32)


class State(BaseModel):
    """Ports, passwords and keys; made once, kept until `reset`."""

    db_port: int | None = None
    port: int | None = None
    api_port: int | None = None
    modbus_port: int | None = None
    control_port: int | None = None
    admin_password: str = Field(default_factory=_token)
    postgres_password: str = Field(default_factory=_token)
    jwt_secret: str = Field(default_factory=_token)
    publishable_key: str = Field(default_factory=lambda: f"sb_publishable_{_token()}")
    secret_key: str = Field(default_factory=lambda: f"sb_secret_{_token()}")
    demo_password: str = Field(default_factory=lambda: secrets.token_urlsafe(9))
    gateway_key: str | None = None

    def legacy_key(self, role: str) -> str:
        """The old kind of Supabase key: a JWT that says which role a request has."""
        issued = int(self.made_at)
        claims = {"iss": "supabase", "role": role, "iat": issued, "exp": issued + LEGACY_KEY_LIFETIME_S}
        return jwt.encode(claims, self.jwt_secret, algorithm="HS256")

    made_at: float = Field(default_factory=time.time)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """The state kept in `directory`, or a new one (not yet saved). Raises LocalStackError if unreadable."""
        file = directory / "state.json"
        if not file.exists():
            return cls()
        try:
            kept = json.loads(file.read_bytes())
            if not isinstance(kept, dict) or not kept.keys() >= OURS:
                raise LocalStackError(f"{file} is not the local stack's; set FLUXIO_LOCAL_DIR to another directory")
            return cls.model_validate(kept)
        except (OSError, ValueError) as error:
            raise LocalStackError(
                f"{file} cannot be read ({error}); without it the data are lost: delete {directory} to start afresh"
            ) from error

    def save(self, directory: Path) -> None:
        """Write the state to `directory` whole or not at all, readable by its owner only."""
        write_private(directory / "state.json", self.model_dump_json(indent=2))


def write_private(file: Path, text: str) -> None:
    """Replace `file` by `text`, whole or not at all, with mode 0600."""
    draft = file.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(descriptor)
    draft.replace(file)
