"""What systemd is told over its socket (sd_notify(3)); nothing without one."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


class Systemd:
    """The service manager that started this process, if one did that wants to hear from it."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID."""
        address = environment.get("NOTIFY_SOCKET", "")
        # "@" begins a name in the kernel's own namespace.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._watchdog_us = 0
        if environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()):
            with contextlib.suppress(ValueError):
                self._watchdog_us = int(environment.get("WATCHDOG_USEC", "0"))

    @property
    def watchdog_s(self) -> float | None:
        """Within how many seconds systemd wants each sign of life; None if it wants none."""
        return self._watchdog_us / 1e6 if self._watchdog_us > 0 else None

    def ready(self) -> None:
        """Started."""
        self._send("READY=1")

    def alive(self, status: str) -> None:
        """A sign of life, with a line for `systemctl status`."""
        self._send(f"WATCHDOG=1\nSTATUS={status}")

    def stopping(self) -> None:
        """About to end."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(self._address)
            sender.sendall(text.encode())
