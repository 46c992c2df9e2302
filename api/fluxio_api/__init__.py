"""The Flask API: gateways post readings, people read them."""

from __future__ import annotations

import hashlib

from flask import Flask

from . import (
    browsers,
    commands,
    error_tracking,
    health,
    http_edge,
    limits,
    metrics,
    openapi,
    page,
    problems,
    requestlog,
)
from .health import Readiness, schema_check
from .ingest import routes as ingest
from .ingest.intake import Intake
from .ingest.spool import command as spool_command
from .ingest.spool.spooling import Spooling
from .keyring import KeyRing
from .people import (
    alert_rules,
    alerts,
    audit_log,
    channels,
    dead_letters,
    device_aliases,
    devices,
    flow_data,
    members,
    notifications,
    profiles,
    reports,
    statements,
    summary,
)
from .people import keys as people_keys
from .people.kept_answers import KeptAnswers
from .people.ports import Archive
from .settings import Settings, from_environment
from .shelf import open_shelf
from .stores import Stores, connect
from .visitors import Visitors

__all__ = ["create_app"]


def create_app(settings: Settings | None = None, *, stores: Stores | None = None) -> Flask:
    """Wire the app together; nothing is sent to Supabase yet.

    Without `settings` they are the environment's, for `flask --app fluxio_api`;
    raises settings.SettingsError then.
    """
    settings = settings or from_environment()
    error_tracking.start()
    stores = stores or connect(settings)
    shared_key = settings.api_secret_key.get_secret_value() if settings.api_secret_key else None

    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined] # of Flask's DefaultJSONProvider
    requestlog.register(app)
    problems.register(app)
    http_edge.register(app, max_body_bytes=settings.max_body_bytes)
    browsers.register(app, settings, pages=(page.NAME, openapi.PAGE))
    limit = limits.limit(settings.ingest_rate_limit, storage=settings.rate_limit_storage.get_secret_value())
    intake = Intake(stores.readings, stores.devices, max_body_bytes=settings.max_body_bytes)
    find_key = stores.keys.find
    spooling = _spooling(settings, stores, intake, shared_key)
    if spooling is not None:
        app.extensions["fluxio.spool"] = spooling
        app.before_request(spooling.start)
        find_key = spooling.find_key
    keys = KeyRing(find_key, ttl_s=settings.key_cache_s)
    visitors = Visitors(settings.trusted_proxies, rate=settings.unknown_key_limit)
    taker = spooling.intake if spooling is not None else intake
    app.register_blueprint(ingest.blueprint(taker, keys, visitors, limit, shared_key=shared_key))
    readiness = Readiness()
    readiness.add("database", schema_check(stores.schema))
    if spooling is not None:
        readiness.add("spool", spooling.fault)
        spooling.count_in(metrics.gauge)
    app.register_blueprint(health.blueprint(readiness))
    app.register_blueprint(metrics.blueprint(settings.metrics_token))
    app.register_blueprint(openapi.blueprint())
    app.register_blueprint(openapi.page())
    kept = KeptAnswers(
        open_shelf(settings.answer_cache_storage.get_secret_value()),
        seconds=settings.answer_cache_s,
        project=settings.supabase_url,
    )
    for listed in (devices, summary):
        app.register_blueprint(listed.blueprint(stores.people, kept))
    for resource in (
        device_aliases, profiles, reports, statements, alerts, alert_rules, channels, notifications,
        people_keys, members, audit_log,
    ):  # fmt: skip
        app.register_blueprint(resource.blueprint(stores.people))
    app.register_blueprint(flow_data.blueprint(stores.people, _archive(settings)))
    app.register_blueprint(dead_letters.blueprint(stores.people, stores.replay))
    page.register(app, settings)
    commands.register(app, settings)
    spool_command.register(app, spooling)
    return app


def _archive(settings: Settings) -> Archive | None:
    if settings.archive_url is None:
        return None
    # Here, so that who has no archive needs no pyarrow.
    from .archive.places import place_of
    from .archive.reader import ArchiveReader

    return ArchiveReader(place_of(settings.archive_url))


def _spooling(settings: Settings, stores: Stores, intake: Intake, shared_key: str | None) -> Spooling | None:
    if settings.spool_dir is None:
        return None
    return Spooling(
        settings.spool_dir,
        max_bytes=settings.spool_max_bytes,
        intake=intake,
        find_key=stores.keys.find,
        shared_key_hash=hashlib.sha256(shared_key.encode("ascii")).hexdigest() if shared_key else None,
    )
