"""The local Supabase: PostgreSQL, bootstrap, migrations and the gateway, in that order."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from . import paths, ports
from .bootstrap import push_migrations, run_sql_files
from .errors import LocalStackError
from .gateway import Gateway
from .postgres import ADMIN, Cluster
from .settings import LocalSettings
from .state import State

#: As the ports of `supabase start`.
USUAL_PORT = 54321
USUAL_DB_PORT = 54322
USUAL_API_PORT = 8000

#: PostgreSQL's programs, unpacked or half unpacked: they may stand beside a stack, and outlive it.
BINARIES = "*postgresql-*"


def _silent(_: str) -> None: ...


class Stack:
    """One local Supabase in one directory. `durable=False` is for tests that throw the data away."""

    def __init__(self, settings: LocalSettings, *, durable: bool = True, say: Callable[[str], None] = _silent) -> None:
        self.settings = settings
        self.dir = settings.dir
        self._durable = durable
        self._say = say
        self.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._refuse_foreign_directory()
        self.state = State.load(self.dir)
        if paths.running_as_root():
            # The server's account has to pass through; what is secret has its own mode.
            self.dir.chmod(0o711)
            if self.dir.is_relative_to(paths.ROOT_STATE):
                paths.ROOT_STATE.chmod(0o755)

    @cached_property
    def postgres(self) -> Cluster:
        """The database server."""
        port = self.state.db_port or self._choose_ports()
        return Cluster(
            self.dir, port=port, pg_bin=self.settings.pg_bin, user=self.settings.user,
            settings=self.settings.pg_settings, durable=self._durable,
        )  # fmt: skip

    @cached_property
    def gateway(self) -> Gateway:
        """REST, Auth and Realtime."""
        return Gateway(self.dir, self.config)

    @property
    def url(self) -> str:
        """What a hosted project calls its URL."""
        return f"http://{ports.HOST}:{self.state.port}"

    @property
    def api_url(self) -> str:
        """Where the API and the page are served."""
        return f"http://{ports.HOST}:{self.state.api_port}"

    @property
    def anon_key(self) -> str:
        """The publishable key (sb_publishable_...)."""
        return self.state.publishable_key

    @property
    def service_role_key(self) -> str:
        """The secret key (sb_secret_...)."""
        return self.state.secret_key

    @property
    def anon_jwt(self) -> str:
        """The old kind of publishable key."""
        return self.state.legacy_key("anon")

    @property
    def service_role_jwt(self) -> str:
        """The old kind of secret key."""
        return self.state.legacy_key("service_role")

    @property
    def jwt_secret(self) -> str:
        """What people's tokens are signed with (HS256)."""
        return self.state.jwt_secret

    @property
    def database_url(self) -> str:
        """PostgreSQL as `postgres`, who pushes migrations and is no superuser."""
        return self.postgres.url("postgres", self.state.postgres_password)

    @property
    def admin_database_url(self) -> str:
        """PostgreSQL as its superuser."""
        return self.postgres.url(ADMIN, self.state.admin_password)

    @property
    def config(self) -> dict[str, Any]:
        """What the gateway is told; see supabase/local/gateway."""
        return {
            "host": ports.HOST,
            "port": self.state.port,
            "database_url": self.admin_database_url,
            "jwt_secret": self.state.jwt_secret,
            "publishable_key": self.anon_key,
            "secret_key": self.service_role_key,
            "anon_jwt": self.anon_jwt,
            "service_role_jwt": self.service_role_jwt,
            "site_url": self.api_url,
            "schemas": ["public"],
            "max_rows": 1000,
            "jwt_expiry_s": self.settings.jwt_expiry_s,
        }

    def start(self, *, include_seed: bool = False) -> None:
        """Start what does not run, from empty or from kept data, and apply pending migrations."""
        with self._alone():
            self._start(include_seed=include_seed)

    def stop(self) -> None:
        """Stop the gateway, which holds a replication slot, then PostgreSQL."""
        with self._alone():
            self._stop()

    def reset(self) -> None:
        """Stop and delete everything of this stack: data, logs and keys."""
        with self._alone():
            self._stop()
            for entry in self.dir.iterdir():
                if entry.match(BINARIES):
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()

    def _start(self, *, include_seed: bool) -> None:
        if not self.is_running():
            self._choose_ports()
        self.start_postgres()
        self._say("database")
        run_sql_files(paths.BOOTSTRAP, self.admin_database_url)
        self.postgres.set_password(self.admin_database_url, "postgres", self.state.postgres_password)
        if not self.gateway.process.is_running():
            self.gateway.initialize()
        run_sql_files(paths.BOOTSTRAP / "after_auth", self.admin_database_url)
        self._say("migrations")
        push_migrations(self.database_url, include_seed=include_seed)
        if not self.gateway.process.is_running():
            self._say("REST, Auth, Realtime")
            self.gateway.start()

    def _stop(self) -> None:
        if self.state.db_port is None:
            return
        self.gateway.process.stop()
        self.postgres.stop()

    def is_running(self) -> bool:
        """Whether any part of it runs."""
        return self.state.db_port is not None and (self.postgres.is_running() or self.gateway.process.is_running())

    def start_postgres(self) -> None:
        """Start PostgreSQL on the kept data."""
        self.postgres.initialize(admin_password=self.state.admin_password)
        self.postgres.start()

    def stop_postgres(self, mode: str = "fast") -> None:
        """Stop PostgreSQL alone; `immediate` is as a crash."""
        self.postgres.stop(mode)

    def kill_gateway(self) -> None:
        """End the gateway as a crash would."""
        self.gateway.process.stop(kill=True)

    def restart_gateway(self) -> None:
        """Stop the gateway if it runs and start it again."""
        self.gateway.process.stop()
        self.gateway.start()

    def _refuse_foreign_directory(self) -> None:
        """Never change or delete a directory with files that are not ours."""
        if (self.dir / "state.json").exists():
            return
        if any(not entry.match(BINARIES) for entry in self.dir.iterdir()):
            raise LocalStackError(
                f"{self.dir} holds files and no local stack; set FLUXIO_LOCAL_DIR to a new or empty directory"
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait for another command that starts or stops this stack, and go on from what it left."""
        descriptor = os.open(self.dir, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if (self.dir / "state.json").exists() and (kept := State.load(self.dir)) != self.state:
                self.state = kept
                self._forget_parts()
            yield
        finally:
            os.close(descriptor)

    def _forget_parts(self) -> None:
        self.__dict__.pop("postgres", None)
        self.__dict__.pop("gateway", None)

    def _choose_ports(self) -> int:
        """Settle every port, keeping last time's where it is free; the database's is returned."""
        wanted, state = self.settings, self.state
        named = (wanted.port, wanted.db_port, wanted.api_port)
        port = ports.choose("FLUXIO_LOCAL_PORT", wanted=wanted.port, usual=[state.port, USUAL_PORT], others=named)
        db_port = ports.choose(
            "FLUXIO_LOCAL_DB_PORT", wanted=wanted.db_port, usual=[state.db_port, USUAL_DB_PORT], others=[*named, port]
        )
        api_port = ports.choose(
            "FLUXIO_LOCAL_API_PORT", wanted=wanted.api_port, usual=[state.api_port, USUAL_API_PORT],
            others=[*named, port, db_port],
        )  # fmt: skip
        if len({port, db_port, api_port}) != 3:
            raise LocalStackError("the ports of the local stack must differ from each other")
        state.port, state.db_port, state.api_port = port, db_port, api_port
        state.save(self.dir)
        self._forget_parts()
        return db_port
