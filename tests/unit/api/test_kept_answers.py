"""What a person may share, where it changes while they read. On a database: tests/integration/api."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flask import Flask

from fluxio_api.people.kept_answers import KeptAnswers
from fluxio_api.people.ports import Query, Row
from fluxio_api.shelf import MemoryShelf

HERE: Row = {"organization_id": "north", "role": "viewer", "version": "1"}


class Moved:
    """A person whose scope is each of these in turn."""

    def __init__(self, *scopes: Row | None) -> None:
        self._scopes = iter(scopes)

    def call(self, function: str, arguments: Row, *, repeatable: bool = False) -> list[Row]:
        scope = next(self._scopes)
        return [] if scope is None else [scope]

    def rows(self, query: Query) -> list[Row]:
        raise NotImplementedError

    def each(self, query: Query) -> Iterator[Row]:
        raise NotImplementedError

    def add(self, table: str, values: Row) -> Row:
        raise NotImplementedError

    def change(self, table: str, key: Mapping[str, object], values: Row) -> Row:
        raise NotImplementedError

    def remove(self, table: str, key: Mapping[str, object]) -> None:
        raise NotImplementedError


def kept(*, seconds: float = 30, project: str = "one", shelf: MemoryShelf | None = None) -> KeptAnswers:
    return KeptAnswers(shelf or MemoryShelf(), seconds=seconds, project=project)


def ask(answers: KeptAnswers, person: Moved, made: str, path: str = "/api/devices") -> object:
    with Flask(__name__, static_folder=None).test_request_context(path):
        return answers.answer(person, lambda: {"made": made}).get_json()["made"]


def test_an_answer_is_shared_within_its_scope() -> None:
    answers = kept()
    assert ask(answers, Moved(HERE, HERE), "first") == "first"
    assert ask(answers, Moved(HERE), "second") == "first"


def test_another_scope_path_query_or_project_has_its_own() -> None:
    shelf = MemoryShelf()
    answers = kept(shelf=shelf)
    assert ask(answers, Moved(HERE, HERE), "first") == "first"
    for name in HERE:
        other: Row = {**HERE, name: "other"}
        assert ask(answers, Moved(other, other), name) == name
    assert ask(answers, Moved(HERE, HERE), "path", "/api/summary") == "path"
    assert ask(answers, Moved(HERE, HERE), "query", "/api/devices?limit=1") == "query"
    assert ask(kept(shelf=shelf, project="two"), Moved(HERE, HERE), "project") == "project"


def test_what_was_read_by_a_person_who_was_moved_meanwhile_is_not_shared() -> None:
    answers = kept()
    assert ask(answers, Moved(HERE, {**HERE, "organization_id": "south"}), "south's") == "south's"
    assert ask(answers, Moved(HERE, None), "nobody's") == "nobody's"
    assert ask(answers, Moved(HERE, HERE), "north's") == "north's"


def test_nothing_is_kept_for_who_belongs_nowhere_or_where_nothing_may_be_old() -> None:
    answers = kept()
    assert [ask(answers, Moved(None), made) for made in ("first", "second")] == ["first", "second"]
    at_once = kept(seconds=0)
    assert [ask(at_once, Moved(), made) for made in ("first", "second")] == ["first", "second"]
