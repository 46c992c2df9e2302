"""The OpenAPI document is what the code says, and the copy in docs/ is it. Against answers: tests/integration/api."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from fluxio_api import problems
from fluxio_api.described import described_app
from fluxio_api.openapi import document
from fluxio_api.openapi.codes import CODES
from fluxio_api.openapi.document import FILES, path_of
from fluxio_api.openapi.operation import operation_of

COPY = Path(__file__).parents[3] / "docs" / "openapi.json"
APP = described_app()
DOCUMENT = document(APP)


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


OPERATIONS = dict(operations())


def test_the_copy_is_the_document() -> None:
    assert json.loads(COPY.read_text()) == DOCUMENT, "python -m fluxio_api > docs/openapi.json"


def test_it_is_served(client: FlaskClient) -> None:
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.mimetype, answer.get_json()) == (200, "application/json", DOCUMENT)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs.css"])
def test_it_is_not_sent_again_to_who_has_it(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
    with client.get(path, headers={"If-None-Match": answer.headers["ETag"]}) as again:
        assert again.status_code == 304


def test_the_page_has_no_script(client: FlaskClient) -> None:
    page = client.get("/docs").text
    assert "<h1>FluxIO API" in page
    assert "<script" not in page
    assert "style=" not in page


def test_it_is_valid() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_every_rule_of_the_app_is_in_it_and_nothing_else() -> None:
    served = {
        f"{method} {path_of(rule)}"
        for rule in APP.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in FILES
    }
    assert set(OPERATIONS) == served


def test_a_route_that_says_nothing_of_itself_is_refused() -> None:
    app = Flask(__name__, static_folder=None)
    app.get("/api/new")(lambda: "")
    with pytest.raises(TypeError, match="is not described"):
        document(app)


@pytest.mark.parametrize("kind", ["query", "body"])
def test_what_a_view_reads_is_what_it_describes(kind: str) -> None:
    for endpoint, view in APP.view_functions.items():
        found = operation_of(view)
        if found is None or found.caller != "person":
            continue
        read = set(re.findall(rf"\bread_{kind}\((\w+)\)", inspect.getsource(view)))
        model = found.query if kind == "query" else found.body
        assert read == ({model.__name__} if model else set()), f"{endpoint} reads another {kind} than it describes"


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", OPERATIONS)
def test_examples_are_what_the_schemas_allow(name: str) -> None:
    operation = OPERATIONS[name]
    contents = [operation.get("requestBody", {}).get("content", {})]
    contents += [answer.get("content", {}) for answer in operation["responses"].values()]
    for told in (media for content in contents for media in content.values() if "example" in media):
        validator_of(told["schema"]).validate(told["example"])


def validator_of(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**schema, "components": DOCUMENT["components"]}, validate_formats=True)


def test_the_codes_are_those_of_the_problems() -> None:
    kinds = {
        kind.default_code: kind.status.value
        for kind in vars(problems).values()
        if isinstance(kind, type) and issubclass(kind, problems.Problem)
    }
    assert {code: CODES[code].status for code in kinds} == kinds


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_in_the_docs(code: str) -> None:
    assert f"`{code}`" in (COPY.parent / "api.md").read_text()
