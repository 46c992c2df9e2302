"""What Auth lets strangers do, and whether a person can sign in."""

from __future__ import annotations

from .findings import Finding
from .http import Http


def check_sign_up(anon: Http) -> Finding:
    """Whether accounts are made by administrators only."""
    answer = anon.get("/auth/v1/settings")
    if answer.status != 200 or not isinstance(answer.body, dict):
        return Finding("sign-up", "fail", f"Auth answers {answer.status}", "see the findings above, then its logs")
    mend = "`supabase config push`, or Authentication > Sign In / Providers > User Signups"
    if answer.body.get("disable_signup") is not True:
        return Finding("sign-up", "fail", "anybody can make an account", mend)
    external = answer.body.get("external") or {}
    if external.get("anonymous_users"):
        return Finding("sign-up", "fail", "anonymous sign-in is on", mend)
    others = sorted(name for name, is_on in external.items() if is_on and name not in {"email", "anonymous_users"})
    if others:
        return Finding("sign-up", "warn", f"is off, but these ways in are on: {', '.join(others)}", mend)
    return Finding("sign-up", "ok", "is off")


def sign_in(anon: Http, email: str, password: str) -> tuple[Finding, str]:
    """Whether the person can sign in, and sees themselves; their token, "" without."""
    name = "person"
    answer = anon.send("POST", "/auth/v1/token?grant_type=password", json={"email": email, "password": password})
    token = answer.body.get("access_token") if isinstance(answer.body, dict) else None
    if answer.status != 200 or not isinstance(token, str):
        code = answer.body.get("error_code") if isinstance(answer.body, dict) else None
        mend = "is the e-mail provider on (Authentication > Sign In / Providers)? create-admin --reset-password"
        return Finding(name, "fail", f"cannot sign in: {code or answer.status}", mend), ""
    person = Http(anon.base, anon.key, token, anon.client)
    seen = person.get("/rest/v1/dashboard_summary?limit=1")
    if seen.status != 200:
        return Finding(name, "fail", f"signs in, but reads nothing: {seen.status} {seen.code}".strip(), ""), token
    return Finding(name, "ok", "signs in and reads"), token
