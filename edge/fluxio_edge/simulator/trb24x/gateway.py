"""The gateway: a Modbus client that polls the plant, and a plugin that POSTs what was polled.

What it does with answers: it follows no redirect and, unless repeating is switched on, does not look
whether there was an answer at all. The plugin's cursor then stands behind the records whatever
became of them. That it also gives records up after the last of its tries is an assumption.
"""

from __future__ import annotations

import asyncio
import logging
import random
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Final

import httpx

from fluxio_edge.condition import Condition
from fluxio_edge.reading import Clock, utc_now
from fluxio_edge.simulator.bus import Answer
from fluxio_edge.simulator.plant import Plant
from fluxio_edge.simulator.trb24x.record import GatewayFacts, Record
from fluxio_edge.simulator.trb24x.shapes import Shape

_log = logging.getLogger(__name__)

#: The database is in memory; when it is full, its oldest records go.
_MOST_RECORDS: Final = 10_000
#: A meter that answers later counts as not answering.
_MODBUS_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where bodies go. `tries` is how often more a body is sent that was not taken, `pause_s` apart."""

    url: str
    key: str
    tries: int = 0
    pause_s: float = 1.0


class Gateway:
    """One TRB24x. `posts` counts its requests, repeats included."""

    def __init__(
        self,
        plant: Plant,
        shape: Shape,
        target: Target,
        client: httpx.AsyncClient,
        *,
        segments: int | None = None,
        clock: Clock = utc_now,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`segments` is how many records a body has, in place of the shape's usual number."""
        self.posts = 0
        self._plant = plant
        self._shape = shape
        self._target = target
        self._client = client
        self._segments = segments or shape.segments or 1
        self._clock = clock
        self._pause = pause
        self._zone = timezone(timedelta(hours=plant.file.utc_offset_h))
        self._buses = {name: plant.bus(name) for name in {meter.settings.bus for meter in plant.meters.values()}}
        self._records: deque[Record] = deque(maxlen=_MOST_RECORDS)
        self._last_polled_id = 0
        self._last_sent_id = 0
        self._link = Condition("server", _log)
        chance = random.Random(f"{plant.file.seed}/gateway")  # noqa: S311 (no secret)
        self._serial = str(chance.randrange(1_100_000_000, 1_200_000_000))
        self._mac = f"001e42{chance.randrange(1 << 24):06x}"

    @property
    def waiting(self) -> int:
        """How many records the cursor has not passed."""
        return sum(each.id > self._last_sent_id for each in self._records)

    def poll(self) -> None:
        """Ask every meter for every quantity; what is not answered leaves nothing."""
        for server_id, (name, meter) in enumerate(self._plant.meters.items(), 1):
            for register in self._plant.registers[name]:
                request = struct.pack(">BHH", register.function_code, register.address, register.count)
                words = _words(self._buses[meter.settings.bus].answer(meter.settings.unit, request))
                if words is None:
                    continue
                self._last_polled_id += 1
                moment = self._clock().astimezone(self._zone).replace(microsecond=0)
                ip = f"192.168.1.{100 + server_id % 100}"
                self._records.append(Record(self._last_polled_id, moment, server_id, name, ip, register, words))

    async def collect(self) -> None:
        """POST the next records, the oldest first; nothing if there are none."""
        if self._shape.segments is None:
            for records in self._last_polls():
                await self._post(records)
            return
        records = [each for each in self._records if each.id > self._last_sent_id][: self._segments]
        if records:
            self._last_sent_id = records[-1].id
            await self._post(records)

    def _last_polls(self) -> list[list[Record]]:
        """What a script sees: of each meter the records since the last time, one of each quantity."""
        latest: dict[int, dict[str, Record]] = {}
        for each in self._records:
            if each.id > self._last_sent_id:
                latest.setdefault(each.server_id, {})[each.name] = each
        self._last_sent_id = self._last_polled_id
        return [list(records.values()) for records in latest.values()]

    async def _post(self, records: list[Record]) -> None:
        body = self._shape.write(records, self._facts())
        for number in range(1 + self._target.tries):
            if number:
                await self._pause(self._target.pause_s)
            if await self._sent(body):
                return
        self._link.trouble("lost", f"{len(records)} record(s) were not taken and are given up")

    async def _sent(self, body: bytes) -> bool:
        """Send once; whether the gateway takes it for sent."""
        self.posts += 1
        headers = {"content-type": self._shape.content_type, "x-api-key": self._target.key}
        try:
            response = await self._client.post(self._target.url, content=body, headers=headers, follow_redirects=False)
        except httpx.HTTPError as error:
            self._link.trouble("away", f"no answer: {type(error).__name__}")
            return self._target.tries == 0
        if self._target.tries and response.status_code >= httpx.codes.BAD_REQUEST:
            self._link.trouble("refused", f"HTTP {response.status_code}")
            return False
        self._link.well("takes bodies again")
        return True

    def _facts(self) -> GatewayFacts:
        first = next(iter(self._plant.meters.values()))
        return GatewayFacts(self._serial, self._mac, "Example", int(first.measure()["signal_strength"]))


def _words(answer: Answer) -> tuple[int, ...] | None:
    """The registers of an answer in time, or None."""
    if answer.way != "answer" or answer.pdu[0] >= 0x80 or answer.delay_s > _MODBUS_TIMEOUT_S:
        return None
    return struct.unpack(f">{answer.pdu[1] // 2}H", answer.pdu[2:])
