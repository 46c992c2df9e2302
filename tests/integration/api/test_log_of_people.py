"""What people send and are shown once does not end in the API's log."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from fluxio_local.stack import Stack
from support.api_server import running_api

from .conftest import Plant, SignIn


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_persons_secrets_are_in_no_line(
    stack: Stack, tmp_path: Path, plant: Plant, sign_in: SignIn, log_format: str
) -> None:
    person = sign_in(plant.organization_id, "admin")
    token = person["Authorization"].removeprefix("Bearer ")
    target = "https://hooks.example/secret-of-the-address?token=secret-of-the-query"
    with (
        running_api(stack, tmp_path, FLUXIO_LOG_FORMAT=log_format, FLUXIO_LOG_LEVEL="DEBUG") as server,
        httpx.Client(base_url=server.url, timeout=30, headers=person) as client,
    ):
        channel = {"name": "scada", "kind": "webhook", "target": target}
        made = client.post("/api/channels", json=channel).raise_for_status().json()
        client.post("/api/channels", json={**channel, "target": "secret-that-is-no-address"})
        client.post("/api/channels", json={**channel, "secret-member": 1})
        client.post("/api/channels/scada/test").raise_for_status()
        key = client.post("/api/keys", json={"name": "Gateway"}).raise_for_status().json()
        rotated = client.post(f"/api/keys/{key['api_key_id']}/rotate", json={}).raise_for_status().json()
        client.post("/api/ingest", content=b"{secret-of-the-body", headers={"x-api-key": key["api_key"]})
        [letter] = client.get("/api/dead-letters").raise_for_status().json()["letters"]
        client.get(f"/api/dead-letters/{letter['id']}").raise_for_status()
        client.post("/api/dead-letters/replay", json={"ids": [letter["id"]]}).raise_for_status()
        forged = f"{token[:-6]}secret"
        for sent in ({"Authorization": f"Bearer {forged}"}, {"Authorization": f"Basic {token}"}, {"x-api-key": token}):
            assert client.get("/api/keys", headers={**sent}).status_code in {200, 401}
        for path in (token, made["signing_key"], stack.service_role_key, rotated["api_key"]):
            client.get(f"/api/channels/{quote(path, safe='')}/x?access_token={token}")
            client.patch(f"/api/channels/{path}", json={"is_enabled": True})
    log = server.log.read_text()
    assert log.count("/api/channels") >= 8
    told = [
        secret
        for secret in (
            token, token.split(".")[1][:40], token.split(".")[2], forged.split(".")[2], made["signing_key"][6:],
            key["api_key"], rotated["api_key"], stack.service_role_key, "secret-of", "secret-that", "secret-member",
        )
        if secret in log
    ]  # fmt: skip
    assert told == []
