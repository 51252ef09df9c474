"""The page on the real web service, with a real broker and a real store behind it.

Its start takes long: the tests share it, and each has devices and sites of its own.
"""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.eventually import eventually
from tests.servers import Mosquitto, Weed
from tests.web.conftest import open_page, served
from tests.web.parts import number, tile
from tests.web.service import Worker
from tests.web.site import Site


@pytest.fixture(scope="module")
def prefix() -> str:
    return f"test/{uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def bucket() -> str:
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def engage(_mosquitto: Mosquitto, _weed: Weed, prefix: str, bucket: str) -> Iterator[Site]:
    bus, store = _mosquitto.start().settings(prefix=prefix), _weed.start().settings(bucket=bucket)
    Worker(bus, store).stop()  # it makes the bucket
    with served(bus, store, auth=False) as site:
        yield site


@pytest.fixture
def own(mosquitto: Mosquitto, weed: Weed, prefix: str, bucket: str) -> Iterator[Site]:
    """Another that the test may kill."""
    bus, store = mosquitto.settings(prefix=prefix), weed.settings(bucket=bucket)
    with served(bus, store, auth=False) as site:
        yield site


@pytest.fixture
def page(browser: Browser, engage: Site) -> Iterator[Page]:
    with open_page(browser, engage.url) as page:
        yield page


def wanted(engage: Site, device: str) -> dict[str, Any]:
    answer = requests.get(f"{engage.url}/api/v1/devices/{device}/settings", timeout=5)
    return dict(answer.json())


def test_what_workers_publish_is_seen_without_reload(page: Page, worker: Worker) -> None:
    page.goto("/?site=Dock")
    expect(page.get_by_role("heading", name="No cameras yet")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    for device in ("yard-1", "yard-2"):
        worker.report(device, site="Dock")
    worker.see("yard-1", 3)
    expect(number(page, "yard-1")).to_have_text("3")
    worker.see("yard-1", 5)
    worker.see("yard-2", 2)
    expect(page.locator(".sum")).to_contain_text("7 people on 2 live cameras")
    worker.see("yard-2", 2, fresh=1)
    expect(tile(page, "yard-2").locator(".lamp")).to_have_text("Stale")
    worker.report("yard-1", state="offline", site="Dock")
    expect(tile(page, "yard-1").locator(".lamp")).to_have_text("Offline")
    expect(page.locator(".sum")).to_contain_text("2 cameras not counted")
    assert page.evaluate("window.sameDocument") is True


def test_picture_of_the_store_is_shown_and_follows(page: Page, worker: Worker) -> None:
    worker.see("hall", 3)
    page.goto("/")
    shown = tile(page, "hall").locator("img.shown")
    expect(shown).to_have_attribute("src", re.compile(r"/api/v1/devices/hall/snapshot\?v="))
    assert shown.evaluate("image => image.naturalWidth") == 640
    first = shown.get_attribute("src")
    worker.see("hall", 4)
    expect(shown).not_to_have_attribute("src", str(first))
    assert shown.evaluate("image => image.naturalWidth") == 640


def test_heals_after_the_service_is_killed_and_restarted(browser: Browser, own: Site, worker: Worker) -> None:
    worker.see("gate", 3)
    with open_page(browser, own.url) as page:
        page.goto("/")
        expect(tile(page, "gate").locator(".lamp")).to_have_text("Live")
        page.evaluate("window.sameDocument = true")
        worker.see("gate", 4, fresh=3)
        expect(number(page, "gate")).to_have_text("4")
        own.kill()
        expect(page.locator(".link")).to_have_text("Reconnecting\N{HORIZONTAL ELLIPSIS}")
        expect(tile(page, "gate").locator(".lamp")).to_have_text("Stale")
        worker.see("gate", 6)
        own.start()
        expect(page.locator(".link")).to_have_text("Connected")
        expect(number(page, "gate")).to_have_text("6")
        expect(tile(page, "gate").locator(".lamp")).to_have_text("Live")
        assert page.evaluate("window.sameDocument") is True


def test_lost_broker_is_told_and_the_page_heals(page: Page, mosquitto: Mosquitto) -> None:
    page.goto("/")
    expect(page.locator(".link")).to_have_text("Connected")
    mosquitto.kill()
    expect(page.locator(".link")).to_have_text("No message broker")
    mosquitto.start()
    expect(page.locator(".link")).to_have_text("Connected")


def test_what_is_asked_of_an_agent_is_in_force_when_it_says_so(
    page: Page, engage: Site, worker: Worker
) -> None:
    worker.see("north-1", 3)
    worker.report("north-1", interval=2, agentVersion="0.2.0")
    page.goto("/#/device/north-1")
    form = page.locator(".settings")
    form.get_by_label("Name").fill("North gate")
    form.get_by_label("Site").fill("Yard")
    form.get_by_label("Seconds").fill("5")
    form.get_by_role("button", name="Save").click()
    expect(form).to_contain_text("Not in force yet; still a picture every 2 s. Asked for by local")
    eventually(lambda: wanted(engage, "north-1")["revision"] is not None)
    revision = wanted(engage, "north-1")["revision"]
    worker.report("north-1", interval=5, name="North gate", site="Yard", applied=revision)
    expect(form).to_contain_text("In force: a picture every 5 s.")
    expect(page.get_by_role("heading", name="North gate")).to_be_visible()
    expect(page.locator(".title")).to_contain_text("Yard · north-1")


def test_forgotten_device_leaves_every_page(page: Page, worker: Worker) -> None:
    worker.see("old-1", 3)
    worker.see("old-2", 4)
    page.goto("/#/device/old-1")
    page.get_by_role("button", name="Forget this camera").click()
    page.get_by_role("dialog").get_by_role("button", name="Forget").click()
    expect(tile(page, "old-2")).to_be_visible()
    expect(tile(page, "old-1")).to_have_count(0)


def test_fleet_shows_agents_and_workers_as_they_report(page: Page, worker: Worker) -> None:
    worker.report("fleet-1", agentVersion="0.2.0", pending=7, error="no answer from 10.0.0.7")
    worker.report("fleet-2", agentVersion="0.3.0", pending=40)
    worker.join("worker-9")
    page.goto("/#/fleet")
    agents = page.get_by_role("table", name="Agents")
    expect(agents.locator('[data-row="fleet-1"]')).to_contain_text("no answer from 10.0.0.7")
    agents.get_by_role("button", name="Spool").click()
    agents.get_by_role("button", name="Spool").click()
    expect(agents.locator("tbody tr").first).to_contain_text("fleet-2")
    expect(agents.get_by_role("columnheader", name="Spool")).to_have_attribute("aria-sort", "descending")
    workers = page.get_by_role("table", name="Workers")
    expect(workers.locator('[data-row="worker-9"]')).to_contain_text("0.2.0")


def test_page_for_one_site_hears_of_no_other(browser: Browser, engage: Site, worker: Worker) -> None:
    worker.see("station-1", 3)
    worker.report("station-1", site="North")
    worker.see("station-2", 4)
    worker.report("station-2", site="South")
    with open_page(browser, engage.url) as page:
        page.goto("/?kiosk&site=South")
        expect(page.locator(".tile h2")).to_have_text(["station-2"])
        expect(page.get_by_role("heading", name="South")).to_be_visible()
        worker.see("station-1", 9)
        worker.see("station-2", 5)
        expect(page.locator(".sum .number")).to_have_text("5")
        expect(page.locator(".tile")).to_have_count(1)
