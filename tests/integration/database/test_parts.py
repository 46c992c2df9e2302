"""The parts of one poll leave one row, in whatever order, however often and by however many they are sent."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import permutations

import pytest

from .conftest import Client, Database, Reading

CLIENTS = 8
TIMES = 5
#: What each part of a poll brings, and how long after the poll's start it was read [s].
TWO = [(0.0, {"flow_rate": 12.5, "totalizer": 1000.0}), (1.5, {"level": 1.5})]
THREE = [*TWO, (2.0, {"velocity": 0.75, "temperature": 18.5})]

Part = tuple[float, dict[str, float]]


def part_of(device: str, start: datetime, part: Part) -> Reading:
    """The reading that tells `part` of a poll that began at `start`."""
    after, values = part
    return {
        "device_id": device,
        "created_at": (start + timedelta(seconds=after)).isoformat(),
        "received_at": datetime.now(UTC).isoformat(),
        "is_part": True,
        **values,
    }


def stored(database: Database, device: str) -> list[tuple[object, ...]]:
    """The device's rows, the time at which each metric was read last."""
    rows = database.rows(
        "select created_at, flow_rate, totalizer, level, velocity, temperature, quality, flags, metadata -> 'parts'"
        " from public.flow_data where device_id = %s order by created_at",
        device,
    )
    return [(*row, {name: datetime.fromisoformat(at) for name, at in parts.items()}) for *row, parts in rows]


def row_of(start: datetime, parts: Sequence[Part], at: datetime) -> tuple[object, ...]:
    """The row, at `at`, that the parts of the poll at `start` are to leave."""
    values = {name: value for _, told in parts for name, value in told.items()}
    measured = (values.get(name) for name in ("flow_rate", "totalizer", "level", "velocity", "temperature"))
    read_at = {name: start + timedelta(seconds=after) for after, told in parts for name in told}
    return (at, *measured, "good", [], read_at)


def assert_shown(database: Database, device: str, row: tuple[object, ...]) -> None:
    """The latest values are the row's, and last contact is the last part's."""
    [shown] = database.rows(
        "select created_at, flow_rate, totalizer, level, velocity, temperature, quality"
        " from public.latest_readings where device_id = %s",
        device,
    )
    assert shown == row[:7]


@pytest.mark.parametrize("parts", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("sending", ["each five times", "the poll five times"])
def test_every_order_leaves_one_row(database: Database, parts: list[Part], sending: str) -> None:
    client = database.client()
    orders = list(permutations(parts))
    devices = database.make_devices(len(orders), expected_interval_s=60)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=30)
    for device, order in zip(devices, orders, strict=True):
        sends = [p for p in order for _ in range(TIMES)] if sending == "each five times" else list(order) * TIMES
        last = ""
        verdicts = []
        for part in sends:
            reading = part_of(device, start, part)
            last = reading["received_at"]
            verdicts += client.ingest([reading])

        at = start + timedelta(seconds=order[0][0])
        [row] = stored(database, device)
        assert row == row_of(start, parts, at), order
        expected = {"new": 1, "merged": len(parts) - 1, "duplicate": (TIMES - 1) * len(parts)}
        assert Counter(answer.verdict for answer in verdicts) == expected, order
        assert_shown(database, device, row)
        [(seen,)] = database.rows("select last_seen from public.devices where device_id = %s", device)
        assert seen == datetime.fromisoformat(last)


@pytest.mark.parametrize("parts", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("size", [1, 4], ids=["each part by itself", "four in a batch"])
def test_eight_at_once_leave_one_row(database: Database, parts: list[Part], size: int) -> None:
    for turn in range(TIMES):
        [device] = database.make_devices(1, expected_interval_s=60)
        start = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=30)

        def post(client: Client, number: int, device: str = device, start: datetime = start) -> Counter[str]:
            order = random.Random(number).sample(parts * TIMES, len(parts) * TIMES)  # noqa: S311 -- repeatable
            verdicts: Counter[str] = Counter()
            for first in range(0, len(order), size):
                batch = [part_of(device, start, part) for part in order[first : first + size]]
                verdicts.update(answer.verdict for answer in client.ingest(batch))
            return verdicts

        senders = [partial(post, number=turn * CLIENTS + number) for number in range(CLIENTS)]
        verdicts = sum(database.at_once(senders), Counter[str]())

        [row] = stored(database, device)
        assert row in [row_of(start, parts, start + timedelta(seconds=after)) for after, _ in parts]
        assert verdicts == {
            "new": 1,
            "merged": len(parts) - 1,
            "duplicate": CLIENTS * TIMES * len(parts) - len(parts),
        }
        assert_shown(database, device, row)


def test_polls_faster_than_a_split_stay_apart(database: Database) -> None:
    [device] = database.make_devices(1, expected_interval_s=5)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    polls = [start + number * timedelta(seconds=5) for number in range(12)]
    sends = [(poll, part) for poll in polls for part in THREE] * 2
    random.Random(7).shuffle(sends)  # noqa: S311 -- repeatable, no secret

    client = database.client()
    verdicts = Counter(
        answer.verdict for poll, part in sends for answer in client.ingest([part_of(device, poll, part)])
    )

    assert verdicts == {"new": 12, "merged": 24, "duplicate": 36}
    rows = stored(database, device)
    for row, poll in zip(rows, polls, strict=True):
        assert row in [row_of(poll, THREE, poll + timedelta(seconds=after)) for after, _ in THREE]
    assert_shown(database, device, rows[-1])


def test_eight_that_send_a_ghost_and_what_completes_it_agree(database: Database) -> None:
    devices = database.make_devices(4, expected_interval_s=60)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=30)
    parts: list[Part] = [(0.0, {"flow_rate": 0.0}), (1.0, {"totalizer": 0.0}), (2.0, {"level": 1.5})]

    def send(client: Client) -> None:
        for device in devices:
            for part in random.sample(parts, 3):
                client.ingest([part_of(device, start, part)])

    database.at_once([send] * CLIENTS)

    for device in devices:
        [row] = stored(database, device)
        assert row[1:4] == (0.0, 0.0, 1.5)
        assert row[6:8] == ("good", [])
        assert_shown(database, device, row)
