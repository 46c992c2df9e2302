from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from fluxio_api.ingest.intake import Intake
from fluxio_api.ingest.ports import Judged, Letter
from fluxio_api.ingest.spool.drain import ENDS, TRIES, Drain
from fluxio_api.ingest.spool.outage import Outage
from fluxio_api.ingest.spool.spool import Spool
from fluxio_api.ingest.spool.spool_file import draining
from fluxio_api.keyring import ApiKey
from fluxio_api.problems import Unavailable

from ..conftest import Shelf
from .conftest import arrival

SHARED, OWN = "ab" * 32, "cd" * 32
KEY_ID = "6e2b6a3e-0000-4000-8000-000000000001"
LATER = 10_000_000_000.0


class Table(Shelf):
    """A database that fails on what it is told to fail on."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, ApiKey] = {OWN: ApiKey(KEY_ID, None)}
        self.poison: dict[str, Exception] = {}
        self.letter_failure: Exception | None = None

    def store(self, elements: list[dict[str, object]]) -> list[Judged]:
        for element in elements:
            if (error := self.poison.get(str(element["device_id"]))) is not None:
                raise error
        return super().store(elements)

    def keep(self, letter: Letter) -> None:
        if self.letter_failure is not None:
            raise self.letter_failure
        super().keep(letter)

    def find(self, key_hash: str) -> ApiKey | None:
        super().find(key_hash)
        return self.keys.get(key_hash)

    @property
    def stored(self) -> list[object]:
        return [element["device_id"] for call in self.calls for element in call]


@dataclass
class Bench:
    table: Table
    spool: Spool
    outage: Outage
    drain: Drain

    def add(self, *devices: str, key_hash: str = SHARED, api_key_id: str | None = None) -> None:
        for device in devices:
            self.spool.add(
                arrival(b'{"device_id":"%s","level":1}' % device.encode(), key_hash=key_hash, api_key_id=api_key_id)
            )

    def run(self, times: int = 1) -> None:
        """Drain so often, everything being due each time."""
        for _ in range(times):
            with self.spool._writing() as connection:
                connection.execute("update entries set due_at = 0")
            self.run_once(threading.Event())

    def run_once(self, stop: threading.Event) -> None:
        with draining(self.spool.directory) as turn:
            assert turn is not None
            self.drain.run(turn, stop)


@pytest.fixture
def bench(open_spool: Callable[..., Spool]) -> Bench:
    table, spool, outage = Table(), open_spool(), Outage()
    return Bench(table, spool, outage, Drain(spool, Intake(table), table.find, outage, shared_key_hash=SHARED))


def test_everything_is_stored_in_order_and_gone(bench: Bench) -> None:
    bench.add("A", "B", "C")
    bench.run()
    assert bench.table.stored == ["A", "B", "C"]
    state = bench.spool.state()
    assert (state.entries, state.drained, state.dead_lettered) == (0, 3, 0)


def test_a_database_that_goes_again_leaves_the_rest_where_it_is(bench: Bench) -> None:
    bench.add("A", "B", "C")
    judge = bench.table.judge

    def judge_and_go(index: int, element: dict[str, object]) -> Judged:
        bench.table.failure = Unavailable("away")
        return judge(index, element)

    bench.table.judge = judge_and_go
    bench.run()
    assert bench.outage.lasting
    assert (bench.table.stored, bench.spool.state().entries) == (["A"], 2)
    bench.run()
    assert bench.spool.state().entries == 2
    bench.table.failure, bench.table.judge = None, judge
    assert bench.drain.database_answers()
    bench.run()
    assert bench.table.stored == ["A", "B", "C"]


def test_a_body_that_only_waits_does_not_hold_up_the_others(bench: Bench) -> None:
    bench.add("A", "B", "C")
    bench.table.poison["A"] = Unavailable("a row is locked")
    bench.run()
    assert bench.table.stored == ["B", "C"]
    bench.run(times=20)
    state = bench.spool.state()
    assert (state.entries, state.set_aside, state.dead_lettered) == (1, 0, 0)
    assert not bench.outage.lasting
    bench.table.poison.clear()
    bench.run()
    assert bench.table.stored == ["B", "C", "A"]


def test_a_database_that_stores_nothing_is_not_asked_for_every_entry(bench: Bench) -> None:
    devices = [f"D{number}" for number in range(20)]
    bench.add(*devices)
    bench.table.poison = {device: Unavailable("no") for device in devices}
    bench.run()
    assert bench.spool.state().entries == 20
    assert bench.spool.next_due(0) is not None


def test_a_poisonous_body_goes_to_the_dead_letters_after_a_few_tries(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.add("A", "B")
    bench.table.poison["A"] = RuntimeError("secret-of-the-body")
    with caplog.at_level(logging.ERROR):
        bench.run(times=TRIES - 1)
        assert bench.table.letters == []
        bench.run()
    assert bench.table.stored == ["B"]
    (letter,) = bench.table.letters
    assert (letter.reason, letter.detail, letter.body) == (
        "not_processed",
        "RuntimeError",
        b'{"device_id":"A","level":1}',
    )
    assert bench.spool.state().dead_lettered == 1
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_a_body_that_kills_the_process_does_not_do_so_for_ever(bench: Bench) -> None:
    bench.add("A", "B")

    class KilledError(BaseException):
        """What no except clause sees, as nothing of the process does."""

    bench.table.poison["A"] = KilledError()  # type: ignore[assignment] # on purpose no Exception
    for _ in range(ENDS):
        with pytest.raises(KilledError):
            bench.run()
    bench.run()
    assert bench.table.stored == ["B"]
    assert [letter.reason for letter in bench.table.letters] == ["not_processed"]


@pytest.mark.parametrize("letter_failure", [RuntimeError("too"), Unavailable("refused")])
def test_what_even_the_dead_letters_refuse_is_set_aside(bench: Bench, letter_failure: Exception) -> None:
    bench.add("A", "B")
    bench.table.poison["A"] = RuntimeError("bug")
    bench.table.letter_failure = letter_failure
    bench.run(times=TRIES)
    state = bench.spool.state()
    assert (bench.table.stored, state.entries, state.set_aside) == (["B"], 0, 1)


def test_what_this_version_cannot_read_is_set_aside(bench: Bench) -> None:
    bench.add("A", "B")
    with bench.spool._writing() as connection:
        connection.execute('update entries set head = \'{"received_at": 1, "api_key_id": []}\' where seq = 1')
    bench.run()
    assert (bench.table.stored, bench.spool.state().set_aside) == (["B"], 1)


@pytest.mark.parametrize(
    ("key_hash", "api_key_id", "is_stored"),
    [
        (SHARED, None, True),
        ("00" * 32, None, False),
        (OWN, KEY_ID, True),
        (OWN, "6e2b6a3e-0000-4000-8000-000000000002", False),
        ("11" * 32, KEY_ID, False),
    ],
)
def test_only_a_key_that_still_is_good_gets_readings_stored(
    bench: Bench, key_hash: str, api_key_id: str | None, is_stored: bool
) -> None:
    bench.add("A", key_hash=key_hash, api_key_id=api_key_id)
    bench.run()
    assert bench.table.stored == (["A"] if is_stored else [])
    assert [letter.reason for letter in bench.table.letters] == ([] if is_stored else ["invalid_key"])
    assert bench.spool.state().entries == 0


def test_no_json_and_too_many_readings_end_in_the_dead_letters(bench: Bench) -> None:
    bench.spool.add(arrival(b"{", key_hash=SHARED))
    bench.spool.add(arrival(b"[" + b"1," * 1000 + b"1]", key_hash=SHARED))
    bench.run()
    assert [letter.reason for letter in bench.table.letters] == ["invalid_json", "too_many_readings"]
    assert bench.spool.state().dead_lettered == 2


def test_it_stops_between_two_bodies(bench: Bench, stop: threading.Event) -> None:
    bench.add("A", "B")
    judge = bench.table.judge

    def judge_and_stop(index: int, element: dict[str, object]) -> Judged:
        stop.set()
        return judge(index, element)

    bench.table.judge = judge_and_stop
    bench.run_once(stop)
    assert bench.table.stored == ["A"]
    assert bench.spool.state().entries == 1


def test_a_body_is_read_in_the_units_that_its_key_has_now(bench: Bench) -> None:
    bench.table.keys[OWN] = ApiKey(KEY_ID, None, flat_units={"flow_rate": "m3/s"})
    bench.spool.add(arrival(b'{"device_id": "A", "flow_rate": 0.5}', api_key_id=KEY_ID, key_hash=OWN))
    bench.run()
    [[element]] = bench.table.calls
    assert element["flow_rate"] == 1800.0
