"""What is in the database, as PostgREST shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from ..health import REQUIRED_SCHEMA
from .findings import Finding
from .http import Answer, Http

#: The tables and views of the schema public; a test compares them with the database.
RELATIONS = (
    "alert_rules", "alerts", "api_keys", "audit_logs", "dashboard_summary", "device_aliases", "device_overview",
    "devices", "flow_data", "flow_data_daily", "flow_data_hourly", "gateways", "ingest_dead_letters", "invitations",
    "job_runs", "latest_readings", "notification_attempts", "notification_channels", "notification_outbox",
    "organizations", "published_profiles", "register_profile_registers", "register_profile_status",
    "register_profiles", "sites", "statements", "users",
)  # fmt: skip

_NO_SUCH_FUNCTION, _NO_SUCH_RELATION, _NO_SUCH_SCHEMA = "PGRST202", "PGRST205", "PGRST106"
_NOT_GRANTED = "42501"
#: How long before a gateway's key ends somebody should know.
_KEY_WARNING = timedelta(days=14)


def check_schema(service: Http) -> Finding:
    """Whether the migrations are there, and new enough for this program."""
    mend = "push the migrations: docs/hosted.md, Schema"
    answer = service.send("POST", "/rest/v1/rpc/schema_version", json={})
    if answer.code == _NO_SUCH_FUNCTION:
        return Finding("schema", "fail", "there is no schema of FluxIO", mend)
    if answer.status != 200:
        return _refused("schema", answer)
    version = str(answer.body)
    if version < REQUIRED_SCHEMA:
        return Finding("schema", "fail", f"is of {version}; this program needs {REQUIRED_SCHEMA}", mend)
    if version > REQUIRED_SCHEMA:
        return Finding("schema", "ok", f"is of {version}, newer than this program needs")
    return Finding("schema", "ok", f"is of {version}")


def check_anon(anon: Http) -> Finding:
    """Whether somebody without an account reads nothing, table by table."""
    readable: list[str] = []
    askable: list[str] = []
    missing: list[str] = []
    for relation in RELATIONS:
        answer = anon.get(f"/rest/v1/{relation}?limit=1")
        if answer.status < 300:
            (readable if answer.body else askable).append(relation)
        elif answer.code == _NO_SUCH_RELATION:
            missing.append(relation)
        elif answer.code != _NOT_GRANTED:
            return _refused("anonymous", answer)
    mend = "take back what somebody granted: revoke all on TABLE from anon; see docs/hosted.md"
    if readable:
        return Finding("anonymous", "fail", f"anybody reads {', '.join(readable)}", mend)
    if askable:
        return Finding("anonymous", "fail", f"anybody may ask for {', '.join(askable)}", mend)
    if missing:
        return Finding("anonymous", "fail", f"does not exist: {', '.join(missing)}", "push the migrations")
    return Finding("anonymous", "ok", f"reads none of {len(RELATIONS)} tables and views")


def check_exposed(service: Http) -> Finding:
    """Whether the Data API shows the schema public only."""
    shown = []
    for schema in ("private", "auth", "cron"):
        answer = service.get("/rest/v1/x?limit=0", {"Accept-Profile": schema})
        if answer.status >= 500:
            return _refused("exposed schemas", answer)
        if answer.code != _NO_SUCH_SCHEMA:
            shown.append(schema)
    if shown:
        mend = "take them out of Project Settings > Data API > Exposed schemas, or `supabase config push`"
        return Finding("exposed schemas", "fail", f"the Data API shows {', '.join(shown)}", mend)
    return Finding("exposed schemas", "ok", "private, auth and cron are not among them")


def check_jobs(service: Http) -> Finding:
    """Whether somebody wakes the jobs, and how they last ended."""
    answer = service.send("POST", "/rest/v1/rpc/get_jobs", json={})
    if answer.status != 200 or not isinstance(answer.body, list):
        return _refused("jobs", answer)
    now = datetime.now(UTC)
    jobs: list[dict[str, Any]] = answer.body
    asleep = [job for job in jobs if not _is_woken(job, now)]
    if len(asleep) == len(jobs):
        mend = "enable pg_cron (Integrations > Cron), or run `flask --app fluxio_api scheduler` as a service"
        return Finding("jobs", "fail", "nobody wakes them: silence raises no alert", mend)
    failing = _names(job for job in jobs if _instant(job["last_failure_at"]) > _instant(job["last_success_at"]))
    if failing:
        return Finding("jobs", "fail", f"failed last: {failing}", "the reason is in public.job_runs.result")
    late = _names(job for job in asleep if job["last_success_at"] is not None)
    if late:
        return Finding("jobs", "fail", f"have not run for too long: {late}", "see public.job_runs, and who wakes them")
    if asleep:
        return Finding("jobs", "warn", f"have not run yet: {_names(asleep)}", "look again tomorrow")
    by = "pg_cron" if all(job["is_in_cron"] for job in jobs) else "a scheduler"
    return Finding("jobs", "ok", f"{len(jobs)}, woken by {by}")


def _is_woken(job: dict[str, Any], now: datetime) -> bool:
    return bool(job["is_in_cron"]) or _instant(job["last_success_at"]) > now - interval(job["max_silence"])


def _names(jobs: Iterable[dict[str, Any]]) -> str:
    return ", ".join(str(job["name"]) for job in jobs)


def _instant(text: str | None) -> datetime:
    return datetime.min.replace(tzinfo=UTC) if text is None else datetime.fromisoformat(text)


def interval(text: str) -> timedelta:
    """What PostgreSQL prints for an interval without months."""
    found = re.fullmatch(r"(?:(\d+) days? ?)?(?:(\d+):(\d\d):(\d\d))?", text)
    if found is None:
        raise ValueError(f"no interval: {text}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def check_administrator(service: Http) -> Finding:
    """Whether somebody can manage the project."""
    answer = service.get("/rest/v1/users?role=eq.admin&is_active=is.true&select=id&limit=1")
    if answer.status != 200:
        return _refused("administrator", answer)
    if not answer.body:
        mend = "flask --app fluxio_api create-admin you@example.com"
        return Finding("administrator", "fail", "there is none", mend)
    return Finding("administrator", "ok", "there is one")


def check_gateway_keys(service: Http, *, has_shared_key: bool) -> Finding:
    """Whether a gateway can deliver, and goes on being able to."""
    name, mend = "gateway key", 'flask --app fluxio_api create-key "NAME" --gateway SERIAL'
    answer = service.get("/rest/v1/api_keys?revoked_at=is.null&select=expires_at")
    if answer.status != 200:
        return _refused(name, answer)
    now = datetime.now(UTC)
    ends = [_instant(row["expires_at"]) for row in answer.body if row["expires_at"] is not None]
    good = len(answer.body) - sum(end <= now for end in ends)
    if good == 0:
        if has_shared_key:
            return Finding(name, "warn", "only API_SECRET_KEY, which every gateway shares", mend)
        return Finding(name, "fail", "there is none: no gateway can deliver", mend)
    if soon := sum(now < end <= now + _KEY_WARNING for end in ends):
        return Finding(name, "warn", f"{soon} of {good} end within {_KEY_WARNING.days} days", "make new ones in time")
    return Finding(name, "ok", f"{good} good")


def _refused(check: str, answer: Answer) -> Finding:
    code = f" {answer.code}" if answer.code else ""
    return Finding(check, "fail", f"Supabase answers {answer.status}{code}", "see the findings above, then its logs")
