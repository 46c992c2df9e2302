"""Every setting of the API stands in .env.example."""

from __future__ import annotations

import re
from pathlib import Path

from fluxio_api.settings import Settings, variable_of

ROOT = Path(__file__).parents[2]
LISTED = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

#: Read by gunicorn's configuration and by the commands, which are no Settings.
READ_ELSEWHERE = {"FLUXIO_API_WORKERS", "FLUXIO_API_THREADS", "FLUXIO_NEW_PASSWORD"}


def test_every_setting_is_listed() -> None:
    assert {variable_of(field) for field in Settings.model_fields} | READ_ELSEWHERE <= LISTED


def test_every_listed_setting_is_read_by_something() -> None:
    sources = [*ROOT.glob("api/**/*.py"), *ROOT.glob("edge/**/*.py"), *ROOT.glob("supabase/local/**/*.py")]
    text = "\n".join(path.read_text() for path in sources)
    api = {variable_of(field) for field in Settings.model_fields}
    local = {name for name in LISTED if name.startswith("FLUXIO_LOCAL_")}
    assert {name for name in LISTED - api - local if name not in text} == set()
