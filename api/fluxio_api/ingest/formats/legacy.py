"""Records of RutOS up to 7.04: {"ID": "1", "TS": "1580000000", "ST": "11", "VR": "[0.125000]"}.

Its template names the members, by default as above; who wrote an own one
mostly took the flags' letters. Letters nobody knows are kept as extra.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .flat import has_quantities
from .items import Item
from .register_record import record

#: RutOS's later name for each, in small letters.
_NAMES = {
    "id": "server_id", "i": "server_id",
    "ts": "timestamp", "t": "timestamp",
    "st": "addr", "s": "addr",
    "vr": "data", "a": "data", "r": "data",
    "n": "name",
}  # fmt: skip

_VALUES = frozenset(name for name, meant in _NAMES.items() if meant == "data")
_PLACES = frozenset(name for name, meant in _NAMES.items() if meant in {"addr", "name", "server_id"})


def claims(value: Mapping[str, object]) -> bool:
    """Whether it has a value and a place or a server by these letters, each once."""
    found = [name.lower() for name in value if name.lower() in _NAMES]
    meant = [_NAMES[name] for name in found]
    return (
        not _VALUES.isdisjoint(found)
        and not _PLACES.isdisjoint(found)
        and len(set(meant)) == len(meant)
        and set(meant).isdisjoint(value)
        and not has_quantities(value)
    )


def items(value: Mapping[str, object]) -> Iterable[Item]:
    """The one record it is."""
    sent_as = {_NAMES[name.lower()]: name for name in value if name.lower() in _NAMES}
    fields = {_NAMES.get(name.lower(), name): member for name, member in value.items()}
    yield record(value, fields, sent_as)
