"""Statistics, series and days from rollups equal what the readings say, whatever is computed and what is stale."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from .conftest import Database
from .rollup_oracle import HOUR, Meter, Sample, Statistics, hour_of, invent, same, statistics

#: Within the time that readings are kept, long enough ago for all hours to have ended.
START = hour_of(datetime.now(UTC) - timedelta(days=20))
HOURS = 60
WINDOWS = 60


def make_meter(database: Database, *, interval_s: int, totalizer_max: float | None, subtracts: bool) -> Meter:
    [device_id] = database.make_devices(1, expected_interval_s=interval_s)
    database.owner.execute(
        "update public.devices set totalizer_max = %s, reverse_policy = %s where device_id = %s",
        [totalizer_max, "subtract" if subtracts else "ignore", device_id],
    )
    return Meter(device_id, interval_s, totalizer_max, subtracts)


def store(database: Database, meter: Meter, samples: Iterable[Sample]) -> None:
    database.owner.execute("select private.create_flow_data_months(%s, %s)", [START, START + HOURS * 2 * HOUR])
    with database.owner.cursor() as cursor:
        cursor.executemany(
            "insert into public.flow_data (device_id, created_at, flow_rate, totalizer, quality)"
            " values (%s, %s, %s, %s, %s)",
            [(meter.device_id, sample.at, sample.flow, sample.totalizer, sample.quality) for sample in samples],
        )


def stored(database: Database, meter: Meter) -> list[Sample]:
    rows = database.rows(
        "select created_at, flow_rate, totalizer, quality from public.flow_data where device_id = %s", meter.device_id
    )
    return [Sample(*row) for row in rows]


def windows(chance: random.Random) -> list[tuple[datetime, datetime]]:
    """Windows of every kind: to the microsecond, of whole hours, within one hour, of nothing."""
    found = []
    for _ in range(WINDOWS):
        start = START + timedelta(microseconds=chance.randrange(int((HOURS + 4) * HOUR / timedelta(microseconds=1))))
        length = timedelta(seconds=chance.choice([1, 1800, 3600, 20_000, 200_000]) * chance.random())
        if chance.random() < 0.3:
            start = start.replace(minute=0, second=0, microsecond=0)
            length = timedelta(hours=chance.randrange(48))
        found.append((start - 2 * HOUR, start - 2 * HOUR + length))
    return found


def wrong(database: Database, meter: Meter, asked: Iterable[tuple[datetime, datetime]]) -> list[object]:
    """Windows about which statistics and oracle differ."""
    samples = stored(database, meter)
    found: list[object] = []
    for start, end in asked:
        [row] = database.rows("select * from public.get_flow_statistics(%s, %s, %s)", meter.device_id, start, end)
        expected = statistics(meter, samples, start, end)
        if not same(row, tuple(vars(expected).values())):
            found.append((start, end, Statistics(*row), expected))
    return found


@pytest.mark.parametrize(
    ("interval_s", "totalizer_max", "subtracts"),
    [(120, None, False), (300, 1000.0, False), (300, 1000.0, True), (7000, 1000.0, True)],
    ids=["plain", "rolls-over", "subtracts", "slower-than-hourly"],
)
def test_any_window_is_right_from_readings_from_rollups_and_from_both(
    database: Database, interval_s: int, totalizer_max: float | None, subtracts: bool
) -> None:
    chance = random.Random(f"{interval_s} {subtracts}")  # noqa: S311 -- repeatable, no secret
    meter = make_meter(database, interval_s=interval_s, totalizer_max=totalizer_max, subtracts=subtracts)
    store(database, meter, invent(meter, chance, START, HOURS))
    asked = windows(chance)

    assert wrong(database, meter, asked) == [], "all from readings"

    for _ in range(5):
        oldest = START + timedelta(hours=chance.randrange(HOURS))
        database.owner.execute("select private.refresh_rollups(%s, %s)", [oldest, oldest + 7 * HOUR])
    [(fresh, stale)] = database.rows(
        "select count(*) filter (where not is_stale), count(*) filter (where is_stale)"
        " from public.flow_data_hourly where device_id = %s",
        meter.device_id,
    )
    assert fresh > 0
    assert stale > 0
    assert wrong(database, meter, asked) == [], "hours here, readings there"

    refresh(database)
    assert wrong(database, meter, asked) == [], "all from rollups"

    late = [
        Sample(START + HOURS * HOUR * chance.random(), chance.uniform(0, 50), chance.uniform(0, 1000))
        for _ in range(25)
    ]
    store(database, meter, late)
    victims = chance.sample(stored(database, meter), 30)
    for number, victim in enumerate(victims):
        key = [meter.device_id, victim.at]
        if number % 3 == 0:
            database.owner.execute("delete from public.flow_data where device_id = %s and created_at = %s", key)
        elif number % 3 == 1:
            database.owner.execute(
                "update public.flow_data set quality = 'bad' where device_id = %s and created_at = %s", key
            )
        else:
            database.owner.execute(
                "update public.flow_data set created_at = created_at + interval '5 hours 1 microsecond'"
                " where device_id = %s and created_at = %s",
                key,
            )
    assert wrong(database, meter, asked) == [], "after late, changed, moved and deleted readings, at once"
    refresh(database)
    assert wrong(database, meter, asked) == [], "and when the job has healed the hours"


def test_series_and_days_are_the_statistics_of_their_buckets(database: Database) -> None:
    chance = random.Random("series")  # noqa: S311
    meter = make_meter(database, interval_s=300, totalizer_max=1000.0, subtracts=True)
    store(database, meter, invent(meter, chance, START, HOURS))
    database.owner.execute("select private.refresh_rollups(%s, %s)", [START, START + 30 * HOUR])

    for round_of in range(2):
        samples = stored(database, meter)
        for start, end in windows(chance)[:30]:
            rows = database.rows(
                "select * from public.get_flow_series(%s, %s, %s, %s)",
                meter.device_id, start, end, chance.choice([1, 3, 10, 50, 300]),
            )  # fmt: skip
            for starts_at, ends_at, low, avg, high, volume, points in rows:
                bucket = statistics(meter, samples, max(start, starts_at), min(end, ends_at))
                expected = (bucket.low, bucket.avg, bucket.high, bucket.volume, bucket.points)
                assert same((low, avg, high, volume, points), expected), (round_of, start, end, starts_at)
        for row in database.rows(
            "select * from public.get_daily_flow(%s, %s, %s)",
            meter.device_id,
            START.date(),
            START.date() + 4 * HOUR * 24,
        ):
            _, starts_at, ends_at, *told = row
            day = statistics(meter, samples, starts_at, ends_at)
            assert same(told, tuple(vars(day).values())), (round_of, row)
        refresh(database)


def refresh(database: Database) -> None:
    """Compute every hour of these days."""
    while database.rows("select private.refresh_rollups(%s, %s)", START, START + 2 * HOURS * HOUR) != [(0,)]:
        pass
