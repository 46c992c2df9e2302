"""Every setting of the API and of the local stack stands in .env.example."""

from __future__ import annotations

import re
from pathlib import Path

from fluxio_api.settings import Settings, variable_of
from fluxio_local.settings import LocalSettings

ROOT = Path(__file__).parents[2]
LISTED = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

#: Read by gunicorn's configuration and by the commands, which are no Settings.
READ_ELSEWHERE = {"FLUXIO_API_WORKERS", "FLUXIO_API_THREADS", "FLUXIO_NEW_PASSWORD", "FLUXIO_CHECK_PASSWORD"}


def test_every_setting_is_listed() -> None:
    assert {variable_of(field) for field in Settings.model_fields} | READ_ELSEWHERE <= LISTED


def test_the_local_stacks_settings_are_listed_and_no_other() -> None:
    local = {f"FLUXIO_LOCAL_{field.upper()}" for field in LocalSettings.model_fields}
    assert {name for name in LISTED if name.startswith("FLUXIO_LOCAL_")} == local


def test_every_listed_setting_is_read_by_something() -> None:
    sources = [
        path for part in (".ci", "api", "edge", "supabase", "tests/support") for path in ROOT.glob(f"{part}/**/*.py")
    ]
    text = "\n".join(path.read_text() for path in sources)
    api = {variable_of(field) for field in Settings.model_fields}
    local = {name for name in LISTED if name.startswith("FLUXIO_LOCAL_")}
    assert {name for name in LISTED - api - local if name not in text} == set()
