"""What one signed-in person may read and change, asked with their own token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from postgrest import SyncPostgrestClient

from ..auth import bad_token
from ..ingest.names import MEASUREMENTS
from ..people.ports import FlowQuery, Row
from ..problems import Conflict, Forbidden, InvalidRequest, NotFound, Unavailable
from .upstream import Refused, Upstream

#: Rows asked for at a time; PostgREST's max_rows may make it less.
_PAGE = 1000

_LATEST = ",".join(("device_id", "created_at", "received_at", *MEASUREMENTS, "quality"))
_READING = ",".join(("device_id", "created_at", "received_at", *MEASUREMENTS, "quality", "flags", "metadata"))


class SupabasePeople:
    """Makes a Person of an access token."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def __call__(self, token: str) -> SupabasePerson:
        """A Person with a client of its own; the connections are shared."""
        return SupabasePerson(self._upstream, self._upstream.as_person(token))


class SupabasePerson:
    """One request's person; not shared between threads."""

    def __init__(self, upstream: Upstream, client: SyncPostgrestClient) -> None:
        self._upstream = upstream
        self._client = client

    def devices(self) -> list[Row]:
        """Every device the person sees, by device_id, with its latest reading or None as `latest`."""
        latest = {reading["device_id"]: reading for reading in self._by_device("latest_readings", _LATEST)}
        return [{**device, "latest": latest.get(device["device_id"])} for device in self._by_device("devices", "*")]

    def create_device(self, values: Row) -> Row:
        """The new device."""
        rows = self._rows(self._client.from_("devices").insert(values).execute, repeatable=False)
        return rows[0]

    def update_device(self, device_id: str, values: Row) -> Row:
        """The changed device."""
        rows = self._rows(self._client.from_("devices").update(values).eq("device_id", device_id).execute)
        return rows[0] if rows else self._unchanged("devices", "device_id", device_id)

    def flow_data(self, query: FlowQuery) -> list[Row]:
        """Readings, newest first; read page by page, each from where the one before ended."""
        rows: list[Row] = []
        while len(rows) < query.limit:
            page = self._flow_page(query, rows[-1] if rows else None, min(_PAGE, query.limit - len(rows)))
            if not page:
                break
            rows += page
        return rows

    def alerts(self, *, device_id: str | None, is_resolved: bool | None, limit: int) -> list[Row]:
        """Alerts, newest first."""
        request = self._client.from_("alerts").select("*")
        if device_id is not None:
            request = request.eq("device_id", device_id)
        if is_resolved is not None:
            request = request.is_("is_resolved", is_resolved)
        return self._rows(request.order("created_at", desc=True).order("id").limit(limit).execute)

    def resolve_alert(self, alert_id: str, values: Row) -> Row:
        """The changed alert."""
        rows = self._rows(self._client.from_("alerts").update(values).eq("id", alert_id).execute)
        return rows[0] if rows else self._unchanged("alerts", "id", alert_id)

    def _by_device(self, table: str, columns: str) -> list[Row]:
        """Every row of a table whose key is device_id, by it."""
        rows: list[Row] = []
        while True:
            request = self._client.from_(table).select(columns)
            if rows:
                request = request.gt("device_id", rows[-1]["device_id"])
            page = self._rows(request.order("device_id").limit(_PAGE).execute)
            if not page:
                return rows
            rows += page

    def _flow_page(self, query: FlowQuery, after: Row | None, size: int) -> list[Row]:
        request = self._client.from_("flow_data").select(_READING)
        if query.device_id is not None:
            request = request.eq("device_id", query.device_id)
        if query.start_time is not None:
            request = request.gte("created_at", query.start_time.isoformat())
        if query.end_time is not None:
            request = request.lt("created_at", query.end_time.isoformat())
        if after is not None:
            at, device = _quoted(after["created_at"]), _quoted(after["device_id"])
            request = request.or_(f"created_at.lt.{at},and(created_at.eq.{at},device_id.gt.{device})")
        return self._rows(request.order("created_at", desc=True).order("device_id").limit(size).execute)

    def _unchanged(self, table: str, column: str, value: str) -> NoReturn:
        """Why an update met no row: row security hides what the person may not change."""
        if self._rows(self._client.from_(table).select(column).eq(column, value).limit(1).execute):
            raise Forbidden("Your role may not change this.")
        raise NotFound("There is no such row.")

    def _rows(self, send: Callable[[], Any], *, repeatable: bool = True) -> list[Row]:
        """The rows that Supabase answers, or the problem its refusal means to the person."""
        try:
            data = self._upstream.call(send, repeatable=repeatable).data
        except Refused as error:
            raise _problem(error.code) from error
        if not isinstance(data, list):
            raise Unavailable("The database answered something else; try again later.")
        return data


def _problem(code: str) -> Exception:
    """The problem for one of Supabase's codes; a code nobody expects is ours to mend, so it stays a 500."""
    if code.startswith("PGRST3"):
        return bad_token()
    if code == "42501":
        return Forbidden("Your role may not do this.")
    if code in {"23505", "ALRES"}:
        return Conflict("It exists already." if code == "23505" else "A resolved alert stays resolved.")
    if code.startswith(("22", "23")):
        return InvalidRequest("A value is out of range or refers to nothing.")
    return Refused(code)


def _quoted(value: object) -> str:
    """`value` inside a PostgREST filter list."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
