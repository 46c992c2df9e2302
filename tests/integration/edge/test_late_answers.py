"""A meter behind a serial-to-TCP converter that answers later than it is waited for."""

from __future__ import annotations

import asyncio
import struct
from datetime import datetime

from pymodbus.framer import FramerRTU

from fluxio_edge.modbus import Connection
from fluxio_edge.poller import Poller
from fluxio_edge.profiles import Block
from fluxio_edge.reading import Reading, utc_now
from fluxio_edge.registers import Register

FIRST, SECOND = Block(4, 10, 2, ()), Block(4, 100, 2, ())
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


def test_a_late_answer_is_not_taken_for_the_next_requests() -> None:
    async def read() -> list[list[int]]:
        meter = SlowMeter(late=1)
        server = await asyncio.start_server(meter, "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        connection = Connection("127.0.0.1", port, framer="rtu", timeout_s=TIMEOUT_S, retries=1)
        try:
            return [await connection.read(1, block) for block in (FIRST, SECOND, FIRST)]
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
        connection = Connection("127.0.0.1", port, framer="rtu", timeout_s=TIMEOUT_S, retries=1)
        stored: asyncio.Future[Reading] = asyncio.get_running_loop().create_future()

        async def store(reading: Reading) -> None:
            stored.set_result(reading)

        registers = (Register("level", 4, 10, "uint16"),)
        poller = Poller("M1", 1, registers, connection, store, interval_s=60, backoff_max_s=60, clock=utc_now)
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
