from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from fluxio_api.ingest.spool.known_keys import BELIEVED_S, KnownKeys
from fluxio_api.ingest.spool.outage import Outage
from fluxio_api.ingest.spool.spool import Spool
from fluxio_api.keyring import ApiKey
from fluxio_api.problems import Unavailable

HASH = "ab" * 32
KEY = ApiKey("6e2b6a3e-0000-4000-8000-000000000001", None)


class Database:
    """Knows keys, or is away."""

    def __init__(self, keys: dict[str, ApiKey]) -> None:
        self.keys = keys
        self.away = False
        self.asked = 0

    def find(self, key_hash: str) -> ApiKey | None:
        self.asked += 1
        if self.away:
            raise Unavailable("away")
        return self.keys.get(key_hash)


@pytest.fixture
def make(open_spool: Callable[..., Spool]) -> Callable[..., KnownKeys]:
    """The keys of a process that has just started, on the same disk each time."""

    def make(database: Database, clock: Callable[[], float] = lambda: 0.0) -> KnownKeys:
        return KnownKeys(database.find, open_spool(), Outage(), clock=clock)

    return make


def test_a_key_that_was_good_is_believed_after_a_restart(make: Callable[..., KnownKeys]) -> None:
    database = Database({HASH: KEY})
    assert make(database).find(HASH) == KEY
    database.away = True
    assert make(database).find(HASH) == KEY


def test_a_key_that_nobody_knows_is_not_called_wrong(make: Callable[..., KnownKeys]) -> None:
    database = Database({HASH: KEY})
    database.away = True
    with pytest.raises(Unavailable):
        make(database).find(HASH)


def test_while_the_database_is_away_it_is_asked_once(make: Callable[..., KnownKeys]) -> None:
    database = Database({HASH: KEY})
    keys = make(database)
    keys.find(HASH)
    database.away = True
    for _ in range(5):
        assert keys.find(HASH) == KEY
    assert database.asked == 2


def test_a_revoked_key_is_forgotten(make: Callable[..., KnownKeys]) -> None:
    database = Database({HASH: KEY})
    make(database).find(HASH)
    database.keys.clear()
    assert make(database).find(HASH) is None
    database.away = True
    with pytest.raises(Unavailable):
        make(database).find(HASH)


def test_an_expired_key_is_not_believed(make: Callable[..., KnownKeys]) -> None:
    database = Database({HASH: ApiKey("id", datetime.now(UTC) - timedelta(seconds=1))})
    make(database).find(HASH)
    database.away = True
    with pytest.raises(Unavailable):
        make(database).find(HASH)


@pytest.mark.parametrize(("age_s", "is_believed"), [(BELIEVED_S - 1, True), (BELIEVED_S + 1, False)])
def test_a_key_is_not_believed_for_ever(make: Callable[..., KnownKeys], age_s: float, is_believed: bool) -> None:
    database = Database({HASH: KEY})
    make(database).find(HASH)
    database.away = True
    keys = make(database, lambda: age_s)
    if is_believed:
        assert keys.find(HASH) == KEY
    else:
        with pytest.raises(Unavailable):
            keys.find(HASH)


def test_a_key_in_use_stays_known(make: Callable[..., KnownKeys]) -> None:
    database = Database({HASH: KEY})
    now = [0.0]
    keys = make(database, lambda: now[0])
    for _ in range(2):
        keys.find(HASH)
        now[0] += BELIEVED_S - 1
    database.away = True
    assert make(database, lambda: now[0]).find(HASH) == KEY


def test_keys_are_written_together(make: Callable[..., KnownKeys], open_spool: Callable[..., Spool]) -> None:
    hashes = [f"{number:064x}" for number in range(100)]
    database = Database(dict.fromkeys(hashes, KEY))
    now = [0.0]
    keys = make(database, lambda: now[0])
    for key_hash in hashes:
        keys.find(key_hash)
    spool = open_spool()
    assert [spool.known_key(key_hash) is not None for key_hash in hashes] == [True] + [False] * 99
    now[0] = 6.0
    keys.save()
    assert all(spool.known_key(key_hash) for key_hash in hashes)
