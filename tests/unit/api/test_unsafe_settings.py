"""A server that is not safe does not start, and says why without telling a key."""

from __future__ import annotations

import jwt
import pytest

from fluxio_api.settings import SettingsError, from_environment

HOSTED = "https://abcdefghijklmnopqrst.supabase.co"
START_SECRET = "super-secret-jwt-token-with-at-least-32-characters-long"
GUIDE_SECRET = f"your-{START_SECRET}"
OWN_SECRET = "nobody-else-knows-this-one-0f4d8a1be26c93757cc1"
SHIPPED = "every `supabase start` has"
PLAIN = "must be https"
WRONG_PLACE = "must not be the service role's key"
GUESSABLE = "can be guessed"


def key(role: str, secret: str = OWN_SECRET) -> str:
    return jwt.encode({"iss": "supabase", "role": role, "exp": 4102444800}, secret)


def start(monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    """Read the settings of a hosted project with `changes`."""
    usual = {
        "SUPABASE_URL": HOSTED,
        "SUPABASE_ANON_KEY": key("anon"),
        "SUPABASE_SERVICE_ROLE_KEY": key("service_role"),
        "API_SECRET_KEY": "",
        "CORS_ORIGINS": "",
    }
    for name, value in {**usual, **changes}.items():
        monkeypatch.setenv(name, value)
    from_environment()


def refusal(monkeypatch: pytest.MonkeyPatch, **changes: str) -> str:
    with pytest.raises(SettingsError) as refused:
        start(monkeypatch, **changes)
    message = str(refused.value)
    for name, value in changes.items():
        if name.endswith("KEY"):
            assert value not in message
    return message


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"SUPABASE_ANON_KEY": "sb_publishable_x", "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_x"},
        {"SUPABASE_URL": "http://192.168.1.20:8000"},
        {"SUPABASE_URL": "http://[fd00::1]:8000"},
        {"SUPABASE_URL": "http://kong:8000"},
        {"SUPABASE_URL": "https://db.waterworks.example", "FLUXIO_PUBLIC_SUPABASE_URL": "http://127.0.0.1:54321"},
        {"CORS_ORIGINS": "https://flow.example,http://127.0.0.1:8080"},
        {"API_SECRET_KEY": "0f4d8a1be26c93757cc10f4d8a1be26c"},
    ],
)
def test_a_safe_server_starts(monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]) -> None:
    start(monkeypatch, **changes)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:54321", "http://localhost:54321", "http://host.docker.internal:54321"]
)
@pytest.mark.parametrize(
    ("anon", "service_role"),
    [
        (key("anon", START_SECRET), key("service_role", START_SECRET)),
        ("sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH", "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"),
    ],
)
def test_published_keys_are_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, url: str, anon: str, service_role: str
) -> None:
    keys = {"SUPABASE_ANON_KEY": anon, "SUPABASE_SERVICE_ROLE_KEY": service_role}
    start(monkeypatch, SUPABASE_URL=url, **keys)
    for elsewhere in (HOSTED, "http://192.168.1.20:54321", "https://localhost.example", "https://127.0.0.1.example"):
        assert SHIPPED in refusal(monkeypatch, SUPABASE_URL=elsewhere, **keys)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SUPABASE_SERVICE_ROLE_KEY": key("service_role", GUIDE_SECRET)}, SHIPPED),
        ({"SUPABASE_ANON_KEY": key("anon", GUIDE_SECRET)}, SHIPPED),
        ({"SUPABASE_URL": "https://your-project.supabase.co"}, "still that of .env.example"),
        ({"SUPABASE_URL": HOSTED.replace("https", "http")}, PLAIN),
        ({"SUPABASE_URL": "http://8.8.8.8:8000"}, PLAIN),
        ({"FLUXIO_PUBLIC_SUPABASE_URL": "http://db.waterworks.example"}, PLAIN),
        ({"FLUXIO_PUBLIC_API_URL": "http://api.waterworks.example"}, PLAIN),
        ({"CORS_ORIGINS": "https://flow.example,http://flow.example"}, PLAIN.replace("must", "each must")),
        ({"CORS_ORIGINS": "*"}, "* is not allowed"),
        ({"CORS_ORIGINS": "null"}, "must be scheme://host"),
        ({"SUPABASE_ANON_KEY": key("service_role")}, WRONG_PLACE),
        ({"SUPABASE_ANON_KEY": "sb_secret_x"}, WRONG_PLACE),
        ({"SUPABASE_SERVICE_ROLE_KEY": key("anon")}, "is not the service role's key"),
        ({"SUPABASE_SERVICE_ROLE_KEY": "sb_publishable_x"}, "is not the service role's key"),
        ({"API_SECRET_KEY": "0f4d8a1be26c"}, "must have 32 to 256 characters"),
        ({"API_SECRET_KEY": "0123456" * 6}, GUESSABLE),
        ({"API_SECRET_KEY": "Change-Me-0f4d8a1be26c93757cc10f4d8a"}, GUESSABLE),
        ({"API_SECRET_KEY": "your_api_secret_key_of_32_characters"}, GUESSABLE),
        ({"FLUXIO_METRICS_TOKEN": "x" * 40}, GUESSABLE),
    ],
)
def test_an_unsafe_server_does_not_start(monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], reason: str) -> None:
    assert reason in refusal(monkeypatch, **changes)
