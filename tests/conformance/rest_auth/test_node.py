"""supabase-js in Node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.projects import Project
from support.tenants import Tenant

HERE = Path(__file__).parent


@pytest.mark.parametrize("file", ["rest.test.mjs", "auth.test.mjs"])
def test_supabase_js(project: Project, north: Tenant, south: Tenant, file: str) -> None:
    node = shutil.which("node")
    assert node is not None
    tenants = json.dumps([north.as_json(), south.as_json()])
    done = subprocess.run(
        [node, "--no-deprecation", "--test", "--test-force-exit", "--test-reporter=spec", HERE / file],
        env=os.environ | project.environment() | {"FLUXIO_TEST_TENANTS": tenants},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
