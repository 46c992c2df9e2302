"""Where Modbus connections lead: a host and port, or a serial device."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

Framer = Literal["socket", "rtu"]
Parity = Literal["none", "even", "odd"]
StopBits = Literal[1, 2]

_FRAMERS: Final = {"socket": FramerType.SOCKET, "rtu": FramerType.RTU}


class Place(Protocol):
    """Where a connection leads."""

    @property
    def framer(self) -> Framer:
        """How requests are framed."""

    def client(self, timeout_s: float) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        """A client that is not connected and does nothing by itself.

        pymodbus would repeat a request on the same connection, and connect when it likes.
        """

    def fault(self) -> str:
        """Why it cannot be reached, as far as can be told from here; empty if nothing can."""


@dataclass(frozen=True, slots=True)
class TcpPlace:
    """A host and port: Modbus TCP, or RTU frames through a converter."""

    host: str
    port: int
    framer: Framer = "socket"

    def client(self, timeout_s: float) -> AsyncModbusTcpClient:
        """A client that is not connected."""
        return AsyncModbusTcpClient(
            self.host, port=self.port, framer=_FRAMERS[self.framer], timeout=timeout_s, retries=0, reconnect_delay=0
        )

    def fault(self) -> str:
        """Nothing can be told."""
        return ""

    def __str__(self) -> str:
        """HOST:PORT."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SerialPlace:
    """A serial device with eight data bits."""

    device: str
    baud_rate: int = 19_200
    parity: Parity = "even"
    stop_bits: StopBits = 1
    framer: Framer = "rtu"

    def client(self, timeout_s: float) -> AsyncModbusSerialClient:
        """A client that is not connected."""
        return AsyncModbusSerialClient(
            self.device,
            baudrate=self.baud_rate,
            parity=self.parity[0].upper(),
            stopbits=self.stop_bits,
            timeout=timeout_s,
            retries=0,
            reconnect_delay=0,
        )

    def fault(self) -> str:
        """What the file system says about the device."""
        try:
            # Without waiting for a carrier, and without the terminal becoming ours.
            os.close(os.open(self.device, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
        except OSError as error:
            return error.strerror or str(error)
        return "in use by another program, or no line with such settings"

    @property
    def character_s(self) -> float:
        """How long one character takes: a start bit, eight data bits, parity and stop bits."""
        return (9 + (self.parity != "none") + self.stop_bits) / self.baud_rate

    @property
    def silence_s(self) -> float:
        """What must be quiet between two frames: 3.5 characters, and 1.75 ms above 19,200 baud.

        Modbus over serial line 1.02, 2.5.1.1.
        """
        return 0.00175 if self.baud_rate > 19_200 else 3.5 * self.character_s

    def __str__(self) -> str:
        """DEVICE."""
        return self.device
