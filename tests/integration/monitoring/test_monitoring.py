"""The alert rules fire as they should, and they and the dashboard name metrics that the API has."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from fluxio_local.stack import Stack
from support import needs
from support.api_server import running_api

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "api" / "monitoring"
RULES = (MONITORING / "prometheus-rules.yaml").read_text()
TOKEN = "token-of-whoever-scrapes-0123456789"
KEY = "shared-key-of-the-monitoring-test-0123456789"


def promtool(*arguments: str) -> None:
    done = subprocess.run([needs.promtool(), *arguments], cwd=MONITORING, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_well_formed() -> None:
    promtool("check", "rules", "prometheus-rules.yaml")


def test_each_alert_fires_on_its_cause_only() -> None:
    promtool("test", "rules", "prometheus-rules.test.yaml")


def test_each_alert_is_tested_and_explained() -> None:
    alerts = set(re.findall(r"- alert: (\w+)", RULES))
    tested = (MONITORING / "prometheus-rules.test.yaml").read_text()
    assert alerts
    assert alerts == set(re.findall(r'alertname="(\w+)"', tested))
    assert alerts == set(re.findall(r"(?m)^### (\w+)$", (ROOT / "docs" / "monitoring.md").read_text()))


def test_the_api_has_every_metric_that_is_named(stack: Stack, tmp_path: Path) -> None:
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    wanted = set(re.findall(r"\bfluxio_\w+", "\n".join([RULES, *asked])))
    with running_api(
        stack, tmp_path, FLUXIO_METRICS_TOKEN=TOKEN, API_SECRET_KEY=KEY, FLUXIO_SPOOL_DIR=str(tmp_path / "spool")
    ) as server:
        # A counter with labels is there from its first count.
        unknown = {"device_id": "NOBODYS", "flow_rate": 1}
        httpx.post(f"{server.url}/api/ingest", json=unknown, headers={"x-api-key": KEY}, timeout=30)
        answer = httpx.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
    families = {family.name: family.type for family in text_string_to_metric_families(answer.text)}
    exported = set(families)
    exported |= {f"{name}_total" for name, kind in families.items() if kind == "counter"}
    exported |= {f"{name}_bucket" for name, kind in families.items() if kind == "histogram"}
    assert wanted
    assert wanted - exported == set()
