"""The records of one poll, made into one reading. Pure functions.

A router asks a meter register by register, a second or two apart. Records of a
device whose times lie within half its expected interval, 30 seconds at most,
are one reading, unless two bring the same metric. The reading's time is the
flow's, else the earliest. What came in another POST joins it in the database,
so every reading that is made here says that it may be a part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from .answers import Answer
from .reading import Origin

_QUALITIES = ("bad", "suspect")
_LONGEST = timedelta(seconds=30)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Read:
    """One decoded record."""

    index: int
    device_id: str
    time: datetime | None
    answer: Answer
    #: As it was sent, by the register's address or name.
    raw: tuple[str, object]
    extra: dict[str, object]
    profile: str
    expected_interval_s: int


@dataclass(slots=True)
class Group:
    """The records of one reading, the earliest first."""

    reads: list[Read] = field(default_factory=list)
    metrics: set[str] = field(default_factory=set)

    @property
    def index(self) -> int:
        """The place of its first record in the body."""
        return min(read.index for read in self.reads)

    def add(self, read: Read) -> None:
        """Take one more."""
        self.reads.append(read)
        self.metrics |= read.answer.values.keys()


def group(reads: Iterable[Read]) -> list[Group]:
    """The readings of these records, in the order of their first records."""
    groups: list[Group] = []
    nearby: dict[str, list[Group]] = {}
    for read in sorted(reads, key=lambda one: (one.time or _NEVER, one.index)):
        mine = nearby.setdefault(read.device_id, [])
        mine[:] = [one for one in mine if _is_near(one, read)]
        free = [one for one in mine if one.metrics.isdisjoint(read.answer.values)]
        if not free:
            free = [Group()]
            groups += free
            mine += free
        free[-1].add(read)
    return sorted(groups, key=lambda one: one.index)


def to_element(group: Group, origin: Origin) -> dict[str, object] | None:
    """The element of ingest_readings; None for status words alone that say that all is well."""
    values: dict[str, float] = {}
    metadata: dict[str, object] = {"profile": group.reads[0].profile}
    flags: list[str] = []
    raw: dict[str, object] = {}
    extra: dict[str, object] = {}
    findings = []
    for read in group.reads:
        values |= {metric: value for metric, value in read.answer.values.items() if value is not None}
        flags += read.answer.flags
        findings += read.answer.findings
        label, data = read.raw
        raw[_free(raw, label)] = data
        for name, member in read.extra.items():
            if name not in extra or extra[name] != member:
                extra[_free(extra, name)] = member
    if not findings and all(read.answer.is_status for read in group.reads):
        return None
    for finding in findings:
        flags.append(finding.flag)
        if finding.metric is not None:
            values.pop(finding.metric, None)
    told = {finding.quality for finding in findings}
    quality = next((one for one in _QUALITIES if one in told), None)
    element = origin.frame() | {"device_id": group.reads[0].device_id, "is_part": True}
    element |= {"created_at": _time(group)} if group.reads[0].time else origin.untimed(group.index)
    if flags:
        element["flags"] = list(dict.fromkeys(flags))
    if quality:
        element["quality"] = quality
    metadata |= {"raw": raw} | ({"extra": extra} if extra else {})
    return element | values | {"metadata": metadata}


def _free(taken: dict[str, object], name: str) -> str:
    """`name`, numbered if it is taken."""
    number = 1
    free = name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free


def _time(group: Group) -> str:
    reads = [read for read in group.reads if "flow_rate" in read.answer.values] or group.reads
    return reads[0].time.isoformat() if reads[0].time else ""


def _is_near(group: Group, read: Read) -> bool:
    first = group.reads[0].time
    if first is None or read.time is None:
        return first is read.time
    return read.time - first <= min(timedelta(seconds=read.expected_interval_s) / 2, _LONGEST)
