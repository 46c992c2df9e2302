"""Answers that many people of one organization ask for again and again, kept for some seconds.

An answer is kept under the scope that the database tells for the person's own
token: the organization and role that row security judges by, and a version
that changes with whatever people of the organization change. So nobody gets
what they may not see, nobody who changed something gets what was before, on
any worker, and nothing has to be told to forget. Readings change no version:
they are as old as an answer may be.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from importlib.metadata import version

from flask import Response, json, request

from ..shelf import Shelf
from .ports import Person, Row


class KeptAnswers:
    """Answers GETs from `shelf`. `seconds`: how old an answer may be; 0: nothing is kept. `project`: whose rows."""

    def __init__(
        self, shelf: Shelf, *, seconds: float, project: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shelf = shelf
        self._seconds = seconds
        # Another release answers otherwise; several projects may share a Redis.
        self._ours = (project, version("fluxio"))
        self._clock = clock

    def answer(self, person: Person, make: Callable[[], Row]) -> Response:
        """What `make` makes for this path and query, or made lately for somebody who sees the same; 304 if known.

        Raises what a Person's methods raise: the token is checked each time.
        """
        answer = Response(self._body(person, make), mimetype="application/json")
        answer.headers["Cache-Control"] = "private, no-cache"
        answer.vary.add("Authorization")
        answer.add_etag()
        answer.make_conditional(request)
        return answer

    def _body(self, person: Person, make: Callable[[], Row]) -> bytes:
        scope = _scope(person) if self._seconds else []
        if not scope:
            return _written(make())
        key = self._key(scope[0])
        kept = self._shelf.get(key)
        if kept is not None:
            return kept
        # Before it is read: its age is that of what it says.
        began = self._clock()
        body = _written(make())
        # Asked again: a person who was moved meanwhile read what is another organization's.
        is_theirs = _scope(person) == scope
        left = self._seconds - (self._clock() - began)
        if is_theirs and left > 0:
            self._shelf.put(key, body, left)
        return body

    def _key(self, scope: Row) -> str:
        """A name that tells nothing."""
        told = json.dumps([*self._ours, request.path, request.query_string.decode("latin-1"), scope], sort_keys=True)
        return f"fluxio:answer:{hashlib.sha256(told.encode()).hexdigest()}"


def _scope(person: Person) -> list[Row]:
    """Whose answers the person may share, or nothing."""
    return person.call("get_cache_scope", {}, repeatable=True)


def _written(value: Row) -> bytes:
    return f"{json.dumps(value, separators=(',', ':'))}\n".encode()
