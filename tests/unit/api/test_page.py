from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient


def test_the_page_has_a_strict_policy_and_is_asked_for_again(client: FlaskClient) -> None:
    with client.get("/") as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self' http://db.test:54321 ws://db.test:54321;" in policy
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-cache"
    with client.get("/", headers={"If-None-Match": headers["ETag"]}) as again:
        assert again.status_code == 304


def test_modules_have_a_type_that_browsers_run(client: FlaskClient) -> None:
    with client.get("/main.js") as answer:
        assert answer.mimetype == "text/javascript"


def test_the_manifest_has_the_type_and_the_right_that_browsers_ask_for(client: FlaskClient) -> None:
    with client.get("/manifest.webmanifest") as answer:
        assert answer.mimetype == "application/manifest+json"
        assert "manifest-src 'self';" in answer.headers["Content-Security-Policy"]


def test_the_page_is_told_what_it_needs_and_no_secret(make_client: Callable[..., FlaskClient]) -> None:
    answer = make_client(public_supabase_url="https://abc.supabase.co").get("/config.json")
    body = answer.get_json()
    assert body.pop("version")
    assert body == {
        "supabase_url": "https://abc.supabase.co",
        "supabase_anon_key": "sb_publishable_x",
        "online_window_s": 900,
        "api_url": "",
    }
    assert "https://abc.supabase.co wss://abc.supabase.co" in answer.headers["Content-Security-Policy"]
    assert "secret" not in answer.text


def test_the_page_may_reach_an_api_that_is_elsewhere(make_client: Callable[..., FlaskClient]) -> None:
    answer = make_client(public_api_url="https://api.example/base/").get("/config.json")
    assert answer.get_json()["api_url"] == "https://api.example/base"
    assert "ws://db.test:54321 https://api.example;" in answer.headers["Content-Security-Policy"]
