"""A status as text, HTML, JSON and Prometheus' text format."""

from __future__ import annotations

import dataclasses
import html
import json
from collections.abc import Iterator
from datetime import datetime

from fluxio_edge.reading import iso_utc
from fluxio_edge.status import MeterStatus, Snapshot


def as_json(snapshot: Snapshot) -> str:
    """One object; times as in readings."""

    def told(value: object) -> str:
        assert isinstance(value, datetime)  # noqa: S101 (nothing else in a snapshot is no JSON)
        return iso_utc(value)

    return json.dumps(dataclasses.asdict(snapshot), default=told, indent=2) + "\n"


def as_html(snapshot: Snapshot) -> str:
    """A page that loads itself again."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="10">'
        f"<title>fluxio-edge</title><h1>fluxio-edge</h1><pre>{html.escape(as_text(snapshot))}</pre>"
        '<p><a href="status.json">JSON</a> <a href="metrics">Prometheus</a></p></html>\n'
    )


def as_text(snapshot: Snapshot) -> str:
    """For people."""
    spool, link, clock = snapshot.spool, snapshot.link, snapshot.clock
    apart = "" if clock.ahead_of_api is None else f", {clock.ahead_of_api:+.1f} s from the API's"
    lines = [
        f"version      {snapshot.version}, up for {snapshot.uptime_s:.0f} s",
        f"clock        {clock.state}, {clock.now:%Y-%m-%d %H:%M:%S} UTC{apart}",
        f"link         {link.trouble or 'well'}",
        f"  accepted   {link.accepted}, last at {_moment(link.accepted_at)}",
        *([] if link.signal_dbm is None else [f"  signal     {link.signal_dbm} dBm"]),
        f"waiting      {spool.waiting}" + (f", of which {spool.held} for the clock" if spool.held else ""),
        f"set aside    {spool.quarantined}",
        f"dropped      {spool.dropped_readings} too many, {spool.dropped_old} too old, {snapshot.lost} not stored",
        *([] if not spool.damaged else [f"damaged      {spool.damaged} file(s) set aside"]),
        *([] if snapshot.disk_trouble is None else [f"disk         {snapshot.disk_trouble}"]),
    ]
    lines += [line for meter in snapshot.meters for line in _of_meter(meter)]
    return "\n".join(lines) + "\n"


def as_prometheus(snapshot: Snapshot) -> str:
    """The text format 0.0.4."""
    return "\n".join(_metrics(snapshot)) + "\n"


def _of_meter(meter: MeterStatus) -> Iterator[str]:
    yield f"meter        {meter.device_id}: {meter.trouble or ('well' if meter.answers else 'not asked yet')}"
    yield f"  answered   {meter.answers} of {meter.polls} polls, last at {_moment(meter.answered_at)}"
    if meter.reading is not None:
        values = (f"{name}={value}" for name, value in meter.reading.items() if isinstance(value, int | float))
        yield f"  reading    {' '.join(values)}"


def _metrics(snapshot: Snapshot) -> Iterator[str]:
    spool, link, clock = snapshot.spool, snapshot.link, snapshot.clock
    yield from _metric("info", "gauge", "The agent's version.", {f'version="{_label(snapshot.version)}"': 1})
    yield from _metric("uptime_seconds", "gauge", "Since the agent's start.", {"": snapshot.uptime_s})
    yield from _metric(
        "spool_readings",
        "gauge",
        "Readings on disk: to be sent, held back for the clock, refused by the API.",
        {
            'state="waiting"': spool.waiting - spool.held,
            'state="held"': spool.held,
            'state="quarantined"': spool.quarantined,
        },
    )
    yield from _metric(
        "dropped_readings_total",
        "counter",
        "Readings that are lost, by reason.",
        {
            'reason="too_many"': spool.dropped_readings,
            'reason="too_old"': spool.dropped_old,
            'reason="quarantine_full"': spool.dropped_quarantined,
            'reason="not_stored"': snapshot.lost,
        },
    )
    yield from _metric("damaged_spools_total", "counter", "Spool files set aside.", {"": spool.damaged})
    yield from _metric("link_up", "gauge", "Whether the API takes readings.", {"": int(link.trouble is None)})
    yield from _metric("posts_total", "counter", "POSTs of readings.", {"": link.posts})
    yield from _metric(
        "sent_readings_total",
        "counter",
        "Readings with a verdict.",
        {'verdict="accepted"': link.accepted, 'verdict="refused"': link.refused},
    )
    if link.signal_dbm is not None:
        yield from _metric("signal_dbm", "gauge", "The modem's signal strength.", {"": link.signal_dbm})
    yield from _metric("clock_set", "gauge", "Whether the clock is believed.", {"": int(clock.state == "set")})
    if clock.ahead_of_api is not None:
        yield from _metric("clock_ahead_seconds", "gauge", "Ahead of the API's clock.", {"": clock.ahead_of_api})
    by_meter = {f'device_id="{_label(meter.device_id)}"': meter for meter in snapshot.meters}
    yield from _metric(
        "meter_up",
        "gauge",
        "Whether the meter answers with all its values.",
        {label: int(meter.trouble is None and meter.answers > 0) for label, meter in by_meter.items()},
    )
    yield from _metric(
        "meter_polls_total", "counter", "Polls.", {label: meter.polls for label, meter in by_meter.items()}
    )
    yield from _metric(
        "meter_answers_total", "counter", "Answered polls.", {label: meter.answers for label, meter in by_meter.items()}
    )
    yield from _metric(
        "meter_answered_timestamp_seconds",
        "gauge",
        "The last answered poll, by the gateway's clock.",
        {label: meter.answered_at.timestamp() for label, meter in by_meter.items() if meter.answered_at},
    )


def _metric(name: str, kind: str, text: str, values: dict[str, float]) -> Iterator[str]:
    yield f"# HELP fluxio_edge_{name} {text}"
    yield f"# TYPE fluxio_edge_{name} {kind}"
    for labels, value in values.items():
        yield f"fluxio_edge_{name}{f'{{{labels}}}' if labels else ''} {value}"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _moment(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
