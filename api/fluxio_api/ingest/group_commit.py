"""Group commit: POSTs that come together are stored by one call.

While a call is in flight, what arrives gathers; the next call takes all of it.
Who comes alone waits for nobody, and nobody waits longer than a few
milliseconds before a call of their own begins. No thread is started: the
threads that wait take turns at making the call.

Every POST is answered after its commit, with its own verdicts, and as if it had
been alone: what the database refuses in one of them is looked for by the thread
that brought it. Two calls in flight never name the same device, unless patience
ran out: the second would wait for the first one's row locks, and with it
everyone who shares it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from ..problems import Unavailable
from .batch import MAX_READINGS
from .ports import DataRefused, Judged, Letter, Readings

_log = logging.getLogger(__name__)

#: Most characters of metadata and flags in a call of several POSTs; an upstream takes 16 MiB at most.
_MAX_WEIGHT = 256 * 1024


class WholeReadings(Readings, Protocol):
    """Readings that can also be stored all or none."""

    def store_whole(self, elements: list[dict[str, object]]) -> list[Judged]:
        """As `store`, in one attempt; raises ports.DataRefused where `store` would look for the bad reading."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One call that stored what it brought, for whoever counts."""

    posts: int
    readings: int
    #: From a POST's arrival here to the call's begin [s], the longest of its POSTs.
    waited_s: float
    #: The call [s].
    took_s: float


class GroupCommit:
    """Readings whose concurrent `store`s share calls to `inner`; safe to share between threads, and to fork with."""

    def __init__(
        self, inner: WholeReadings, *, wait_s: float, on_commit: Callable[[Commit], None] = lambda _: None
    ) -> None:
        self._inner = inner
        self._wait_s = wait_s
        self._on_commit = on_commit
        self._lock = threading.Lock()
        #: In the order they came; a POST leaves it for the call it is in.
        self._waiting: list[_Post] = []
        self._in_flight: list[_Call] = []

    @property
    def waiting(self) -> int:
        """POSTs that wait for a call."""
        return len(self._waiting)

    def store(self, elements: list[dict[str, object]]) -> list[Judged]:
        """As Readings.store; others may be stored by the same call."""
        if not elements:
            return []
        post = _Post(elements)
        call = self._enter(post) or self._wait(post)
        if call is not None:
            self._make(call)
        if isinstance(post.outcome, Unavailable):
            # Its own, because raising one writes into it.
            raise copy(post.outcome) from post.outcome
        # None: what was joined was refused, or failed as nobody expected.
        return self._inner.store(elements) if post.outcome is None else post.outcome

    def keep(self, letter: Letter) -> None:
        """As Readings.keep."""
        self._inner.keep(letter)

    def _enter(self, post: _Post) -> _Call | None:
        """The call to make at once, or None: the POST is among those that wait."""
        with self._lock:
            if not self._in_flight:
                return self._fill(self._open(post))
            self._waiting.append(post)
            return None

    def _wait(self, post: _Post) -> _Call | None:
        """The call that is this thread's to make; None once another has made it."""
        if not post.turn.wait(self._wait_s):
            with self._lock:
                if post in self._waiting:
                    self._waiting.remove(post)
                    has_company = self._is_free(post)
                    call = self._open(post)
                    return self._fill(call) if has_company else call
            post.turn.wait()
        if post.call is None:
            return None
        with self._lock:
            return self._fill(post.call)

    def _make(self, call: _Call) -> None:
        """Store what `call` holds; whatever happens, the next is begun and nobody is left waiting."""
        own = call.posts[0]
        began = time.monotonic()
        try:
            self._store(call.posts)
        except BaseException:
            for post in call.posts:
                post.outcome = Unavailable("The server is stopping; send the same request again later.")
            raise
        finally:
            with self._lock:
                self._in_flight.remove(call)
                if self._waiting and not self._in_flight:
                    # Whoever comes before that thread runs gets in too.
                    heir = self._waiting.pop(0)
                    heir.call = self._open(heir)
                    heir.turn.set()
            for post in call.posts:
                if post is not own:
                    post.turn.set()
        if isinstance(own.outcome, list):
            waited_s = began - min(post.since for post in call.posts)
            self._on_commit(Commit(len(call.posts), call.readings, waited_s, time.monotonic() - began))

    def _store(self, posts: list[_Post]) -> None:
        """Give each its outcome, as far as one call can tell."""
        if len(posts) == 1:
            posts[0].outcome = self._inner.store(posts[0].elements)
            return
        posts = sorted(posts, key=lambda post: post.since)
        try:
            judged = self._inner.store_whole(list(chain.from_iterable(post.elements for post in posts)))
        except Unavailable as error:
            for post in posts:
                post.outcome = error
        except DataRefused as error:
            _log.warning("%d POSTs that were joined were refused with %s", len(posts), error)
        except Exception:  # noqa: BLE001 - whatever it is, it may be one POST's only
            _log.exception("storing %d POSTs together failed", len(posts))
        else:
            begin = 0
            for post in posts:
                end = begin + len(post.elements)
                post.outcome = judged[begin:end]
                begin = end

    # What follows is called with the lock held.

    def _is_free(self, post: _Post) -> bool:
        return all(call.devices.isdisjoint(post.devices) for call in self._in_flight)

    def _open(self, post: _Post) -> _Call:
        call = _Call(post)
        self._in_flight.append(call)
        return call

    def _fill(self, call: _Call) -> _Call:
        """Take in who waits and fits."""
        others = [one for one in self._in_flight if one is not call]
        for post in tuple(self._waiting):
            if call.has_room(post) and all(one.devices.isdisjoint(post.devices) for one in others):
                self._waiting.remove(post)
                call.add(post)
        return call


class _Post:
    """The elements of one POST and what became of them."""

    __slots__ = ("call", "devices", "elements", "outcome", "since", "turn", "weight")

    def __init__(self, elements: list[dict[str, object]]) -> None:
        self.elements = elements
        self.devices = frozenset(map(str, filter(None, (element.get("device_id") for element in elements))))
        self.weight = sum(_weight(element) for element in elements)
        self.since = time.monotonic()
        #: Set when there is an outcome, or a call to make.
        self.turn = threading.Event()
        self.call: _Call | None = None
        self.outcome: list[Judged] | Unavailable | None = None


class _Call:
    """A call that is made or about to be; the thread of the first POST makes it."""

    __slots__ = ("devices", "posts", "readings", "weight")

    def __init__(self, first: _Post) -> None:
        self.posts: list[_Post] = []
        self.devices: set[str] = set()
        self.readings = 0
        self.weight = 0
        self.add(first)

    def add(self, post: _Post) -> None:
        self.posts.append(post)
        self.devices |= post.devices
        self.readings += len(post.elements)
        self.weight += post.weight

    def has_room(self, post: _Post) -> bool:
        return self.readings + len(post.elements) <= MAX_READINGS and self.weight + post.weight <= _MAX_WEIGHT


def _weight(element: dict[str, object]) -> int:
    """Roughly, and cheaply, the characters of what in an element can be long."""
    return sum(len(str(element[name])) for name in ("metadata", "flags") if name in element)
