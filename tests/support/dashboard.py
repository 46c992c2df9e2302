"""The page as a person uses it: by roles and names, never by classes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, expect

#: Longest wait for something that has to appear [ms].
PATIENCE_MS = 60_000


class Dashboard:
    """One browser window on the page. `errors` collects what the console and the page complain about."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.errors: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(url)

    def sign_in(self, email: str, password: str) -> None:
        """Sign in and wait until the page is live."""
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.expect_live()

    def expect_live(self) -> None:
        """The page says that it is live."""
        expect(self.page.get_by_role("status")).to_contain_text("Live", timeout=PATIENCE_MS)

    def expect_lost(self) -> None:
        """The page says that its values may be old."""
        expect(self.page.get_by_role("status")).to_contain_text("Connection lost", timeout=PATIENCE_MS)

    def row(self, device_id: str) -> Locator:
        """A device's row."""
        return self.page.get_by_role("row").filter(has_text=device_id)

    def alerts(self) -> Locator:
        """The open alerts."""
        return self.page.get_by_role("region", name="Open alerts").get_by_role("listitem")


@contextmanager
def open_dashboard(chromium: Browser, url: str) -> Iterator[Dashboard]:
    """A window of its own, with its own storage."""
    context = chromium.new_context(locale="en-GB", timezone_id="Europe/Berlin")
    try:
        yield Dashboard(context.new_page(), url)
    finally:
        context.close()
