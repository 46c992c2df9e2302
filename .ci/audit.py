"""Ask the advisory services about everything in requirements.lock and package-lock.json of the working directory.

Known vulnerabilities end it with status 1. A service that cannot be reached
is told as NOT AUDITED, which is a failure only if FLUXIO_REQUIRE_AUDIT is 1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

#: How long one service may take in all, and over one request [s].
_ALL_S, _REQUEST_S = 20, 5

#: OSV, since PyPI's own service passes over what it does not know.
_PIP_AUDIT = [
    str(Path(sys.executable).with_name("pip-audit")), "--requirement", "requirements.lock", "--disable-pip",
    "--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off", "--timeout", str(_REQUEST_S),
]  # fmt: skip
_NPM_AUDIT = [
    "npm", "audit", "--package-lock-only", "--json", "--fetch-retries=0", f"--fetch-timeout={_REQUEST_S * 1000}",
]  # fmt: skip


class NotAuditedError(Exception):
    """Nobody could tell; the message says why."""


def main(osv_url: str | None = None) -> int:
    """Run both audits; the exit status."""
    is_required = os.environ.get("FLUXIO_REQUIRE_AUDIT") == "1"
    status = 0
    osv = ["--osv-url", osv_url] if osv_url else []
    for lock, command, read in (
        ("requirements.lock", _PIP_AUDIT + osv, read_pip_audit),
        ("package-lock.json", _NPM_AUDIT, read_npm_audit),
    ):
        try:
            found = answered(command, read)
        except NotAuditedError as reason:
            print(f"{lock}: NOT AUDITED: {reason}")
            status |= is_required
            continue
        for vulnerability in found:
            print(f"{lock}: {vulnerability}")
        print(f"{lock}: {len(found)} known vulnerabilities")
        status |= bool(found)
    return int(status)


def answered(command: list[str], read: Callable[[str], list[str]]) -> list[str]:
    """What `read` finds in the output of `command`; its exit status tells a failure from a finding in neither tool."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_ALL_S, check=False)
    except subprocess.TimeoutExpired:
        raise NotAuditedError(f"no answer within {_ALL_S} s") from None
    except OSError as error:
        raise NotAuditedError(f"{command[0]}: {error.strerror}") from None
    try:
        return read(done.stdout)
    except (ValueError, KeyError, TypeError, AttributeError):
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise NotAuditedError(said[-1][:200] if said else f"status {done.returncode}") from None


def read_pip_audit(output: str) -> list[str]:
    """Name, version, advisory and the versions that mend it."""
    packages = json.loads(output)["dependencies"]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if skipped or not packages:
        raise NotAuditedError(f"{len(skipped)} of {len(packages)} packages are not known to the service")
    return [
        f"{package['name']} {package['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'none'}"
        for package in packages
        for one in package["vulns"]
    ]


def read_npm_audit(output: str) -> list[str]:
    """Name, severity and the titles of its advisories."""
    answer = json.loads(output)
    if "vulnerabilities" not in answer:
        raise NotAuditedError(str(answer.get("message")))
    packages = answer["vulnerabilities"]
    return [
        f"{name}: {package['severity']}: "
        + "; ".join(str(via["title"] if isinstance(via, dict) else f"by {via}") for via in package["via"])
        for name, package in sorted(packages.items())
    ]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
