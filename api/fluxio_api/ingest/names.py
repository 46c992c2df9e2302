"""The names of a reading's members, and how else they are written."""

from __future__ import annotations

#: Measured values; units as in docs/api.md.
MEASUREMENTS = (
    "flow_rate", "totalizer", "temperature", "pressure", "level", "velocity", "battery_level", "signal_strength",
)  # fmt: skip

#: The members of a flat reading.
KNOWN = frozenset({"device_id", "created_at", "timestamp", "quality", "flags", "metadata", *MEASUREMENTS})

_PLAIN = {name.replace("_", ""): name for name in KNOWN}


def known_name(name: str) -> str | None:
    """The member that is meant by `name`: itself, or what differs in capitals, "_", "-" and blanks only."""
    if name in KNOWN:
        return name
    if len(name) > 40:
        return None
    return _PLAIN.get(name.lower().replace("_", "").replace("-", "").replace(" ", ""))


def by_known_names(value: dict[str, object]) -> dict[str, object]:
    """`value` with each member that is written otherwise under its own name, where no other claims that name."""
    if value.keys() <= KNOWN:
        return value
    meant: dict[str, list[str]] = {}
    for name in value:
        known = known_name(name)
        if known is not None:
            meant.setdefault(known, []).append(name)
    renamed = {names[0]: known for known, names in meant.items() if len(names) == 1 and names[0] != known}
    return {renamed.get(name, name): member for name, member in value.items()} if renamed else value
