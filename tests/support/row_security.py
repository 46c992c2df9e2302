"""Ways to break the row security of a table, each a change that some test must notice."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import LiteralString

import psycopg

Connection = psycopg.Connection[tuple[object, ...]]

#: What a policy that lets everything pass says, by its command.
OPEN = {
    "SELECT": "using (true)",
    "DELETE": "using (true)",
    "INSERT": "with check (true)",
    "UPDATE": "using (true) with check (true)",
}

#: The condition that a row is of the caller's organization, as PostgreSQL words it.
_OWN_ROW = re.compile(r"\((\w+) = \( SELECT private\.my_organization_id\(\) AS my_organization_id\)\)")

_LOWER_ROLE = {"admin": "operator", "operator": "viewer"}


@dataclass(frozen=True)
class Mutation:
    """A change that breaks something. `is_open` if callers can then do other things; else only the catalog shows it."""

    name: str
    change: str
    is_open: bool = True


#: A kind of mutation: all of it that there is to do to a table.
Kind = Callable[[Connection, str], list[Mutation]]


@dataclass(frozen=True)
class Policy:
    """One policy, with its conditions as PostgreSQL words them."""

    table: str
    name: str
    command: str
    using: str | None
    check: str | None

    def altered(self, pattern: re.Pattern[str], replacement: str) -> str | None:
        """The statement that replaces this in its conditions; None if it is in none of them."""
        clauses = [
            f"{keyword} ({pattern.sub(replacement, condition)})"
            for keyword, condition in (("using", self.using), ("with check", self.check))
            if condition is not None and pattern.search(condition)
        ]
        return f"alter policy {self.name} on public.{self.table} {' '.join(clauses)}" if clauses else None


def rows(connection: Connection, query: LiteralString, *values: object) -> list[tuple[object, ...]]:
    """What a query answers."""
    return connection.execute(query, values).fetchall()


def policies(connection: Connection, table: str) -> list[Policy]:
    """The policies of a table."""
    found = rows(
        connection,
        "select policyname, cmd, qual, with_check from pg_policies"
        " where schemaname = 'public' and tablename = %s order by policyname",
        table,
    )
    return [
        Policy(table, str(name), str(command), *(None if each is None else str(each) for each in conditions))
        for name, command, *conditions in found
    ]


def loosened(connection: Connection, table: str) -> list[Mutation]:
    """Each policy lets everything pass."""
    return [
        Mutation(each.name, f"alter policy {each.name} on public.{table} {OPEN[each.command]}")
        for each in policies(connection, table)
    ]


def loosened_by_one(connection: Connection, table: str) -> list[Mutation]:
    """Each policy that asks for a role asks for the next lower one; each that compares organizations does not."""
    found = []
    for each in policies(connection, table):
        for role, lower in _LOWER_ROLE.items():
            change = each.altered(re.compile(rf"has_role\('{role}'::text\)"), f"has_role('{lower}')")
            found.append((f"{each.name}: {lower} for {role}", change))
        found.append((f"{each.name}: any organization", each.altered(_OWN_ROW, r"(\1 is not null)")))
    return [Mutation(name, change) for name, change in found if change is not None]


def dropped(connection: Connection, table: str) -> list[Mutation]:
    """Each policy is gone: who may do something no longer can."""
    return [Mutation(each.name, f"drop policy {each.name} on public.{table}") for each in policies(connection, table)]


def doubled(connection: Connection, table: str) -> list[Mutation]:
    """A second policy lets everything pass. Permissive policies are an or; without a grant it opens nothing yet."""
    return [
        Mutation(
            f"a second policy for {command}",
            f"create policy intruder on public.{table} for {command} to authenticated {clause}",
            is_open=_is_granted(connection, table, "authenticated", command),
        )
        for command, clause in OPEN.items()
    ]


def granted(connection: Connection, table: str) -> list[Mutation]:
    """Each verb is granted to each role that has it not, or for some columns only."""
    return [
        Mutation(
            f"{verb} for {role}",
            f"grant {verb} on public.{table} to {role}",
            is_open=not _is_granted(connection, table, role, verb),
        )
        for role in ("anon", "authenticated", "service_role")
        for verb in (*OPEN, "TRUNCATE")
        if rows(connection, "select has_table_privilege(%s, 'public.' || %s, %s)", role, table, verb) == [(False,)]
    ]


def granted_by_column(connection: Connection, table: str) -> list[Mutation]:
    """Who may read or write some columns of a table may one more."""
    columns = rows(
        connection,
        "select attname from pg_attribute"
        " where attrelid = ('public.' || %s)::regclass and attnum > 0 and not attisdropped order by attnum",
        table,
    )
    return [
        Mutation(f"{verb} of {column} for {role}", f"grant {verb} ({column}) on public.{table} to {role}")
        for role in ("authenticated", "service_role")
        for verb in ("SELECT", "INSERT", "UPDATE")
        if _is_granted(connection, table, role, verb)
        for (column,) in columns
        if rows(connection, "select has_column_privilege(%s, 'public.' || %s, %s, %s)", role, table, column, verb)
        == [(False,)]
    ]


def turned_off(_: Connection, table: str) -> list[Mutation]:
    """No policy counts."""
    return [Mutation("no row security", f"alter table public.{table} disable row level security")]


def _is_granted(connection: Connection, table: str, role: str, verb: str) -> bool:
    """Whether a role has this right, be it for one column only."""
    if verb in {"DELETE", "TRUNCATE"}:
        return rows(connection, "select has_table_privilege(%s, 'public.' || %s, %s)", role, table, verb) == [(True,)]
    return rows(connection, "select has_any_column_privilege(%s, 'public.' || %s, %s)", role, table, verb) == [(True,)]
