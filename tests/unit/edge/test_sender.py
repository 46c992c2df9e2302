"""The sender's decisions, each seen through what is left in a real spool."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from fluxio_edge.clock import GatewayClock, Sources
from fluxio_edge.config import Environment, load_agent
from fluxio_edge.forward_settings import ClockSettings, HeartbeatSettings
from fluxio_edge.heartbeat import Heartbeat
from fluxio_edge.quarantine import Choice, resend
from fluxio_edge.reading import Reading
from fluxio_edge.sender import Sender
from fluxio_edge.spool import Refused, Spool

#: A clock that is never in doubt.
TRUSTED = GatewayClock(ClockSettings(trust="always"))

Handler = Callable[[httpx.Request], httpx.Response]


class Api:
    """Stands in for the network: answers with `handler`, and remembers what was sent."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.handler(request)

    @property
    def batches(self) -> list[list[int]]:
        return [[each["n"] for each in json.loads(request.content)] for request in self.requests]


def accept(request: httpx.Request) -> httpx.Response:
    readings = json.loads(request.content)
    return httpx.Response(200, json={"results": [{"index": i, "verdict": "new"} for i in range(len(readings))]})


class Bench:
    """A sender over a spool with readings 0..n-1, with the API to be given."""

    def __init__(self, folder: Path, spool: Spool) -> None:
        self.spool = spool
        self.folder = folder
        self.key_file = folder / "key"
        self.key_file.write_text("flx_one")
        config = folder / "agent.toml"
        config.write_text(
            f'[api]\nurl = "http://api.example"\nkey_file = "{self.key_file}"\n'
            "[sending]\nbatch = 8\ncatch_up_share = 1.0\ncatch_up_pause_s = 0\n"
            '[[meters]]\ndevice_id = "M1"\nunit = 1\nprofile = "nivus_750"\n'
        )
        self.setup = load_agent(config, Environment(api_url=None, api_key=None, api_key_file=None))

    def fill(self, count: int) -> None:
        for number in range(count):
            self.spool.add(Reading("M1" if number % 2 else "M2", str(number), json.dumps({"n": number})))

    def left(self) -> list[int]:
        return [json.loads(each.reading.body)["n"] for each in self.spool.oldest(1000)]

    def send(
        self, api: Api, times: int = 1, *, clock: GatewayClock = TRUSTED, heartbeat: Heartbeat | None = None
    ) -> list[float | None]:
        """The waits that the sender asked for after each of `times` attempts."""

        async def attempts() -> list[float | None]:
            async with httpx.AsyncClient(transport=httpx.MockTransport(api)) as client:
                sender = Sender(self.setup, self.spool, client, clock, heartbeat)
                return [await sender.send_once() for _ in range(times)]

        return asyncio.run(attempts())


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    for name in ("API_URL", "API_KEY", "API_KEY_FILE", "EDGE_DATA", "SIM_HOST", "SIM_PORT"):
        monkeypatch.delenv(f"FLUXIO_{name}", raising=False)
    with Spool(tmp_path / "spool.sqlite3") as spool:
        yield Bench(tmp_path, spool)


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name.startswith("fluxio_edge")]


def test_readings_go_out_oldest_first_in_batches_with_the_key(bench: Bench) -> None:
    bench.fill(10)
    api = Api(accept)
    assert bench.send(api, 2) == [0.0, 0.0]
    assert api.batches == [list(range(8)), [8, 9]]
    assert bench.left() == []
    assert str(api.requests[0].url) == "http://api.example/api/ingest"
    assert api.requests[0].headers["x-api-key"] == "flx_one"


def test_only_what_has_a_verdict_leaves(bench: Bench) -> None:
    bench.fill(4)
    results = [{"index": 0, "verdict": "new"}, {"index": 2, "verdict": "rejected", "code": "unknown_device"}]
    bench.send(Api(lambda _: httpx.Response(200, json={"results": results})))
    assert bench.left() == [1, 3]
    assert bench.spool.counts().quarantined == 1


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("refused"), httpx.ReadTimeout(""), httpx.ConnectTimeout(""), httpx.RemoteProtocolError("cut")],
)
def test_without_an_answer_everything_stays_and_waits_grow(
    bench: Bench, caplog: pytest.LogCaptureFixture, error: httpx.HTTPError
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    bench.fill(3)
    waits = bench.send(Api(fail), 4)
    assert all(low <= (wait or 0) <= 2 * low for wait, low in zip(waits, (0.5, 1, 2, 4), strict=True))
    assert bench.left() == [0, 1, 2]
    assert len(messages(caplog)) == 1, "said once"


def test_a_connection_that_was_closed_meanwhile_is_no_outage(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def first_time_cut(request: httpx.Request) -> httpx.Response:
        if len(api.requests) == 1:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return accept(request)

    bench.fill(2)
    api = Api(first_time_cut)
    assert bench.send(api) == [0.0]
    assert (bench.left(), messages(caplog)) == ([], [])


def test_busy_waits_as_long_as_it_is_told(bench: Bench) -> None:
    bench.fill(1)
    for status in (429, 503):
        (wait,) = bench.send(Api(lambda _, s=status: httpx.Response(s, headers={"retry-after": "40"})))  # type: ignore[misc]
        assert wait is not None
        assert 40 <= wait < 41
    assert bench.left() == [0]


def test_an_answer_that_is_not_the_apis_deletes_nothing(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.fill(2)
    waits = bench.send(Api(lambda _: httpx.Response(200, html="<p>Log in</p>")), 2)
    assert all(wait for wait in waits)
    assert bench.left() == [0, 1]
    assert "is this the API's address?" in messages(caplog)[0]


def test_a_refused_key_pauses_sending_and_is_said_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.fill(2)
    for status in (401, 403):
        assert bench.send(Api(lambda _, s=status: httpx.Response(s)), 3) == [None] * 3  # type: ignore[misc]
    assert bench.left() == [0, 1]
    assert len(messages(caplog)) == 2, "once for each sender"


def test_a_key_is_read_anew_for_each_attempt(bench: Bench) -> None:
    def only_two(request: httpx.Request) -> httpx.Response:
        if request.headers["x-api-key"] == "flx_two":
            return accept(request)
        bench.key_file.write_text("flx_two")
        return httpx.Response(401)

    bench.fill(2)
    assert bench.send(Api(only_two), 2) == [None, 0.0]
    assert bench.left() == []


def test_without_a_key_nothing_is_sent_and_nothing_lost(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.fill(2)
    bench.key_file.unlink()
    api = Api(accept)
    assert bench.send(api, 2) == [None, None]
    assert (api.requests, bench.left()) == ([], [0, 1])
    assert len(messages(caplog)) == 1


def poisoned(status: int, number: int) -> Handler:
    """Refuses any body that holds reading `number`."""

    def handle(request: httpx.Request) -> httpx.Response:
        if number in [each["n"] for each in json.loads(request.content)]:
            return httpx.Response(status, json={"code": "poison"})
        return accept(request)

    return handle


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("number", [0, 5, 7, 11])
def test_the_one_reading_that_spoils_a_batch_is_found_and_set_aside(bench: Bench, status: int, number: int) -> None:
    bench.fill(12)
    waits = bench.send(Api(poisoned(status, number)), 30)
    assert waits[0] == 0.0
    assert bench.left() == []
    assert (bench.spool.counts().quarantined, bench.spool.counts().waiting) == (1, 0)


def test_a_reading_that_the_api_always_fails_on_is_found_and_set_aside(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def fails_on_five_and_nine(request: httpx.Request) -> httpx.Response:
        if {5, 9} & {each["n"] for each in json.loads(request.content)}:
            return httpx.Response(500, json={"code": "internal_error"})
        return accept(request)

    bench.fill(12)
    bench.send(Api(fails_on_five_and_nine), 40)
    assert bench.left() == []
    counts = bench.spool.counts()
    assert (counts.quarantined, counts.dropped_readings) == (2, 0)
    assert any("(internal_error" in message for message in messages(caplog))


def test_an_api_that_fails_on_everything_costs_no_reading(bench: Bench) -> None:
    bench.fill(12)
    mood = [httpx.Response(500, json={"code": "internal_error"})] * 60

    def ill_for_sixty(request: httpx.Request) -> httpx.Response:
        return mood.pop() if mood else accept(request)

    waits = bench.send(Api(ill_for_sixty), 60)
    assert bench.left() == list(range(12))
    assert all(waits), "never without a wait"
    bench.send(Api(ill_for_sixty), 20)
    assert (bench.left(), bench.spool.counts().quarantined) == ([], 0)


def test_an_api_that_was_ill_condemns_nothing_when_it_is_well(bench: Bench) -> None:
    bench.fill(12)

    def ill_at_first(request: httpx.Request) -> httpx.Response:
        return accept(request) if len(api.requests) > 12 else httpx.Response(500, json={"code": "internal_error"})

    api = Api(ill_at_first)
    bench.send(api, 40)
    assert (bench.left(), bench.spool.counts().quarantined) == ([], 0)


def test_a_lone_reading_that_the_api_fails_on_is_kept_until_another_proves_it(bench: Bench) -> None:
    def fails_on_zero(request: httpx.Request) -> httpx.Response:
        if 0 in [each["n"] for each in json.loads(request.content)]:
            return httpx.Response(500, json={"code": "internal_error"})
        return accept(request)

    bench.fill(1)
    waits = bench.send(Api(fails_on_zero), 20)
    assert all(waits)
    assert (bench.left(), bench.spool.counts().quarantined) == ([0], 0)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_proxy_that_refuses_everything_costs_no_reading(bench: Bench, status: int) -> None:
    bench.fill(4)
    waits = bench.send(Api(lambda _: httpx.Response(status, html="<h1>Bad Request</h1>")), 12)
    assert (bench.left(), bench.spool.counts().quarantined) == ([0, 1, 2, 3], 0)
    assert waits[-1], "it waits"


def test_a_link_too_slow_for_a_batch_gets_a_smaller_one(bench: Bench) -> None:
    def at_most_two_in_time(request: httpx.Request) -> httpx.Response:
        if len(json.loads(request.content)) > 2:
            raise httpx.WriteTimeout("")
        return accept(request)

    bench.fill(8)
    bench.send(Api(at_most_two_in_time), 12)
    assert bench.left() == []


def test_too_large_halves_the_batch_until_it_fits(bench: Bench) -> None:
    def at_most_two(request: httpx.Request) -> httpx.Response:
        return httpx.Response(413) if len(json.loads(request.content)) > 2 else accept(request)

    bench.fill(8)
    api = Api(at_most_two)
    bench.send(api, 6)
    assert [len(batch) for batch in api.batches] == [8, 4, 2, 2, 2, 2]
    assert (bench.left(), bench.spool.counts().quarantined) == ([], 0)


def test_refusals_of_a_meter_are_said_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def refuse_m2(request: httpx.Request) -> httpx.Response:
        results: list[dict[str, object]] = [
            {"index": i, "verdict": "new"} if each["n"] % 2 else {"index": i, "verdict": "rejected", "code": "too_old"}
            for i, each in enumerate(json.loads(request.content))
        ]
        return httpx.Response(200, json={"results": results})

    bench.fill(24)
    with caplog.at_level(logging.INFO):
        bench.send(Api(refuse_m2), 3)
    assert messages(caplog) == ["readings of M2: the API refuses them (too_old); they are set aside"]
    assert bench.spool.counts().quarantined == 12


def test_recovery_is_said_with_what_waits(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def second_time(request: httpx.Request) -> httpx.Response:
        return accept(request) if len(api.requests) > 1 else httpx.Response(503)

    bench.fill(10)
    api = Api(second_time)
    with caplog.at_level(logging.INFO):
        bench.send(api, 3)
    assert messages(caplog) == [
        "link: readings are kept: HTTP 503",
        "link: readings are accepted again, 2 wait",
    ]


def test_an_answer_that_never_ends_is_given_up(bench: Bench) -> None:
    async def hang() -> float | None:
        async def never(_: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

        async with httpx.AsyncClient(transport=httpx.MockTransport(never)) as client:
            sender = Sender(self_setup, bench.spool, client, TRUSTED)
            return await sender.send_once()

    sending = bench.setup.config.sending.model_copy(update={"timeout_s": 0.05})
    self_setup = bench.setup
    self_setup.config = bench.setup.config.model_copy(update={"sending": sending})
    bench.fill(1)
    assert asyncio.run(hang())
    assert bench.left() == [0]


def doubted(synchronized: list[bool]) -> GatewayClock:
    """A clock in 1970 that is set once `synchronized` says so."""
    sources = Sources(
        wall=lambda: 1_800_000_000.0 if synchronized[0] else 60.0,
        since_boot=lambda: 50.0,
        is_synchronized=lambda: synchronized[0],
        boot_id=lambda: "boot-1",
    )
    return GatewayClock(ClockSettings(), sources)


def test_a_clock_in_doubt_is_a_reason_to_ask_the_api_for_the_time(bench: Bench) -> None:
    api = Api(lambda _: httpx.Response(200, json={}, headers={"date": "Fri, 15 Jan 2027 08:00:00 GMT"}))
    clock = doubted([False])
    assert not clock.knows_api
    assert bench.send(api, clock=clock) == [10.0], "nothing waits"
    assert [request.method for request in api.requests] == ["GET"]
    assert clock.knows_api
    bench.send(api, 3, clock=clock)
    assert len(api.requests) == 1, "once is enough"


def test_an_api_that_never_tells_the_time_is_not_asked_all_the_time(bench: Bench) -> None:
    api = Api(lambda _: httpx.Response(404))
    bench.send(api, 5, clock=doubted([False]))
    assert len(api.requests) == 1


def test_an_api_that_is_away_when_asked_for_the_time_is_away(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    waits = bench.send(Api(fail), 3, clock=doubted([False]))
    assert all(waits)
    assert messages(caplog) == [
        "clock: is not set (1970-01-01 00:01:00 UTC): readings are held back",
        "link: readings are kept: ConnectError: refused",
    ]


def test_readings_that_are_held_back_are_sent_when_the_clock_is_set(bench: Bench) -> None:
    synchronized = [False]
    clock = doubted(synchronized)
    body = {"n": 5, "device_id": "M1", "created_at": "1970-01-01T00:00:40.000Z"}
    bench.spool.add(*clock.settle(Reading("M1", "1970-01-01T00:00:40.000Z", json.dumps(body))))
    api = Api(lambda request: accept(request) if request.method == "POST" else httpx.Response(404))
    bench.send(api, 3, clock=clock)
    assert [request.method for request in api.requests] == ["GET"]
    synchronized[0] = True
    clock.look()
    assert bench.send(api, clock=clock) == [0.0]
    (sent,) = json.loads(api.requests[-1].content)
    assert sent["created_at"] == "2027-01-15T07:59:40.000Z"
    assert "flags" not in sent


def test_a_heartbeat_waits_for_a_link_that_works(bench: Bench) -> None:
    def busy_at_first(request: httpx.Request) -> httpx.Response:
        if len(api.requests) == 1:
            return httpx.Response(503)
        return accept(request) if request.content.startswith(b"[") else httpx.Response(200)

    now = [0.0]
    heartbeat = Heartbeat(HeartbeatSettings(every_s=60), lambda: {"backlog": 1}, now=lambda: now[0])
    bench.fill(2)
    api = Api(busy_at_first)

    async def attempts() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(api)) as client:
            sender = Sender(bench.setup, bench.spool, client, TRUSTED, heartbeat)
            await sender.send_once()
            now[0] = 61
            for _ in range(3):
                await sender.send_once()

    asyncio.run(attempts())
    assert [request.content[:6] for request in api.requests] == [b'[{"n":', b'[{"n":', b'{"gw":']


def test_what_another_process_puts_back_is_sent(bench: Bench) -> None:
    bench.fill(1)
    bench.spool.settle([], [Refused(1, "unknown_device")])

    async def attempts() -> float | None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(api)) as client:
            sender = Sender(bench.setup, bench.spool, client, TRUSTED)
            assert await sender.send_once() == 10.0
            with sqlite3.connect(bench.folder / "spool.sqlite3") as other:
                assert resend(other, Choice()) == 1
            other.close()
            return await sender.send_once()

    api = Api(accept)
    assert asyncio.run(attempts()) == 0.0
    assert api.batches == [[0]]
