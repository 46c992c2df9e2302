from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from fluxio_api import create_app
from fluxio_api.health import REQUIRED_SCHEMA
from fluxio_api.ingest.counted import CountedReadings
from fluxio_api.ingest.ports import Judged, Letter
from fluxio_api.keyring import ApiKey
from fluxio_api.people.ports import Person
from fluxio_api.settings import Settings
from fluxio_api.stores import Stores

SHARED_KEY = "shared-key-of-these-tests-0123456789"


class Shelf:
    """Takes every reading as new, or fails as told: for the shapes of answers, not for what is stored."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.calls: list[list[dict[str, object]]] = []
        self.letters: list[Letter] = []
        self.schema_version = REQUIRED_SCHEMA
        #: Keys that exist, and the hashes that were asked for.
        self.good: set[str] = set()
        self.asked: list[str] = []
        self.judge: Callable[[int, dict[str, object]], Judged] = lambda index, element: Judged(
            str(element.get("device_id")), datetime.now(UTC).isoformat(), "new"
        )

    def store(self, elements: list[dict[str, object]]) -> list[Judged]:
        if self.failure:
            raise self.failure
        self.calls.append(elements)
        return [self.judge(index, element) for index, element in enumerate(elements)]

    def store_whole(self, elements: list[dict[str, object]]) -> list[Judged]:
        return self.store(elements)

    def keep(self, letter: Letter) -> None:
        if self.failure:
            raise self.failure
        self.letters.append(letter)

    def find(self, key_hash: str) -> ApiKey | None:
        if self.failure:
            raise self.failure
        self.asked.append(key_hash)
        hashes = {hashlib.sha256(key.encode()).hexdigest(): key for key in self.good}
        return ApiKey(f"id of {hashes[key_hash]}", None) if key_hash in hashes else None

    def version(self) -> str:
        if self.failure:
            raise self.failure
        return self.schema_version

    def __call__(self, token: str) -> Person:
        raise AssertionError("no person signs in here")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def make_client(shelf: Shelf, tmp_path: Path) -> Callable[..., FlaskClient]:
    (tmp_path / "index.html").write_text("<!doctype html><title>page</title>")
    (tmp_path / "main.js").write_text("export {};")
    (tmp_path / "manifest.webmanifest").write_text("{}")
    (tmp_path / ".hidden").write_text("x")

    def make(**changes: object) -> FlaskClient:
        settings = Settings.model_validate(
            {
                "supabase_url": "http://db.test:54321",
                "supabase_anon_key": "sb_publishable_x",
                "supabase_service_role_key": SecretStr("sb_secret_x"),
                "api_secret_key": SHARED_KEY,
                "dashboard_dir": tmp_path,
                **changes,
            }
        )
        return create_app(settings, stores=Stores(CountedReadings(shelf), shelf, shelf, shelf)).test_client()

    return make


@pytest.fixture
def client(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    return make_client()
