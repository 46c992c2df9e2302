"""What the parts of the system use of the machine, from /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")

#: A process: its parent, and its CPU time with that of its children that ended [s].
_Table = dict[int, tuple[int, float]]


@dataclass
class Machine:
    """CPU time of process trees, by the name of the part. Without /proc (not Linux) everything is 0."""

    roots: dict[str, int] = field(default_factory=dict)

    def cpu_s(self) -> dict[str, float]:
        """CPU time of every part so far [s]; `client` is this process without its children."""
        table = _processes()
        own = os.times()
        used = {name: _tree(table, root) for name, root in self.roots.items()}
        return used | {"client": own.user + own.system}


def used_between(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """CPU time of each part from one `cpu_s` to the next [s]."""
    return {name: max(after[name] - before.get(name, 0.0), 0.0) for name in after}


def _processes() -> _Table:
    table: _Table = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = entry.read_text()
        except OSError:
            continue
        # The name, in parentheses, may hold anything.
        fields = text.rpartition(")")[2].split()
        table[int(entry.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])) * _TICK_S)
    return table


def _tree(table: _Table, root: int) -> float:
    members, grown = {root}, True
    while grown:
        more = {pid for pid, (parent, _) in table.items() if parent in members} - members
        members |= more
        grown = bool(more)
    return sum(table[pid][1] for pid in members if pid in table)
