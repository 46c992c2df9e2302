"""A bus on a serial device or on a pseudo terminal, in RTU frames."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import termios
import tty
from typing import Final, Literal

from fluxio_edge.errors import ConfigError
from fluxio_edge.simulator.bus import Bus
from fluxio_edge.simulator.line import Line
from fluxio_edge.simulator.plant_file import Parity

_log = logging.getLogger(__name__)

_PARITY: Final = {"none": 0, "even": termios.PARENB, "odd": termios.PARENB | termios.PARODD}
_MOST_BYTES: Final = 1024


class SerialServer:
    """Answers the one master of a line.

    `device` is a path, or "pty": then a pseudo terminal is made, whose other end (`path` after
    `start`) a master opens like any serial device.
    """

    def __init__(
        self,
        bus: Bus,
        *,
        device: str = "pty",
        baud_rate: int = 19_200,
        parity: Parity = "even",
        stop_bits: Literal[1, 2] = 1,
    ) -> None:
        """The line's settings mean nothing on a pseudo terminal."""
        self._bus = bus
        self._device = device
        self._baud_rate = baud_rate
        self._parity = parity
        self._stop_bits = stop_bits
        self._ours = -1
        self._theirs = -1  # kept open, or the line would break whenever no master has it open
        self.path = device

    async def start(self) -> None:
        """Listen. Raises ConfigError if the device cannot be used."""
        speed: int | None = getattr(termios, f"B{self._baud_rate}", None)
        if speed is None:
            raise ConfigError(f"serial device {self._device}: {self._baud_rate} is no usual baud rate")
        try:
            if self._device == "pty":
                self._ours, self._theirs = os.openpty()
                self.path = os.ttyname(self._theirs)
                tty.setraw(self._theirs)
            else:
                self._ours = os.open(self._device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
                self._set_line(speed)
        except (OSError, termios.error) as error:
            self._close()
            raise ConfigError(f"serial device {self._device} cannot be used: {error.args[-1]}") from error
        os.set_blocking(self._ours, False)
        self._line = Line(self._bus, "rtu", send=self._send, hang_up=lambda: None)
        asyncio.get_running_loop().add_reader(self._ours, self._receive)

    async def stop(self) -> None:
        """Let go of the device."""
        if self._ours >= 0:
            asyncio.get_running_loop().remove_reader(self._ours)
            self._line.close()
            self._close()

    def _close(self) -> None:
        for end in (self._ours, self._theirs):
            if end >= 0:
                os.close(end)
        self._ours = self._theirs = -1

    def _set_line(self, speed: int) -> None:
        """8 data bits at the given speed, nothing translated or echoed."""
        tty.setraw(self._ours)
        attributes = termios.tcgetattr(self._ours)
        attributes[2] &= ~(termios.PARENB | termios.PARODD | termios.CSTOPB)
        attributes[2] |= _PARITY[self._parity] | (termios.CSTOPB if self._stop_bits == 2 else 0)
        attributes[2] |= termios.CLOCAL | termios.CREAD
        attributes[4] = attributes[5] = speed
        termios.tcsetattr(self._ours, termios.TCSANOW, attributes)

    def _receive(self) -> None:
        try:
            data = os.read(self._ours, _MOST_BYTES)
        except BlockingIOError:
            return
        except OSError:  # the adapter was pulled out, or the other end of a pseudo terminal is closed
            data = b""
        if data:
            self._line.feed(data)
        else:
            asyncio.get_running_loop().remove_reader(self._ours)
            _log.error("serial device %s is gone", self.path)

    def _send(self, frame: bytes) -> None:
        # A frame is far shorter than the device's buffer; when nobody reads, it is full and the frame is lost.
        with contextlib.suppress(OSError):
            os.write(self._ours, frame)
