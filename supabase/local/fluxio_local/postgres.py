"""One PostgreSQL cluster on loopback, run as an ordinary account."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from . import paths
from .errors import LocalStackError
from .pg_install import binaries
from .ports import HOST, is_free

ADMIN = "supabase_admin"
START_TIMEOUT_S = 60

#: Beside PostgreSQL's defaults. wal_level: Realtime reads the log.
SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "wal_level": "logical",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}


class Cluster:
    """A data directory and the server on it.

    `settings` go beside and above SERVER_SETTINGS. `durable=False` is for tests that throw the data away.
    """

    def __init__(
        self, directory: Path, *, port: int, pg_bin: Path | None, user: str,
        settings: Mapping[str, str] | None = None, durable: bool = True,
    ) -> None:  # fmt: skip
        self.data = directory / "pgdata"
        self.log = directory / "postgres.log"
        self.port = port
        self._directory = directory
        self.bin = binaries(pg_bin)
        throwaway = {} if durable else {"fsync": "off", "full_page_writes": "off"}
        self._settings = {**SERVER_SETTINGS, **throwaway, **(settings or {})}
        #: As whom to run what touches the data directory.
        self.account: dict[str, Any] = {}
        if paths.running_as_root():
            try:
                entry = pwd.getpwnam(user)
            except KeyError:
                raise LocalStackError(f"there is no account {user}; set FLUXIO_LOCAL_USER to one") from None
            if entry.pw_uid == 0:
                raise LocalStackError("PostgreSQL refuses to run as root; set FLUXIO_LOCAL_USER to an ordinary account")
            self.account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            _refuse_hidden(directory, entry, "FLUXIO_LOCAL_DIR")
            _refuse_hidden(self.bin, entry, "FLUXIO_LOCAL_PG_BIN")

    def initialize(self, *, admin_password: str) -> None:
        """Make the data directory unless it is there. The superuser is supabase_admin, as on hosted Supabase."""
        if (self.data / "PG_VERSION").exists():
            return
        # Under another name until it is whole: initdb writes PG_VERSION first, and may be cut off.
        draft = self.data.with_suffix(".draft")
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=self._directory) as password_file:
            password_file.write(admin_password)
            password_file.flush()
            self._own(draft, Path(password_file.name))
            self._run(
                "initdb", "--pgdata", draft, "--username", ADMIN, "--pwfile", password_file.name,
                "--auth", "scram-sha-256", "--encoding", "UTF8", *self._locale(),
            )  # fmt: skip
        draft.rename(self.data)

    def start(self) -> None:
        """Start the server and wait until it answers; nothing to do if it runs."""
        if self.is_running():
            return
        self.log.touch(mode=0o600)
        self._own(self.log)
        # pg_ctl hands the options to a shell.
        options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in self._settings.items())
        self._run(
            "pg_ctl", "start", "--wait", "--timeout", START_TIMEOUT_S, "--pgdata", self.data,
            "--log", self.log, "--options", f"-p {self.port} {options}",
        )  # fmt: skip

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: `fast` ends its sessions, `immediate` is as a crash. Fine if it does not run."""
        if self.is_running():
            self._run("pg_ctl", "stop", "--wait", "--mode", mode, "--pgdata", self.data)

    def is_running(self) -> bool:
        """Whether a server runs on this data directory."""
        # After a crash the number in postmaster.pid may be some other process, so it has to listen too.
        if not (self.data / "PG_VERSION").exists() or self._call("pg_ctl", "status", "--pgdata", self.data).returncode:
            return False
        return not is_free(self.port)

    @property
    def pid(self) -> int:
        """The number of the server's first process, while it runs."""
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def url(self, role: str, password: str, database: str = "postgres") -> str:
        """A connection URL for `role`."""
        return f"postgresql://{role}:{password}@{HOST}:{self.port}/{database}"

    def set_password(self, admin_url: str, role: str, password: str) -> None:
        """Give `role` its password."""
        with psycopg.connect(admin_url, autocommit=True) as connection:
            statement = psycopg.sql.SQL("alter role {} password {}").format(
                psycopg.sql.Identifier(role), psycopg.sql.Literal(password)
            )
            connection.execute(statement)

    def _locale(self) -> list[str]:
        # The builtin provider came with 17; the wheel has no ICU.
        version = self._call("postgres", "--version").stdout.split()[2]
        major = int(version.split(".")[0])
        if major >= 17:
            return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
        return ["--locale-provider=libc", "--locale=C.UTF-8"]

    def _own(self, *files: Path) -> None:
        if self.account:
            for file in files:
                os.chown(file, self.account["user"], self.account["group"])

    def _run(self, program: str, *arguments: object) -> None:
        done = self._call(program, *arguments)
        if done.returncode != 0:
            log = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
            raise LocalStackError(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}\n{log}".rstrip())

    def _call(self, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        # To files: the server inherits them and would hold a pipe open.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            code = subprocess.call(  # noqa: S603 - PostgreSQL's own programs
                [self.bin / program, *map(str, arguments)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=self._directory,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"}, **self.account,
            )  # fmt: skip
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess([program], code, out.read(), err.read())


def _refuse_hidden(folder: Path, account: pwd.struct_passwd, setting: str) -> None:
    """Say which folder on the way to `folder` the account cannot pass through."""
    for step in (folder, *folder.resolve().parents):
        found = step.stat()
        mine = 0o100 if found.st_uid == account.pw_uid else 0o010 if found.st_gid == account.pw_gid else 0o001
        if not found.st_mode & mine:
            raise LocalStackError(
                f"{account.pw_name}, as whom PostgreSQL runs, cannot pass through {step}; "
                f"set {setting} to a folder it can reach"
            )
