"""The Python client, which is asynchronous and speaks version 1.0.0."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from realtime import AsyncRealtimeChannel, RealtimePostgresChangesListenEvent, RealtimeSubscribeStates
from realtime.message import SuccessSystemPayload
from realtime.types import PostgresChangesData, PostgresChangesPayload
from supabase import AsyncClient, AsyncClientOptions, Client, acreate_client

from conformance.realtime.conftest import Project
from support.tenants import Tenant, send

WAIT_S = 15


@asynccontextmanager
async def member(project: Project, tenant: Tenant) -> AsyncIterator[AsyncClient]:
    """A client with the tenant's operator signed in."""
    async with httpx.AsyncClient(timeout=30) as http:
        options = AsyncClientOptions(httpx_client=http, auto_refresh_token=False)
        client = await acreate_client(project.url, project.anon_key, options)
        await client.auth.sign_in_with_password({"email": tenant.email, "password": tenant.password})
        try:
            yield client
        finally:
            await client.remove_all_channels()
            await client.realtime.close()


class Listener:
    """A channel with the changes and system messages that arrive on it."""

    def __init__(self, channel: AsyncRealtimeChannel) -> None:
        self.channel = channel
        self.changes: asyncio.Queue[PostgresChangesPayload] = asyncio.Queue()
        self.system: asyncio.Queue[SuccessSystemPayload] = asyncio.Queue()
        self.states: list[RealtimeSubscribeStates] = []
        channel.on_system(self.system.put_nowait)

    def on(self, table: str, filter: str | None = None) -> Listener:  # noqa: A002 - the client's name
        self.channel.on_postgres_changes(
            RealtimePostgresChangesListenEvent.All,
            callback=self.changes.put_nowait,
            schema="public",
            table=table,
            filter=filter,
        )
        return self

    async def start(self) -> Listener:
        await self.channel.subscribe(lambda state, _: self.states.append(state))
        return self

    async def live(self) -> Listener:
        await self.start()
        message = await asyncio.wait_for(self.system.get(), WAIT_S)
        assert message.message == "Subscribed to PostgreSQL"
        return self

    async def next(self, wanted: Callable[[PostgresChangesData], bool] = lambda _: True) -> PostgresChangesData:
        """The data of the next change that is wanted."""
        async with asyncio.timeout(WAIT_S):
            while True:
                change = (await self.changes.get())["data"]
                if wanted(change):
                    return change


def record(change: PostgresChangesData) -> dict[str, Any]:
    """The row that a change brought."""
    row = change["record"]
    assert row is not None
    return row


@pytest.mark.asyncio
@pytest.mark.parametrize("keys", ["project", "other_keys"])
async def test_a_member_hears_their_own_organization(
    request: pytest.FixtureRequest, keys: str, service: Client, north: Tenant, south: Tenant
) -> None:
    async with member(request.getfixturevalue(keys), north) as client:
        listener = await Listener(client.channel("flow_data_changes")).on("latest_readings").live()
        assert listener.states == [RealtimeSubscribeStates.SUBSCRIBED]
        await asyncio.to_thread(send, service, south, flow_rate=1.0)
        await asyncio.to_thread(send, service, north, flow_rate=2.5)
        change = await listener.next()
        assert change["type"] == "INSERT"
        assert change["errors"] is None
        assert (record(change)["device_id"], record(change)["flow_rate"]) == (north.device_id, 2.5)
        assert {"name": "flow_rate", "type": "float8"} in change["columns"]
        await asyncio.to_thread(send, service, north, flow_rate=3.5)
        change = await listener.next()
        assert change["type"] == "UPDATE"
        assert change["old_record"] == {"device_id": north.device_id}
        assert listener.changes.empty()


@pytest.mark.asyncio
async def test_a_filter_selects(project: Project, service: Client, north: Tenant) -> None:
    async with member(project, north) as client:
        channel = client.channel("filtered")
        listener = await Listener(channel).on("latest_readings", "flow_rate=gt.10").live()
        await asyncio.to_thread(send, service, north, flow_rate=9.5)
        await asyncio.to_thread(send, service, north, flow_rate=10.5)
        assert record(await listener.next())["flow_rate"] == 10.5


@pytest.mark.asyncio
async def test_the_next_users_token_replaces_the_first(
    project: Project, service: Client, north: Tenant, south: Tenant
) -> None:
    async with member(project, north) as client:
        listener = await Listener(client.channel("swap")).on("latest_readings").live()
        await client.auth.sign_in_with_password({"email": south.email, "password": south.password})
        await asyncio.wait_for(listener.system.get(), WAIT_S)
        await asyncio.to_thread(send, service, north, flow_rate=1.0)
        await asyncio.to_thread(send, service, south, flow_rate=2.0)
        assert record(await listener.next())["device_id"] == south.device_id


@pytest.mark.asyncio
async def test_a_table_that_is_not_published_is_an_error(project: Project, north: Tenant) -> None:
    async with member(project, north) as client:
        listener = await Listener(client.channel("unpublished")).on("flow_data").start()
        async with asyncio.timeout(WAIT_S):
            while RealtimeSubscribeStates.CHANNEL_ERROR not in listener.states:
                await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_a_broadcast_reaches_the_other_client(project: Project, north: Tenant, south: Tenant) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()
    async with member(project, north) as first, member(project, south) as second:
        topic = f"room-{north.device_id}"
        await second.channel(topic).on_broadcast("shout", heard.put_nowait).subscribe()
        sender = await first.channel(topic).subscribe()
        await sender.send_broadcast("shout", {"text": "über ✓"})
        message = await asyncio.wait_for(heard.get(), WAIT_S)
        assert message["payload"] == {"text": "über ✓"}
