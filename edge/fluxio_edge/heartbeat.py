"""What the agent tells the API of itself: its version, its backlog and the modem's signal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import time
from collections.abc import Callable
from typing import Final

import httpx

from fluxio_edge.api import Unsettled
from fluxio_edge.forward_settings import HeartbeatSettings
from fluxio_edge.transport import Transport

_log = logging.getLogger(__name__)

#: How long a command may take to tell the signal's strength [s].
_COMMAND_S: Final = 5.0
#: What a signal's strength can be [dBm].
_WEAKEST, _STRONGEST = -150, -1
#: Answers that are about the key, the moment or the size of things, and not about heartbeats.
_NOT_ABOUT_IT: Final = frozenset({401, 403, 408, 413, 429})

#: Members of "gw", the state of a gateway.
State = dict[str, object]


class Heartbeat:
    """A small POST of its own every so often, beside the readings and of less weight.

    The body has the shape in which routers report their state: {"gw": {...}, "cell": {"rssi": -67}}.
    An API that refuses it is not asked again.
    """

    def __init__(
        self,
        settings: HeartbeatSettings,
        state: Callable[[], State],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """The first is due after one interval; `now` [s]."""
        self._settings = settings
        self._state = state
        self._now = now
        self._wanted = settings.every_s > 0
        self._due = now() + settings.every_s
        #: The modem's signal as it was told last [dBm].
        self.signal: int | None = None

    @property
    def due_in(self) -> float | None:
        """Seconds to the next, None if there is none."""
        return max(0.0, self._due - self._now()) if self._wanted else None

    async def send(self, transport: Transport, key: str) -> None:
        """Send one; what goes wrong with it is of no consequence for the readings."""
        self._due = self._now() + self._settings.every_s
        self.signal = await _signal(self._settings)
        body: dict[str, object] = {"gw": self._state()}
        if self.signal is not None:
            body["cell"] = {"rssi": self.signal}
        answer = await transport.post(key, json.dumps(body, separators=(",", ":")))
        if isinstance(answer, Unsettled) or answer.status_code in _NOT_ABOUT_IT:
            return
        if httpx.codes.is_client_error(answer.status_code):
            self._wanted = False
            _log.info("heartbeat: the API does not take it (HTTP %s), so none is sent any more", answer.status_code)


async def _signal(settings: HeartbeatSettings) -> int | None:
    """The first number of the file or of the command's output that can be a signal's strength [dBm]."""
    text = ""
    if settings.signal_file is not None:
        with contextlib.suppress(OSError):
            text = settings.signal_file.read_text(encoding="utf-8", errors="replace")
    elif settings.signal_command is not None:
        text = await _output(settings.signal_command)
    numbers = (int(number) for number in re.findall(r"-\d{1,3}\b", text))
    return next((number for number in numbers if _WEAKEST <= number <= _STRONGEST), None)


async def _output(command: list[str]) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return ""
    try:
        async with asyncio.timeout(_COMMAND_S):
            output, _ = await process.communicate()
    except TimeoutError:
        return ""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output.decode(errors="replace")
