"""Refused readings, looked at and sent again by an operator, also while the agent runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

#: Rows in one read, so that no long read keeps the WAL from being emptied.
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A reading that the API refused. `code` and `detail` are why."""

    seq: int
    device_id: str
    created_at: str
    body: str
    code: str
    detail: str
    quarantined_at: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of them; every one that is given must fit. None at all means all."""

    seqs: tuple[int, ...] = ()
    device_id: str | None = None
    code: str | None = None

    @property
    def condition(self) -> tuple[str, list[object]]:
        """As SQL, and its parameters."""
        parts: list[str] = []
        parameters: list[object] = []
        if self.seqs:
            parts.append(f"seq in ({', '.join('?' * len(self.seqs))})")
            parameters += self.seqs
        if self.device_id is not None:
            parts.append("device_id = ?")
            parameters.append(self.device_id)
        if self.code is not None:
            parts.append("code = ?")
            parameters.append(self.code)
        return " and ".join(parts) or "true", parameters


def chosen(connection: sqlite3.Connection, choice: Choice) -> Iterator[Quarantined]:
    """Those of `choice`, the longest refused first."""
    condition, parameters = choice.condition
    query = (
        "select seq, device_id, created_at, body, code, detail, quarantined_at from quarantine"  # noqa: S608 (parameters)
        f" where seq > ? and {condition} order by seq limit {_PAGE}"
    )
    after = 0
    while rows := connection.execute(query, [after, *parameters]).fetchall():
        yield from (Quarantined(*row) for row in rows)
        after = rows[-1][0]


def resend(connection: sqlite3.Connection, choice: Choice) -> int:
    """Put those of `choice` back among the readings to be sent; how many."""
    condition, parameters = choice.condition
    connection.execute("begin immediate")
    try:
        moved = connection.execute(
            "insert into readings (device_id, created_at, body)"  # noqa: S608 (parameters)
            f" select device_id, created_at, body from quarantine where {condition} order by seq",
            parameters,
        ).rowcount
        connection.execute(f"delete from quarantine where {condition}", parameters)  # noqa: S608 (parameters)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
    return moved


def drop(connection: sqlite3.Connection, choice: Choice) -> int:
    """Delete those of `choice` for good; how many."""
    condition, parameters = choice.condition
    return connection.execute(f"delete from quarantine where {condition}", parameters).rowcount  # noqa: S608 (parameters)
