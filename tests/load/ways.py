"""The roads a reading can take into the table: the API's, and the floors it is compared with."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import psycopg

from fluxio_local.stack import Stack

from .plant import Gateway, Row, as_json
from .wire import Wire

#: Stores readings; raises unless every one was stored as new.
Send = Callable[[list[Row]], Awaitable[None]]
#: One connection of a gateway.
Open = Callable[[Gateway], AbstractAsyncContextManager[Send]]


class NotStoredError(Exception):
    """An answer that is not "all new"; no rate means anything beside it."""


def api(url: str) -> Open:
    """POST /api/ingest."""
    return _post(url, lambda body, rows: body.count(b'"verdict":"new"') == len(rows))


def constant(url: str) -> Open:
    """POST to constant.py, which stores nothing."""
    return _post(url, lambda body, rows: True)


def rest(stack: Stack) -> Open:
    """POST /rest/v1/flow_data: what an application without this API does. Triggers run as for any insert."""
    key = stack.service_role_key
    headers = {"apikey": key, "Authorization": f"Bearer {key}", "Prefer": "return=minimal"}

    @asynccontextmanager
    async def connect(gateway: Gateway) -> AsyncIterator[Send]:
        async with Wire(f"{stack.url}/rest/v1/flow_data", headers) as wire:

            async def send(rows: list[Row]) -> None:
                status, body = await wire.post(as_json(rows))
                if status != 201:
                    raise NotStoredError(f"{status} {body[:500]!r}")

            yield send

    return connect


def rpc(stack: Stack) -> Open:
    """The ingest_readings that the API calls, by psycopg."""

    @asynccontextmanager
    async def connect(gateway: Gateway) -> AsyncIterator[Send]:
        connection = await psycopg.AsyncConnection.connect(stack.admin_database_url, autocommit=True)
        async with connection, connection.cursor() as cursor:
            await cursor.execute("set role service_role")

            async def send(rows: list[Row]) -> None:
                more = f',"received_at":"{datetime.now(UTC).isoformat()}","api_key_id":"{gateway.api_key_id}"'
                readings = as_json(rows, more=more).decode("ascii")
                await cursor.execute(
                    "select verdict from public.ingest_readings(%s::jsonb)",
                    [readings if len(rows) > 1 else f"[{readings}]"],
                )
                if [verdict for (verdict,) in await cursor.fetchall()] != ["new"] * len(rows):
                    raise NotStoredError(json.loads(readings))

            yield send

    return connect


def copy(stack: Stack) -> Open:
    """COPY with triggers off: the least that the table itself costs."""

    @asynccontextmanager
    async def connect(gateway: Gateway) -> AsyncIterator[Send]:
        connection = await psycopg.AsyncConnection.connect(stack.admin_database_url, autocommit=True)
        async with connection, connection.cursor() as cursor:
            await cursor.execute("set session_replication_role = replica")

            async def send(rows: list[Row]) -> None:
                text = "".join(f"{device}\t{at}\t{flow}\t{total}\n" for device, at, flow, total in rows)
                statement = "copy public.flow_data (device_id, created_at, flow_rate, totalizer) from stdin"
                async with cursor.copy(statement) as stream:
                    await stream.write(text)

            yield send

    return connect


def _post(url: str, is_stored: Callable[[bytes, list[Row]], bool]) -> Open:
    """POST /api/ingest of a server; `is_stored` judges the answer's body."""

    @asynccontextmanager
    async def connect(gateway: Gateway) -> AsyncIterator[Send]:
        async with Wire(f"{url}/api/ingest", {"x-api-key": gateway.key}) as wire:

            async def send(rows: list[Row]) -> None:
                status, body = await wire.post(as_json(rows))
                if status != 200 or not is_stored(body, rows):
                    raise NotStoredError(f"{status} {body[:500]!r}")

            yield send

    return connect
