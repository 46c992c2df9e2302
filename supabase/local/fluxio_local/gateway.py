"""The Node process that serves REST, Auth and Realtime on one port, like a project's URL."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx

from . import paths
from .errors import LocalStackError
from .ports import HOST
from .processes import POLL_S, Background
from .state import write_private

READY_TIMEOUT_S = 30


class Gateway:
    """The gateway process and its configuration file."""

    def __init__(self, directory: Path, config: dict[str, Any]) -> None:
        self.config = config
        self.url = f"http://{HOST}:{config['port']}"
        self.process = Background("gateway", directory)
        self._directory = directory
        self._config_file = directory / "gateway.json"
        if (node := shutil.which("node")) is None:
            raise LocalStackError("node is not installed; Node.js 20 or later is needed")
        self._node = node

    def initialize(self) -> None:
        """Make the schema auth; harmless to repeat."""
        self._write_config()
        done = subprocess.run(  # noqa: S603 - our own program
            [self._node, paths.GATEWAY, "init", self._config_file],
            cwd=self._directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise LocalStackError(f"the gateway's init failed:\n{done.stdout}{done.stderr}".rstrip())

    def start(self) -> None:
        """Start the process and wait until it answers."""
        self._write_config()
        self.process.start([self._node, paths.GATEWAY, "serve", self._config_file], env={}, cwd=self._directory)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self.is_ready():
            if not self.process.is_running():
                raise LocalStackError(f"the gateway did not start:\n{self.process.last_lines()}")
            if time.monotonic() > deadline:
                raise LocalStackError(f"the gateway does not answer:\n{self.process.last_lines()}")
            time.sleep(POLL_S)

    def is_ready(self) -> bool:
        """Whether Auth answers."""
        try:
            answer = httpx.get(
                f"{self.url}/auth/v1/health",
                headers={"apikey": self.config["publishable_key"]},
                timeout=5,
                trust_env=False,
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    def _write_config(self) -> None:
        write_private(self._config_file, json.dumps(self.config, indent=2))
