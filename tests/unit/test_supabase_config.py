"""What `supabase config push` makes of supabase/config.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

CONFIG = tomllib.loads((Path(__file__).parents[2] / "supabase" / "config.toml").read_text())


def test_strangers_cannot_sign_up_and_people_can_sign_in() -> None:
    assert CONFIG["auth"]["enable_signup"] is False
    # Pushed as external_email_enabled, which is the provider and not sign-up.
    assert CONFIG["auth"]["email"]["enable_signup"] is True


def test_the_data_api_shows_one_schema() -> None:
    assert CONFIG["api"]["schemas"] == ["public"]
