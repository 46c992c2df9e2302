"""The plant on Modbus: one server, one unit id for each meter."""

from __future__ import annotations

import socket
from functools import partial
from typing import Final, Literal

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from fluxio_edge.registers import Register, encode
from fluxio_edge.simulator.meter import Meter
from fluxio_edge.simulator.plant import Plant

#: Where a frame holds the unit id: after the MBAP header, or first of all in RTU.
_UNIT_AT: Final = {"socket": 6, "rtu": 0}
_FRAMERS: Final = {"socket": FramerType.SOCKET, "rtu": FramerType.RTU}


class PlantServer:
    """Answers reads of the plant's meters on one TCP port.

    Each unit has four separate memories, as the real transmitter: a quantity kept in input
    registers (function code 4) is an illegal address for function code 3. A unit id that no meter
    has gets no answer, as on a real bus. Make it inside a running event loop.
    """

    def __init__(
        self, plant: Plant, *, host: str = "127.0.0.1", port: int = 0, framer: Literal["socket", "rtu"] = "socket"
    ) -> None:
        """Port 0 lets the system choose; see `port` after `start`."""
        self._unit_at = _UNIT_AT[framer]
        self._meters = {meter.settings.unit: meter for meter in plant.meters.values()}
        devices = [_device(meter.settings.unit, plant.registers[name], meter) for name, meter in plant.meters.items()]
        self._server = ModbusTcpServer(
            # Unit 0 stands for every unit that is not listed.
            [*devices, SimDevice(0, _memories([], []))],
            framer=_FRAMERS[framer],
            address=(host, port),
            trace_packet=self._pass_or_swallow,
        )

    @property
    def port(self) -> int:
        """The port that it listens on."""
        listening: list[socket.socket] = getattr(self._server.transport, "sockets", [])
        return int(listening[0].getsockname()[1])

    async def start(self) -> None:
        """Listen. Raises RuntimeError if the port is taken."""
        await self._server.serve_forever(background=True)

    async def stop(self) -> None:
        """Close the port and every connection."""
        await self._server.shutdown()  # type: ignore[no-untyped-call] # pymodbus leaves it untyped

    def _pass_or_swallow(self, sending: bool, packet: bytes) -> bytes:
        """The packet, or nothing in place of an answer of a silent or missing unit."""
        if not sending:
            return packet
        meter = self._meters.get(packet[self._unit_at])
        if meter is None:
            return b""
        meter.requests += 1
        return b"" if meter.fault == "silent" else packet


def _device(unit: int, registers: tuple[Register, ...], meter: Meter) -> SimDevice:
    holding = [register for register in registers if register.function_code == 3]
    inputs = [register for register in registers if register.function_code == 4]
    return SimDevice(
        unit,
        _memories([_zeros(each) for each in holding], [_zeros(each) for each in inputs]),
        action=partial(_refresh, registers, meter),
    )


def _zeros(register: Register) -> SimData:
    return SimData(register.address, values=[0] * register.count, datatype=DataType.REGISTERS)


def _memories(
    holding: list[SimData], inputs: list[SimData]
) -> tuple[list[SimData], list[SimData], list[SimData], list[SimData]]:
    """(coils, discrete inputs, holding registers, input registers); pymodbus wants an entry in each."""
    unused = [SimData(65_535, datatype=DataType.INVALID)]
    return (
        [SimData(0, values=[False] * 16, datatype=DataType.BITS)],
        [SimData(0, values=[False] * 16, datatype=DataType.BITS)],
        holding or unused,
        inputs or unused,
    )


async def _refresh(
    registers: tuple[Register, ...],
    meter: Meter,
    function_code: int,
    start_address: int,
    address: int,
    count: int,
    current_registers: list[int],
    set_values: list[int] | list[bool] | None,
) -> ExcCodes | None:
    """Called by pymodbus before each answer: writes what the meter measures now into its memory.

    All quantities of an answer are of one moment. Writes are refused: the transmitter has none.
    """
    if meter.fault == "busy":
        return ExcCodes.DEVICE_BUSY
    if set_values is not None:
        return ExcCodes.ILLEGAL_FUNCTION
    values = meter.measure()
    for register in registers:
        if register.function_code == function_code and register.metric in values:
            start = register.address - start_address
            current_registers[start : start + register.count] = encode(register, values[register.metric])
    return None
