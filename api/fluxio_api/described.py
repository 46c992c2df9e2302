"""An app for its description only: it talks to nobody and reads no environment."""

from __future__ import annotations

from flask import Flask
from pydantic import SecretStr

from . import create_app
from .settings import Settings


def described_app() -> Flask:
    """Every route there can be."""
    return create_app(
        Settings.model_construct(
            supabase_url="http://127.0.0.1",
            supabase_anon_key="sb_publishable_x",
            supabase_service_role_key=SecretStr("sb_secret_x"),
        )
    )
