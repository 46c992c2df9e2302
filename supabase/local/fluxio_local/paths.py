"""Where the checkout keeps what the local stack needs, and where its state goes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

#: The checkout: supabase/local/fluxio_local/paths.py is three folders below it.
ROOT = Path(__file__).resolve().parents[3]
BOOTSTRAP = ROOT / "sql" / "bootstrap"
GATEWAY = ROOT / "supabase" / "local" / "gateway" / "main.mjs"
NODE_MODULES = ROOT / "node_modules"
SUPABASE_CLI = NODE_MODULES / ".bin" / "supabase"
#: pgTAP's SQL files, as shipped in an npm package that @supabase/lite depends on.
PGTAP_ARCHIVE = NODE_MODULES / "@electric-sql" / "pglite" / "dist" / "pgtap.tar.gz"

#: As root PostgreSQL runs as another account, which may not be able to enter the checkout.
ROOT_STATE = Path("/var/lib/fluxio-local")


def running_as_root() -> bool:
    """Whether PostgreSQL has to be run as another account."""
    return os.geteuid() == 0


def shared_state_dir() -> Path:
    """Where PostgreSQL's binaries are unpacked: one copy for all stacks of this account and checkout."""
    return ROOT_STATE if running_as_root() else ROOT / ".local"


def default_state_dir() -> Path:
    """This checkout's data, logs and keys; two checkouts never share them."""
    if not running_as_root():
        return ROOT / ".local"
    digest = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    return ROOT_STATE / f"{ROOT.name}-{digest}"
