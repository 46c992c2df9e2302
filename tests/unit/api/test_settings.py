from __future__ import annotations

import pytest

from fluxio_api.settings import SettingsError, from_environment

COMPLETE = {
    "SUPABASE_URL": "http://127.0.0.1:54321/",
    "SUPABASE_ANON_KEY": "sb_publishable_x",
    "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_x",
}


RANDOM = "0f4d8a1be26c93757cc1" * 2


def use(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name in (*COMPLETE, "API_SECRET_KEY", "SITE_URL", "CORS_ORIGINS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**COMPLETE, **variables}.items():
        monkeypatch.setenv(name, value)


def test_three_variables_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, API_SECRET_KEY="", CORS_ORIGINS="")
    settings = from_environment()
    assert settings.supabase_url == "http://127.0.0.1:54321"
    assert settings.api_secret_key is None
    assert settings.cors_origins == ()


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("value", ["", None])
def test_a_missing_variable_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str | None) -> None:
    use(monkeypatch)
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        from_environment()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_SECRET_KEY", "short-secret"),
        ("API_SECRET_KEY", "x" * 31),
        ("API_SECRET_KEY", "x" * 257),
        ("API_SECRET_KEY", "with blanks " * 4),
        ("API_SECRET_KEY", "ä" * 40),
        ("SUPABASE_URL", "your-project.supabase.co"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://a.example,https://*.b.example"),
        ("CORS_ORIGINS", "https://a.example/page"),
        ("FLUXIO_KEY_CACHE_S", "31"),
        ("FLUXIO_INGEST_RATE_LIMIT", "many"),
        ("FLUXIO_UNKNOWN_KEY_LIMIT", "many"),
        ("FLUXIO_RATE_LIMIT_STORAGE", "memcached://cache.test"),
        ("FLUXIO_ANSWER_CACHE_S", "31"),
        ("FLUXIO_ANSWER_CACHE_STORAGE", "memcached://cache.test"),
        ("FLUXIO_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("FLUXIO_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("FLUXIO_TRUSTED_PROXIES", "10.0.0.1,::/0"),
        ("FLUXIO_TRUSTED_PROXIES", "proxy.test"),
        ("FLUXIO_ARCHIVE_URL", "/srv/archive"),
        ("FLUXIO_ARCHIVE_URL", "file://srv/archive"),
        ("FLUXIO_ARCHIVE_URL", "https://bucket/prefix"),
        ("FLUXIO_ARCHIVE_URL", "s3://"),
        ("FLUXIO_ARCHIVE_URL", "s3://key:secret@bucket"),
        ("FLUXIO_ARCHIVE_URL", "s3://bucket?secret_key=secret"),
        ("FLUXIO_METRICS_TOKEN", "short"),
        ("FLUXIO_LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_value_stops_the_start_and_is_not_told(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    use(monkeypatch, **{name: value})
    with pytest.raises(SettingsError) as refused:
        from_environment()
    if "KEY" in name and name.endswith("KEY"):
        assert value not in str(refused.value)


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, API_SECRET_KEY=RANDOM)
    shown = repr(from_environment())
    assert RANDOM not in shown
    assert "sb_secret_x" not in shown


def test_a_storage_may_hold_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FLUXIO_RATE_LIMIT_STORAGE="redis://:open-sesame@cache.test/0", FLUXIO_METRICS_TOKEN=RANDOM)
    shown = repr(from_environment())
    assert "open-sesame" not in shown
    assert RANDOM not in shown


def test_proxies_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FLUXIO_TRUSTED_PROXIES="10.0.0.0/8, 127.0.0.1,2001:db8::/32")
    assert list(map(str, from_environment().trusted_proxies)) == ["10.0.0.0/8", "127.0.0.1/32", "2001:db8::/32"]


def test_origins_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, CORS_ORIGINS="https://a.example, http://127.0.0.1:8080")
    assert from_environment().cors_origins == ("https://a.example", "http://127.0.0.1:8080")
