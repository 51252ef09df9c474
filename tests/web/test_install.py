"""What is loaded at first, what is kept, and what a new build does to an open page."""

import gzip
from collections.abc import Iterator
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Response, Route, expect

from tests.eventually import eventually
from tests.web.conftest import open_page
from tests.web.feed import PAGE
from tests.web.hub import Hub, device
from tests.web.parts import number

MOST = 150_000
"""Bytes of script, compressed, until the first numbers are seen."""


@pytest.fixture
def installed(browser: Browser, hub: Hub) -> Iterator[Page]:
    """Of a browser that lets the page keep its shell."""
    with open_page(browser, hub.url, service_workers="allow") as page:
        page.goto("/")
        eventually(lambda: page.evaluate("navigator.serviceWorker.controller !== null"))
        page.reload()
        yield page


@pytest.fixture
def own() -> Iterator[Hub]:
    """One that the test may kill."""
    hub = Hub()
    hub.start()
    yield hub
    hub.kill()


def test_first_load_is_small_and_the_chart_comes_with_the_first_device(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3))
    scripts: list[str] = []

    def note(request: Request) -> None:
        if request.resource_type == "script":
            scripts.append(request.url.rsplit("/", 1)[-1])

    page.on("request", note)
    page.goto("/")
    expect(number(page, "cam-1")).to_have_text("3")
    names = [name for name in scripts if name.endswith(".js") and (PAGE / "assets" / name).is_file()]
    assert names
    assert sum(len(gzip.compress((PAGE / "assets" / name).read_bytes())) for name in names) < MOST
    assert not any(name.startswith("plot") for name in scripts)
    page.goto("/#/device/cam-1")
    expect(page.locator(".plot canvas")).to_be_visible()
    assert any(name.startswith("plot") for name in scripts)


def test_shell_opens_without_the_server_and_says_so(installed: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3))
    expect(number(installed, "cam-1")).to_have_text("3")
    installed.context.set_offline(True)
    installed.reload()
    expect(installed.locator(".waiting")).to_contain_text("cannot be reached")
    expect(installed.locator(".link")).to_have_text("Reconnecting\N{HORIZONTAL ELLIPSIS}")
    installed.context.set_offline(False)
    expect(number(installed, "cam-1")).to_have_text("3")


def test_numbers_and_pictures_are_never_kept(installed: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3))
    expect(installed.locator("img.shown")).to_be_visible()
    kept = installed.evaluate("""
      async () => {
        const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
        const requests = await Promise.all(caches_.map((cache) => cache.keys()));
        return requests.flat().map((request) => new URL(request.url).pathname);
      }
    """)
    assert "/" in kept
    assert all(path == "/" or path.startswith("/assets/") for path in kept)


def test_manifest_makes_it_installable(page: Page, hub: Hub) -> None:
    page.goto("/")
    address = page.locator('link[rel="manifest"]').get_attribute("href")
    manifest = page.request.get(f"{hub.url}/{address}").json()
    assert manifest["display"] == "standalone"
    assert {icon.get("sizes") for icon in manifest["icons"]} >= {"192x192", "512x512"}
    for icon in manifest["icons"]:
        assert page.request.get(f"{hub.url}/{icon['src']}").ok


def test_page_of_an_older_build_is_loaded_anew_once(browser: Browser, own: Hub) -> None:
    newer = (PAGE / "index.html").read_text().replace("/assets/index-", "/assets/newer-")
    loads: list[str] = []
    with open_page(browser, own.url) as page:
        with _looked_for_a_newer_one(page):
            page.goto("/")
        expect(page.locator(".link")).to_have_text("Connected")
        page.on("domcontentloaded", lambda loaded: loads.append(loaded.url))
        page.route(f"{own.url}/", lambda route: _as_fetched(route, newer))
        _killed(page, own)
        with page.expect_event("domcontentloaded"):
            own.start()
        expect(page.locator(".link")).to_have_text("Connected")
        _killed(page, own)
        with _looked_for_a_newer_one(page):
            own.start()
        expect(page.locator(".link")).to_have_text("Connected")
    assert len(loads) == 1


def _looked_for_a_newer_one(page: Page) -> AbstractContextManager[object]:
    """Waits until the page has asked for itself, which it does when it is connected."""
    return page.expect_response(_is_the_page_as_fetched)


def _is_the_page_as_fetched(answer: Response) -> bool:
    return answer.request.resource_type == "fetch" and urlsplit(answer.url).path == "/"


def _killed(page: Page, hub: Hub) -> None:
    hub.kill()
    expect(page.locator(".link")).to_have_text("Reconnecting\N{HORIZONTAL ELLIPSIS}")


def _as_fetched(route: Route, text: str) -> None:
    """What the page asks for is of another build; what the browser opens is the one there is."""
    if route.request.is_navigation_request():
        route.continue_()
    else:
        route.fulfill(body=text, content_type="text/html")
