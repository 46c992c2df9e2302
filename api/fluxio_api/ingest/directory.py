"""Which device a gateway means and what decodes its registers, remembered for a while."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from .ports import Devices
from .profiles import Meter

#: How long an answer is good [s].
KNOWN_S = 30.0
#: How long a name or device that is not known is not asked for again [s].
UNKNOWN_S = 3.0

#: Most answers remembered of each kind.
_CAPACITY = 16_384

#: Most names or devices in one call; of resolve_devices, and what PostgREST answers.
_MOST = 1000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: What a gateway calls a meter: kind and name of each, as resolve_devices takes them.
Names = tuple[tuple[str, str], ...]


class Directory:
    """Answers from memory where it can; safe to share between threads.

    A change of a profile, an alias or an interval counts after at most 30 s.
    What is unknown is remembered apart from what is known, so that a flood of
    made-up names pushes nothing out.
    """

    def __init__(self, devices: Devices, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._devices = devices
        self._device_ids: _Memory[tuple[str | None, Names], str] = _Memory(clock)
        self._meters: _Memory[str, Meter] = _Memory(clock)

    def device_ids(self, api_key_id: str | None, names: Iterable[Names]) -> Mapping[Names, str | None]:
        """The device of each; raises problems.Unavailable."""
        wanted = dict.fromkeys((api_key_id, one) for one in names)

        def ask(some: list[tuple[str | None, Names]]) -> list[str | None]:
            return self._devices.resolve(api_key_id, [dict(one) for _, one in some])

        return {one: device_id for (_, one), device_id in self._device_ids.all(wanted, ask).items()}

    def meters(self, device_ids: Iterable[str]) -> Mapping[str, Meter | None]:
        """What decodes each device's registers; None for one that is not registered. Raises problems.Unavailable."""

        def ask(some: list[str]) -> list[Meter | None]:
            found = self._devices.meters(some)
            return [found.get(device_id) for device_id in some]

        return self._meters.all(dict.fromkeys(device_ids), ask)


class _Memory(Generic[K, V]):
    """The newest answers, each for a while."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._unknown: OrderedDict[K, float] = OrderedDict()

    def all(self, wanted: Iterable[K], ask: Callable[[list[K]], list[V | None]]) -> dict[K, V | None]:
        """The answers for all that is wanted; `ask` is called without the lock, for what is not remembered."""
        answers: dict[K, V | None] = {}
        missing: list[K] = []
        with self._lock:
            now = self._clock()
            for key in wanted:
                known = self._known.get(key)
                if known is not None and now < known[0]:
                    answers[key] = known[1]
                elif now < self._unknown.get(key, 0):
                    answers[key] = None
                else:
                    missing.append(key)
        for start in range(0, len(missing), _MOST):
            some = missing[start : start + _MOST]
            asked_at = self._clock()
            found = ask(some)
            with self._lock:
                for key, value in zip(some, found, strict=True):
                    answers[key] = value
                    self._put(key, value, asked_at)
        return answers

    def _put(self, key: K, value: V | None, now: float) -> None:
        self._known.pop(key, None)
        self._unknown.pop(key, None)
        if value is None:
            self._unknown[key] = now + UNKNOWN_S
        else:
            self._known[key] = (now + KNOWN_S, value)
        while len(self._known) > _CAPACITY:
            self._known.popitem(last=False)
        while len(self._unknown) > _CAPACITY:
            self._unknown.popitem(last=False)
