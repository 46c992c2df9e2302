"""From a POST's start to the changed text on the page, in Chromium."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time

from playwright.sync_api import sync_playwright

from fluxio_local.stack import Stack
from support.dashboard import open_dashboard
from support.needs import CHROMIUM_NAMES

from .people import person
from .plant import DEFAULT_ORGANIZATION, Feed, Gateway, Row
from .ways import Open

#: How long the last values may take to be shown [s].
_GRACE_S = 3.0

#: Notes when which text came to stand in a row's flow.
_WATCH = """
() => {
  globalThis.seenFlows = [];
  const note = (node) => {
    const cell = node.nodeType === 1 ? node : node.parentElement;
    const flow = cell?.closest("tr[data-device] td[data-column=flow_rate]");
    if (flow) globalThis.seenFlows.push([performance.timeOrigin + performance.now(), flow.textContent]);
  };
  new MutationObserver((changes) => changes.forEach((change) => note(change.target)))
    .observe(document.body, { subtree: true, childList: true, characterData: true });
}
"""


class _Numbered(Feed):
    """Readings whose flow no other has, and can be told apart on the page, which shows one decimal."""

    number = 0

    def rows(self, count: int) -> list[Row]:
        made = []
        for device, at, _, total in super().rows(count):
            self.number += 1
            made.append((device, at, 10 + self.number / 10, total))
        return made


def page_latencies(
    stack: Stack, api_url: str, way: Open, gateway: Gateway, *, posts_per_s: float, seconds: float
) -> tuple[list[float], int] | None:
    """How long each value took to be on the page [s], and how many never were; None without Chromium."""
    executable = next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
    if executable is None:
        return None
    email, password = person(stack, DEFAULT_ORGANIZATION, 0)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        with open_dashboard(chromium, api_url) as dashboard:
            dashboard.sign_in(email, password)
            dashboard.page.evaluate(_WATCH)
            posted: dict[str, float] = {}
            sending = threading.Thread(
                target=lambda: asyncio.run(_send(way, gateway, posts_per_s, seconds, posted)), name="page posts"
            )
            sending.start()
            # Playwright's own loop must run, or the page's console fills its pipe.
            while sending.is_alive():
                dashboard.page.wait_for_timeout(200)
            dashboard.page.wait_for_timeout(_GRACE_S * 1000)
            seen: dict[str, float] = {}
            for at_ms, text in dashboard.page.evaluate("globalThis.seenFlows"):
                seen.setdefault(str(text).partition("\u00a0")[0], float(at_ms) / 1000)
        chromium.close()
    return [seen[text] - at for text, at in posted.items() if text in seen], len(posted.keys() - seen.keys())


async def _send(way: Open, gateway: Gateway, posts_per_s: float, seconds: float, posted: dict[str, float]) -> None:
    """One reading a POST, evenly; a POST does not wait for the last one's answer longer than it must."""
    feed = _Numbered(gateway.devices)
    async with way(gateway) as send:
        began = time.monotonic()
        for number in range(round(posts_per_s * seconds)):
            await asyncio.sleep(max(began + number / posts_per_s - time.monotonic(), 0))
            rows = feed.rows(1)
            posted[f"{rows[0][2]:.1f}"] = time.time()
            await send(rows)
