"""A page that calls what the original people-counter's page calls, with its client, in a real browser."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, sync_playwright

from common.settings import BusSettings, StoreSettings
from tests.chromium import launched
from tests.engage.service import Engage, Worker, settled
from tests.eventually import eventually

CLIENT = Path(__file__).parents[2] / "web" / "node_modules" / "socket.io-client-2" / "dist" / "socket.io.js"
PAGE = """<!doctype html><script src="socket.io.js"></script><body><script>
const heard = {connects: 0, pongs: 0, updates: 0};
function show(result) {
  const image = document.getElementById(result.deviceID) || document.createElement("img");
  image.id = result.deviceID;
  image.src = result.displayPath;
  const count = result.analysisMetadata.results.count;
  image.alt = count + " at " + new Date(result.creationTimestamp * 1000).toJSON();
  document.body.append(image);
}
const socket = io.connect(location.origin + "/test");
socket.on("connect", () => heard.connects++);
socket.on("pong", () => heard.pongs++);
socket.on("devicesupdates", result => { heard.updates++; show(result); });
fetch("/api/v1.0/devices").then(answer => answer.json()).then(all => Object.values(all).forEach(show));
</script>"""


@pytest.fixture
def engage(tmp_path: Path, bus: BusSettings, store: StoreSettings) -> Iterator[Engage]:
    with Engage(tmp_path, bus, store, COMPAT__PEOPLE_COUNTER="true") as engage:
        settled(engage)
        yield engage


@pytest.fixture
def page() -> Iterator[Page]:
    """At the address of the service, as behind one proxy with it."""
    assert CLIENT.is_file(), "no Socket.IO client: run `npm ci` in web"
    with sync_playwright() as playwright, launched(playwright) as browser:
        page = browser.new_page()
        page.route("**/people-counter.html", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
        page.route("**/socket.io.js", lambda route: route.fulfill(path=CLIENT))
        yield page


def shown(page: Page) -> dict[str, Any]:
    """By device: count, and width of the picture, 0 where it was not to be had."""
    return dict(
        page.evaluate(
            """() => Object.fromEntries([...document.images].filter(image => image.complete).map(
                 image => [image.id, [image.alt.split(" at ")[0], image.naturalWidth]]))"""
        )
    )


def count(page: Page, what: str) -> int:
    return int(page.evaluate(f"heard.{what}"))


def picture(width: int) -> bytes:
    return bytes(cv2.imencode(".jpg", np.zeros((8, width, 3), np.uint8))[1])


def see(worker: Worker, device: str, number: int, people: int, width: int) -> list[Any]:
    """A result of now; the answer is how it is to be shown."""
    now = time.time()
    worker.result(device, number, now, count=people, picture=picture(width))
    return [str(people), width]


def test_the_original_page_with_its_own_client(worker: Worker, engage: Engage, page: Page) -> None:
    def expect(seen: dict[str, list[Any]]) -> None:
        eventually(lambda: shown(page) == seen, failure=lambda: (seen, shown(page)))

    seen = {"one": see(worker, "one", 1, 3, 16), "two": see(worker, "two", 1, 4, 24)}
    eventually(lambda: len(engage.devices()) == 2)
    page.goto(f"{engage.url}/people-counter.html")
    expect(seen)
    eventually(lambda: count(page, "connects") == 1)
    assert count(page, "updates") == 0, "what was before comes over REST"

    expect(seen := seen | {"one": see(worker, "one", 2, 7, 32)})
    expect(seen := seen | {"three": see(worker, "three", 1, 5, 40)})
    assert count(page, "updates") == 2
    eventually(lambda: count(page, "pongs"))

    engage.kill()
    engage.start()
    settled(engage)
    eventually(lambda: count(page, "connects") == 2)
    expect(seen | {"two": see(worker, "two", 2, 9, 48)})
