"""supabase-js in Node, with both versions of the protocol and both kinds of key."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conformance.realtime.conftest import Project
from support.tenants import Tenant

HERE = Path(__file__).parent


@pytest.mark.parametrize("file", ["changes.test.mjs", "broadcast.test.mjs"])
@pytest.mark.parametrize(("version", "keys"), [("2.0.0", "project"), ("1.0.0", "other_keys")])
def test_supabase_js(
    request: pytest.FixtureRequest, file: str, version: str, keys: str, north: Tenant, south: Tenant
) -> None:
    project: Project = request.getfixturevalue(keys)
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run(
        # Joins that were answered leave timers of 10 s behind in the client: do not wait for them.
        [node, "--no-deprecation", "--test", "--test-force-exit", "--test-reporter=spec", HERE / file],
        env=os.environ | {
            "SUPABASE_URL": project.url,
            "SUPABASE_ANON_KEY": project.anon_key,
            "SUPABASE_SERVICE_ROLE_KEY": project.service_role_key,
            "REALTIME_VSN": version,
            "FLUXIO_TEST_TENANTS": json.dumps([north.as_json(), south.as_json()]),
        },
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
