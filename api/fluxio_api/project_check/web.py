"""The API and the page, as gateways and browsers find them."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..browsers import content_security_policy
from .findings import Finding
from .http import Answer, Http, NoAnswerError
from .keys import claims_of, is_loopback

_HEADERS = {
    "x-content-type-options": {"nosniff"},
    "referrer-policy": {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"},
}
_POLICY_MEND = "send the headers of docs/hosted.md, Page"


def check_api(api: Http) -> list[Finding]:
    """Whether the API lives and is ready, over TLS."""
    name = "API"
    try:
        alive, ready = api.get("/healthz"), api.get("/readyz")
    except NoAnswerError as reason:
        return [Finding(name, "fail", str(reason), "is it up, and the address right?")]
    if alive.status != 200 or not isinstance(alive.body, dict) or alive.body.get("status") != "ok":
        return [Finding(name, "fail", f"/healthz answers {alive.status}", "is this the API's address?")]
    found = []
    if urlsplit(api.base).scheme != "https" and not is_loopback(api.base):
        found.append(Finding(name, "warn", "reached without TLS: keys cross the network", "put a proxy before it"))
    checks = ready.body.get("checks") if isinstance(ready.body, dict) else None
    if ready.status != 200:
        faults = [f"{part} {said}" for part, said in (checks or {}).items() if said != "ok"]
        said = f"is not ready: {', '.join(faults) or ready.status}"
        return [*found, Finding(name, "fail", said, "see its log")]
    return [*found, Finding(name, "ok", "lives and is ready")]


def check_cors(api: Http, page_url: str) -> Finding:
    """Whether the page may call the API."""
    parts, target = urlsplit(page_url), urlsplit(api.base)
    origin = f"{parts.scheme}://{parts.netloc}"
    if (parts.scheme, parts.netloc) == (target.scheme, target.netloc):
        return Finding("CORS", "ok", "not needed: page and API have one origin")
    asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    asked["Access-Control-Request-Headers"] = "authorization"
    try:
        answer = api.send("OPTIONS", "/api/devices", headers=asked)
    except NoAnswerError as reason:
        return Finding("CORS", "fail", str(reason), "see the finding about the API")
    if answer.headers.get("access-control-allow-origin") != origin:
        return Finding("CORS", "fail", "the API does not let the page in", f"CORS_ORIGINS={origin} for the API")
    return Finding("CORS", "ok", "the API lets the page in")


def check_page(page: Http, supabase_url: str, anon_key: str, api_url: str | None) -> list[Finding]:
    """Whether the page is there, with its policy, and its config.json leads to this project and API."""
    try:
        index, config = page.get("/"), page.get("/config.json")
    except NoAnswerError as reason:
        return [Finding("page", "fail", str(reason), "is SITE_URL right, and the host up?")]
    if index.status != 200:
        return [Finding("page", "fail", f"answers {index.status}", "put the files of dist/page there")]
    is_elsewhere = api_url is not None and urlsplit(api_url)[:2] != urlsplit(page.base)[:2]
    wanted = content_security_policy(supabase_url, api_url if is_elsewhere else None)
    # Beside the page the API needs no address, and may have it.
    apis = {api_url} if is_elsewhere else {"", api_url}
    return [
        _policy(index, wanted, own=page.base),
        _headers(index, page.base),
        _config(config, supabase_url, anon_key, apis),
    ]


def _policy(index: Answer, wanted: str, *, own: str) -> Finding:
    name = "page policy"
    if "content-security-policy" not in index.headers:
        return Finding(name, "fail", "there is no Content-Security-Policy", _POLICY_MEND)
    # Two headers reach us as one with a comma, and a browser keeps to both.
    sent, expected = _directives(index.headers["content-security-policy"].split(",")[0]), _directives(wanted)
    lacking = [name for name in expected if name not in sent]
    if lacking:
        return Finding(name, "fail", f"lacks {', '.join(lacking)}", _POLICY_MEND)
    narrow = sorted({source for directive in expected for source in expected[directive] - sent[directive]} - {"'none'"})
    if narrow:
        return Finding(name, "fail", f"does not let the page reach {', '.join(narrow)}", _POLICY_MEND)
    wide = sorted(name for name in expected if sent[name] - expected[name] - {own})
    if wide:
        return Finding(name, "warn", f"allows more than the page needs: {', '.join(wide)}", _POLICY_MEND)
    return Finding(name, "ok", "as strict as it should be")


def _directives(policy: str) -> dict[str, set[str]]:
    parts = (part.split() for part in policy.split(";"))
    return {words[0].lower(): set(words[1:]) for words in parts if words}


def _headers(index: Answer, base: str) -> Finding:
    wrong = [name for name, good in _HEADERS.items() if index.headers.get(name, "").lower() not in good]
    if wrong:
        return Finding("page headers", "fail", f"missing: {', '.join(wrong)}", _POLICY_MEND)
    if urlsplit(base).scheme != "https" and not is_loopback(base):
        return Finding("page headers", "fail", "the page comes without TLS", "serve it by https")
    if urlsplit(base).scheme == "https" and "strict-transport-security" not in index.headers:
        return Finding("page headers", "warn", "there is no Strict-Transport-Security", _POLICY_MEND)
    return Finding("page headers", "ok", "as they should be")


def _config(config: Answer, supabase_url: str, anon_key: str, apis: set[str | None]) -> Finding:
    name, mend = "page config.json", "write it as docs/hosted.md, Page, says"
    if config.status != 200 or not isinstance(config.body, dict):
        return Finding(name, "fail", f"answers {config.status}, or no JSON object", mend)
    key = str(config.body.get("supabase_anon_key"))
    if claims_of(key)[0] == "service_role":
        return Finding(name, "fail", "GIVES THE SERVICE KEY TO ANYBODY", "revoke that key now, then write another")
    if config.body.get("supabase_url") != supabase_url:
        return Finding(name, "fail", "leads to another Supabase", mend)
    if key != anon_key:
        return Finding(name, "fail", "holds another key than SUPABASE_ANON_KEY", mend)
    if str(config.body.get("api_url") or "").rstrip("/") not in apis:
        return Finding(name, "fail", "leads to another API", mend)
    return Finding(name, "ok", "leads to this project")
