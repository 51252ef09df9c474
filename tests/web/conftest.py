"""A real Chromium and a real server; both are needed, so their absence is a failure."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from common.settings import BusSettings, StoreSettings
from tests.chromium import launched
from tests.eventually import PATIENCE
from tests.servers import Mosquitto, Weed
from tests.web.feed import PAGE
from tests.web.hub import Hub
from tests.web.service import Worker, service
from tests.web.site import Site

expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    assert (PAGE / "index.html").is_file(), "the page is not built: run `make web`"
    with sync_playwright() as playwright, launched(playwright) as chromium:
        _keep_services_running(chromium)
        yield chromium


def _keep_services_running(chromium: Browser) -> None:
    """Its services start when first used and may end when idle: either in a test looks like a leak."""
    page = chromium.new_page()
    page.route("**/*", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto("http://localhost/")
    page.evaluate("localStorage.setItem('kept', '1')")
    chromium.start_tracing(page=page)
    chromium.stop_tracing()


@pytest.fixture(scope="package")
def _hub() -> Iterator[Hub]:
    hub = Hub()
    hub.start()
    yield hub
    hub.kill()


@pytest.fixture
def hub(_hub: Hub) -> Hub:
    """Without devices."""
    _hub.forget()
    return _hub


@contextmanager
def open_page(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    """An empty page of 1440 x 900 on the hub; script errors and breaches of its policy fail."""
    usual: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "service_workers": "block"}
    context = browser.new_context(base_url=url, **usual | options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    try:
        yield page
    finally:
        context.close()
    assert complaints == []


@pytest.fixture
def page(browser: Browser, hub: Hub) -> Iterator[Page]:
    with open_page(browser, hub.url) as page:
        yield page


@pytest.fixture
def worker(mosquitto: Mosquitto, weed: Weed, prefix: str, bucket: str) -> Iterator[Worker]:
    worker = Worker(mosquitto.settings(prefix=prefix), weed.settings(bucket=bucket))
    worker.start()
    yield worker
    worker.stop()


@contextmanager
def served(bus: BusSettings, store: StoreSettings, *, auth: bool) -> Iterator[Site]:
    """The real service; the store has its bucket."""
    site = service(bus, store, auth=auth)
    try:
        site.start()
        yield site
    finally:
        site.kill()


@pytest.fixture
def engage(
    request: pytest.FixtureRequest,
    mosquitto: Mosquitto,
    weed: Weed,
    prefix: str,
    bucket: str,
    worker: Worker,  # noqa: ARG001 -- it makes the bucket
) -> Iterator[Site]:
    """Nobody has to sign in, unless the test's module says `AUTH = True`."""
    auth = getattr(request.module, "AUTH", False)
    with served(mosquitto.settings(prefix=prefix), weed.settings(bucket=bucket), auth=auth) as site:
        yield site
