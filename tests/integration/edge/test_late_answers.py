"""A meter behind a serial-to-TCP converter that answers later than it is waited for."""

from __future__ import annotations

import asyncio
import struct
from datetime import datetime

from pymodbus.framer import FramerRTU

from fluxio_edge.line import Line
from fluxio_edge.link import Link
from fluxio_edge.modbus import Connection
from fluxio_edge.place import TcpPlace
from fluxio_edge.poller import Poller
from fluxio_edge.profile_file import Profile
from fluxio_edge.read_plan import Block
from fluxio_edge.reading import Reading, utc_now

FIRST, SECOND = Block(4, 10, 2), Block(4, 100, 2)
LEVEL = Profile.model_validate(
    {
        "name": "level",
        "model": "m",
        "source": "s",
        "registers": [{"metric": "level", "function_code": 4, "address": 10, "type": "uint16", "unit": "m"}],
    }
)
TIMEOUT_S = 0.3
#: Of RTU: unit, function code, address, count, checksum.
_REQUEST_BYTES = 8


class SlowMeter:
    """Every register holds its own address; the first `late` requests are answered too late."""

    def __init__(self, late: int) -> None:
        self.late = late
        self.serving: list[asyncio.Task[None]] = []

    def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readexactly(_REQUEST_BYTES):
                unit, function, address, count = struct.unpack(">BBHH", request[:6])
                if self.late > 0:
                    self.late -= 1
                    await asyncio.sleep(TIMEOUT_S * 1.3)
                else:
                    await asyncio.sleep(0.1)
                answer = struct.pack(f">BBB{count}H", unit, function, 2 * count, *range(address, address + count))
                writer.write(answer + FramerRTU.compute_CRC(answer).to_bytes(2, "big"))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def rtu_link(port: int) -> tuple[Connection, Link]:
    connection = Connection(TcpPlace("127.0.0.1", port, "rtu"), timeout_s=TIMEOUT_S, reconnect_max_s=1)
    line = Line(pause_s=0, timeout_s=TIMEOUT_S, shared=True)
    return connection, Link(1, connection, line, timeout_s=TIMEOUT_S, retries=1)


def test_a_late_answer_is_not_taken_for_the_next_requests() -> None:
    async def read() -> list[list[int]]:
        meter = SlowMeter(late=0)
        server = await asyncio.start_server(meter, "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        connection, link = rtu_link(port)
        try:
            await link.read(FIRST)
            meter.late = 1
            return [await link.read(block) for block in (FIRST, SECOND, FIRST)]
        finally:
            connection.close()
            await asyncio.gather(*meter.serving)
            server.close()

    assert asyncio.run(read()) == [[10, 11], [100, 101], [10, 11]]


def test_a_reading_has_the_time_of_the_answer_and_not_of_the_first_try() -> None:
    async def poll() -> float:
        meter = SlowMeter(late=1)
        server = await asyncio.start_server(meter, "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        connection, link = rtu_link(port)
        stored: asyncio.Future[Reading] = asyncio.get_running_loop().create_future()

        async def store(reading: Reading) -> None:
            stored.set_result(reading)

        poller = Poller("M1", LEVEL, link, store, interval_s=0.1, backoff_max_s=0.1, clock=utc_now)
        started, polling = utc_now(), asyncio.create_task(poller.run())
        try:
            reading = await asyncio.wait_for(stored, 10)
        finally:
            polling.cancel()
            connection.close()
            await asyncio.gather(polling, *meter.serving, return_exceptions=True)
            server.close()
        return (datetime.fromisoformat(reading.created_at) - started).total_seconds()

    assert asyncio.run(poll()) > TIMEOUT_S
