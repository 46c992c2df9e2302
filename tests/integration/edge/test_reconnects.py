"""Connections that break again and again leave nothing behind."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from fluxio_edge.errors import ReadError, UnreachableError
from fluxio_edge.modbus import Connection
from fluxio_edge.place import Place, SerialPlace, TcpPlace
from fluxio_edge.read_plan import Block
from support.rtu_line import FakeMeter, RtuLine, on_a_port, on_a_serial_device

BLOCK = Block(4, 0, 2)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def break_often(connection: Connection, meter: FakeMeter) -> tuple[int, int, int, int]:
    """(files, files, tasks, tasks): after the first round, and after the last."""
    counts: list[int] = []
    for _ in range(12):
        meter.silent = True
        with pytest.raises(ReadError, match="no answer from unit 1"):
            await connection.request(1, BLOCK)
        meter.silent = False
        assert await connection.request(1, BLOCK) == [7, 8]
        counts.append(open_files())
    tasks = len(asyncio.all_tasks())
    connection.close()
    await asyncio.sleep(0.05)
    return counts[0], counts[-1], tasks, len(asyncio.all_tasks())


@pytest.mark.parametrize("kind", ["tcp", "serial"])
def test_no_task_and_no_socket_is_left_by_reconnects(kind: str) -> None:
    meter = FakeMeter()
    meter.hold(4, 0, 7, 8)
    line = RtuLine({1: meter})

    async def count(place: Place) -> tuple[int, int, int, int]:
        return await break_often(Connection(place, timeout_s=0.3, reconnect_max_s=1), meter)

    if kind == "tcp":
        with on_a_port(line) as port:
            first, last, tasks, after = asyncio.run(count(TcpPlace("127.0.0.1", port, "rtu")))
        assert line.opened == 13, "over TCP, each unanswered request ends its connection"
    else:
        with on_a_serial_device(line) as device:
            first, last, tasks, after = asyncio.run(count(SerialPlace(device, parity="none")))
    assert first == last
    assert (tasks, after) == (1, 1)


def test_a_refused_connection_is_not_tried_at_every_request() -> None:
    attempts = 0

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        writer.close()

    async def ask() -> int:
        server = await asyncio.start_server(hang_up, "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        connection = Connection(TcpPlace("127.0.0.1", port), timeout_s=0.2, reconnect_max_s=10)
        with pytest.raises(ReadError, match="no answer from unit 1"):
            await connection.request(1, BLOCK)
        server.close()
        await server.wait_closed()
        files = open_files()
        for _ in range(50):
            with pytest.raises(UnreachableError, match=f"no connection to 127.0.0.1:{port}"):
                await connection.request(1, BLOCK)
        assert open_files() == files
        return attempts

    assert asyncio.run(ask()) == 1


def test_a_device_that_is_missing_or_no_line_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    async def ask(device: Path) -> str:
        with pytest.raises(UnreachableError) as raised:
            await Connection(SerialPlace(str(device)), timeout_s=1, reconnect_max_s=1).request(1, BLOCK)
        return str(raised.value)

    missing, other = tmp_path / "ttyUSB0", tmp_path / "file"
    assert asyncio.run(ask(missing)) == f"no connection to {missing}: No such file or directory"
    assert asyncio.run(ask(other)).startswith(f"no connection to {other}: in use by another program, or no line")
