"""Meters on an RTU line, made without the code under test: behind a serial device (a pty) or a TCP port.

Everything runs in one thread; what was asked is kept with its times, so that a schedule can be measured.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pymodbus.framer import FramerRTU

#: unit, function code, address, count, checksum.
_REQUEST_BYTES = 8


@dataclass
class FakeMeter:
    """Registers by (function code, wire address)."""

    words: dict[tuple[int, int], int] = field(default_factory=dict)
    silent: bool = False
    #: More registers in one request are refused with exception 3.
    most: int = 125
    delay_s: float = 0.0
    #: Sent in place of the next answer.
    garbage: bytes = b""

    def hold(self, function_code: int, address: int, *words: int) -> None:
        """Put `words` from `address` on."""
        for index, word in enumerate(words):
            self.words[function_code, address + index] = word


@dataclass(frozen=True)
class Asked:
    """One request as the line saw it; times are of time.monotonic."""

    unit: int
    function_code: int
    address: int
    count: int
    at: float
    answered_at: float | None


class RtuLine:
    """`meters` by unit id; a unit that is not there is silent."""

    def __init__(self, meters: dict[int, FakeMeter]) -> None:
        self.meters = meters
        self.asked: list[Asked] = []
        #: Requests that came while another one was waited for, which a real line would garble.
        self.collisions = 0
        self.opened = 0
        self._stop = threading.Event()

    def of(self, unit: int) -> list[Asked]:
        return [each for each in list(self.asked) if each.unit == unit]

    def stop(self) -> None:
        self._stop.set()

    def serve(self, stream: int) -> None:
        """Answer on a file descriptor until stopped or closed."""
        while not self._stop.is_set():
            if not select.select([stream], [], [], 0.02)[0]:
                continue
            try:
                received = os.read(stream, 4096)
            except OSError:
                return
            if not received:
                return
            while len(received) < _REQUEST_BYTES and select.select([stream], [], [], 0.2)[0]:
                received += os.read(stream, 4096)
            self.collisions += len(received) != _REQUEST_BYTES
            answer = self._answer(received[:_REQUEST_BYTES])
            if answer:
                try:
                    os.write(stream, answer)
                except OSError:
                    return

    def _answer(self, request: bytes) -> bytes:
        unit, function_code, address, count = struct.unpack(">BBHH", request[:6])
        assert checked(request[:6]) == request, "a request with a wrong checksum"
        meter, at = self.meters.get(unit), time.monotonic()
        if meter is None or meter.silent:
            self.asked.append(Asked(unit, function_code, address, count, at, None))
            return b""
        time.sleep(meter.delay_s)
        places = [(function_code, address + index) for index in range(count)]
        if meter.garbage:
            answer, meter.garbage = meter.garbage, b""
        elif count > meter.most:
            answer = checked(bytes([unit, function_code | 0x80, 3]))
        elif not all(place in meter.words for place in places):
            answer = checked(bytes([unit, function_code | 0x80, 2]))
        else:
            words = [meter.words[place] for place in places]
            answer = checked(struct.pack(f">BBB{count}H", unit, function_code, 2 * count, *words))
        self.asked.append(Asked(unit, function_code, address, count, at, time.monotonic()))
        return answer


def checked(frame: bytes) -> bytes:
    """The frame with its checksum."""
    return frame + FramerRTU.compute_CRC(frame).to_bytes(2, "big")


@contextmanager
def on_a_serial_device(line: RtuLine) -> Iterator[str]:
    """The line behind a pty; its device's path."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    thread = threading.Thread(target=line.serve, args=(ours,))
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        line.stop()
        thread.join()
        os.close(ours)
        os.close(theirs)


@contextmanager
def on_a_port(line: RtuLine) -> Iterator[int]:
    """The line behind a serial-to-TCP converter, which takes one connection at a time; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_accept, args=(server, line))
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            line.stop()
            thread.join()


def _accept(server: socket.socket, line: RtuLine) -> None:
    while not line._stop.is_set():
        if select.select([server], [], [], 0.02)[0]:
            connection, _ = server.accept()
            with connection:
                line.opened += 1
                line.serve(connection.fileno())
