"""What one signed-in person may read and change, asked with their own token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from postgrest import SyncPostgrestClient

from ..auth import bad_token
from ..people.ports import Query, Row
from ..problems import Conflict, Forbidden, InvalidRequest, NotFound, TimedOut, Unavailable
from .upstream import Late, Refused, Upstream

#: Rows asked for at a time; PostgREST's max_rows may make it less.
_PAGE = 1000

#: What SQLSTATEs mean to a person; FluxIO's own are in docs/error-codes.md.
_CONFLICTS = {
    "23505": "It exists already.",
    "ALRES": "A resolved alert stays resolved.",
    "INVEN": "The invitation was accepted or revoked, and stays so.",
    "ISMEM": "The address belongs to a person of the organization.",
    "KEYEN": "The key is revoked, expired or was rotated already.",
    "KEYRV": "A revoked key stays revoked.",
    "LASTA": "The organization's last active admin must stay.",
    "STOPN": "The month has not ended where the device is.",
    "STSAM": "Nothing that the statement is computed from has changed.",
}
_UNKNOWN = {"UNKCH", "UNKKY", "UNKPN", "UNKST"}
_INVALID = {
    "NTARG": "There is no address, or none for a channel of this kind.",
    "RULBT": "There can be no such rule.",
    "UNKDV": "There is no such device.",
    "UNKPF": "There is no published register profile of this name.",
}


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

    def rows(self, query: Query) -> list[Row]:
        """The rows of `query`, page by page."""
        return list(self.each(query))

    def each(self, query: Query) -> Iterator[Row]:
        """The rows of `query`; each page begins where the one before ended."""
        left = query.limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(_PAGE, left)
            page = self._page(query, size)
            yield from page
            # A page may be short because the server allows less a time, so only an empty one is the end.
            if not page:
                return
            left = None if left is None else left - len(page)
            query = replace(query, after=tuple(page[-1][column] for column, _ in query.order))

    def add(self, table: str, values: Row) -> Row:
        """The new row."""
        return self._rows(self._client.from_(table).insert(values).execute, repeatable=False)[0]

    def change(self, table: str, key: Mapping[str, object], values: Row) -> Row:
        """The changed row."""
        changed = self._rows(self._client.from_(table).update(values).match(dict(key)).execute)
        if not changed:
            raise self._untouched(table, key)
        return changed[0]

    def remove(self, table: str, key: Mapping[str, object]) -> None:
        """Delete the row."""
        if not self._rows(self._client.from_(table).delete().match(dict(key)).execute, repeatable=False):
            raise self._untouched(table, key)

    def call(self, function: str, arguments: Row, *, repeatable: bool = False) -> list[Row]:
        """The rows that a function answers."""
        data = self._data(self._client.rpc(function, cast("dict[str, Any]", arguments)).execute, repeatable=repeatable)
        if isinstance(data, list):
            return [row if isinstance(row, dict) else {function: row} for row in data]
        return [data if isinstance(data, dict) else {function: data}]

    def _page(self, query: Query, size: int) -> list[Row]:
        request = self._client.from_(query.table).select(query.columns)
        for column, operator, value in query.where:
            request = request.filter(column, operator, _text(value))
        if query.after is not None:
            request = request.or_(_following(query.order, query.after))
        for column, largest_first in query.order:
            request = request.order(column, desc=largest_first)
        return self._rows(request.limit(size).execute)

    def _untouched(self, table: str, key: Mapping[str, object]) -> Exception:
        """Why a change met no row: row security hides what the person may not change."""
        column = next(iter(key))
        if self._rows(self._client.from_(table).select(column).match(dict(key)).limit(1).execute):
            return Forbidden("Your role may not change this.")
        return NotFound("There is no such row.")

    def _rows(self, send: Callable[[], Any], *, repeatable: bool = True) -> list[Row]:
        data = self._data(send, repeatable=repeatable)
        if not isinstance(data, list):
            raise Unavailable("The database answered something else; try again later.")
        return data

    def _data(self, send: Callable[[], Any], *, repeatable: bool) -> object:
        """What Supabase answers, or the problem its refusal means to the person."""
        try:
            return self._upstream.call(send, repeatable=repeatable).data
        except Refused as error:
            raise _problem(error.code) from error
        except Late as error:
            raise TimedOut("The database took too long; ask for less, or again later.") from error


def _following(order: tuple[tuple[str, bool], ...], after: tuple[object, ...]) -> str:
    """A PostgREST filter for the rows behind `after`: beyond it in the first column, or equal there and so on."""
    alternatives = []
    for place, ((column, largest_first), value) in enumerate(zip(order, after, strict=True)):
        equal = [f"{name}.eq.{_quoted(known)}" for (name, _), known in zip(order[:place], after[:place], strict=True)]
        beyond = f"{column}.{'lt' if largest_first else 'gt'}.{_quoted(value)}"
        alternatives.append(f"and({','.join([*equal, beyond])})" if equal else beyond)
    return ",".join(alternatives)


def _problem(code: str) -> Exception:
    """The problem for one of Supabase's codes; a code nobody expects is ours to mend, so it stays a 500."""
    if code.startswith("PGRST3"):
        return bad_token()
    if code == "42501":
        return Forbidden("Your role may not do this.")
    if code in _CONFLICTS:
        return Conflict(_CONFLICTS[code])
    if code in _UNKNOWN:
        return NotFound("There is no such row.")
    if code in _INVALID:
        return InvalidRequest(_INVALID[code])
    if code.startswith(("22", "23")):
        return InvalidRequest("A value is out of range or refers to nothing.")
    return Refused(code)


def _text(value: object) -> str:
    """`value` as PostgREST reads it in a filter."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quoted(value: object) -> str:
    """`value` inside a PostgREST filter list."""
    text = _text(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
