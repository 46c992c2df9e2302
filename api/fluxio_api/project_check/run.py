"""All checks, in an order in which an early failure explains the later ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..settings import Settings
from . import auth, database, keys, live, web
from .findings import Finding
from .http import Http, NoAnswerError

#: What no key shows from outside.
_HIDDEN = Finding(
    "password rules", "unseen", "length, leaked passwords, redirect addresses and mail cannot be read from outside",
    "`supabase config diff`, and docs/hosted.md, Auth",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in, to look with their eyes."""

    email: str
    password: str = field(repr=False)


def check_project(
    settings: Settings, *, api_url: str | None, page_url: str | None, person: Person | None
) -> Iterator[Finding]:
    """Every finding as it is made; nothing is written, to the database or elsewhere."""
    anon = Http(settings.supabase_url, settings.supabase_anon_key)
    service = Http(settings.supabase_url, settings.supabase_service_role_key.get_secret_value())
    others = Http("")
    with anon.client, service.client, others.client:
        yield from _supabase(settings, anon, service, person)
        yield from _deployment(settings, others, api_url, page_url)


def _supabase(settings: Settings, anon: Http, service: Http, person: Person | None) -> Iterator[Finding]:
    found, is_there = keys.check_address(anon)
    yield from found
    if not is_there:
        yield Finding("project", "unseen", "nothing more can be asked of it")
        return
    held = keys.check_keys(anon, service)
    yield from held
    if any(finding.state == "fail" for finding in held):
        yield Finding("project", "unseen", "nothing more can be asked of it without two good keys")
        return
    schema = next(_kept(lambda: database.check_schema(service), "schema"))
    yield schema
    yield from _kept(lambda: auth.check_sign_up(anon), "sign-up")
    yield _HIDDEN
    yield from _kept(lambda: database.check_exposed(service), "exposed schemas")
    if schema.state == "fail":
        yield Finding("tables, jobs, accounts", "unseen", "they need the schema first")
        return
    yield from _kept(lambda: database.check_anon(anon), "anonymous")
    yield from _kept(lambda: database.check_jobs(service), "jobs")
    yield from _kept(lambda: database.check_administrator(service), "administrator")
    has_shared_key = settings.api_secret_key is not None
    yield from _kept(lambda: database.check_gateway_keys(service, has_shared_key=has_shared_key), "gateway key")
    key, token = service.key, ""
    if person is None:
        yield Finding("person", "unseen", "nobody was named who signs in", "--email you@example.com")
    else:
        try:
            finding, token = auth.sign_in(anon, person.email, person.password)
        except NoAnswerError as reason:
            finding = Finding("person", "fail", str(reason))
        yield finding
        key = anon.key if token else key
    yield from live.check_realtime(settings.public_supabase_url or settings.supabase_url, key, token)


def _kept(check: Callable[[], Finding], name: str) -> Iterator[Finding]:
    try:
        yield check()
    except NoAnswerError as reason:
        yield Finding(name, "fail", f"Supabase: {reason}", "run the check again")


def _deployment(settings: Settings, others: Http, api_url: str | None, page_url: str | None) -> Iterator[Finding]:
    api = Http(api_url or "", client=others.client)
    if api_url is None:
        yield Finding("API", "unseen", "its address was not given", "--api https://api.example.com")
    else:
        yield from web.check_api(api)
    if page_url is None:
        yield Finding("page", "unseen", "its address was not given", "SITE_URL, or --page https://flow.example.com")
        return
    supabase_url = settings.public_supabase_url or settings.supabase_url
    page = Http(page_url, client=others.client)
    yield from web.check_page(page, supabase_url, settings.supabase_anon_key, api_url)
    if api_url is not None:
        yield web.check_cors(api, page_url)
