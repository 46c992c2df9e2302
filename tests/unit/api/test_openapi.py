"""The OpenAPI document is what the code says, and the copy in docs/ is it. Against answers: tests/integration/api."""

from __future__ import annotations

import json
from pathlib import Path

from flask.testing import FlaskClient

from fluxio_api.openapi import document

COPY = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_the_copy_is_the_document() -> None:
    assert json.loads(COPY.read_text()) == document(), "python -m fluxio_api > docs/openapi.json"


def test_it_is_served(client: FlaskClient) -> None:
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.mimetype, answer.get_json()) == (200, "application/json", document())


def test_every_path_is_served(client: FlaskClient) -> None:
    for path, operations in document()["paths"].items():  # type: ignore[attr-defined] # a JSON object
        for method in operations:
            assert client.open(path, method=method).status_code not in {404, 405}
