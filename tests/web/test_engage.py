"""The page on the real web service, with a real broker and a real store behind it."""

import re
import sys
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.bus import BusEvent, Connected
from common.settings import BusSettings, StoreSettings
from common.wire.codec import encode
from common.wire.keys import capture_key, snapshot_key
from common.wire.messages import AnalysisMetadata, DeviceStatus, Model, Result, Results
from common.wire.names import ObjectPath
from common.wire.topics import Topics
from tests.eventually import eventually
from tests.servers import Mosquitto, Weed, free_ports
from tests.web.conftest import open_page
from tests.web.feed import picture
from tests.web.parts import number, tile
from tests.web.site import Site

FLOW = "production"


class Worker:
    """Puts pictures and publishes results, as inference does."""

    def __init__(self, bus: BusSettings, store: StoreSettings) -> None:
        self._topics = Topics(bus.prefix)
        self._store = S3Store(store)
        self._store.ensure_bucket()
        self._bus = MqttBus(bus, f"test-{uuid4().hex[:12]}")
        self._heard: list[BusEvent] = []

    def start(self) -> None:
        self._bus.start(self._heard.append)
        eventually(lambda: any(isinstance(event, Connected) for event in self._heard))

    def stop(self) -> None:
        self._bus.stop()

    def see(self, device: str, count: int, *, fresh: float = 600) -> None:
        """`count` people on `device`, now; stale in `fresh` seconds."""
        now, key = time.time(), snapshot_key(FLOW, device)
        self._store.put(key, picture(f"{device}: {count}"))
        results = Results(
            count=count,
            counts={"person": count},
            flow=FLOW,
            model=Model(name="ssdlite", digest="4c93ff1deb11"),
            worker="worker-1",
            inference_ms=48,
        )
        result = Result(
            device_id=device,
            file_path=ObjectPath(self._store.bucket, key),
            creation_timestamp=now,
            capture_id=capture_key(device, now, uuid4().hex),
            received_at=now,
            published_at=now,
            stale_after=now + fresh,
            analysis_metadata=AnalysisMetadata(results=results),
        )
        self._bus.publish(self._topics.result(FLOW, device), encode(result), retain=True)

    def lose(self, device: str) -> None:
        """The device's will is published."""
        status = DeviceStatus(device_id=device, state="offline", session="1")
        self._bus.publish(self._topics.device_status(device), encode(status), retain=True)


@pytest.fixture
def worker(mosquitto: Mosquitto, weed: Weed, prefix: str, bucket: str) -> Iterator[Worker]:
    worker = Worker(mosquitto.settings(prefix=prefix), weed.settings(bucket=bucket))
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture
def engage(
    mosquitto: Mosquitto,
    weed: Weed,
    prefix: str,
    bucket: str,
    worker: Worker,  # noqa: ARG001 -- it makes the bucket
) -> Iterator[Site]:
    (port,) = free_ports(1)
    env = {
        "HEADWAY_ENGAGE__PORT": str(port),
        "HEADWAY_ENGAGE__AUTH": "false",
        "HEADWAY_BUS__PORT": str(mosquitto.port),
        "HEADWAY_BUS__USERNAME": str(mosquitto.settings().username),
        "HEADWAY_BUS__PASSWORD": mosquitto.secret,
        "HEADWAY_BUS__PREFIX": prefix,
        "HEADWAY_STORE__ENDPOINT": f"127.0.0.1:{weed.port}",
        "HEADWAY_STORE__BUCKET": bucket,
        "HEADWAY_STORE__ACCESS_KEY": str(weed.settings().access_key),
        "HEADWAY_STORE__SECRET_KEY": weed.secret,
    }
    site = Site(port, [sys.executable, "-m", "engage"], env, ready="/readyz")
    site.start()
    yield site
    site.kill()


@pytest.fixture
def page(browser: Browser, engage: Site) -> Iterator[Page]:
    with open_page(browser, engage.url) as page:
        yield page


def test_what_workers_publish_is_seen_without_reload(page: Page, worker: Worker) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="No cameras yet")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    worker.see("cam-1", 3)
    expect(number(page, "cam-1")).to_have_text("3")
    worker.see("cam-1", 5)
    worker.see("cam-2", 2, fresh=3)
    expect(number(page, "cam-1")).to_have_text("5")
    expect(page.locator(".sum")).to_contain_text("7 people on 2 live cameras")
    expect(tile(page, "cam-2").locator(".lamp")).to_have_text("Stale")
    worker.lose("cam-1")
    expect(tile(page, "cam-1").locator(".lamp")).to_have_text("Offline")
    expect(page.locator(".sum")).to_contain_text("2 cameras not counted")
    assert page.evaluate("window.sameDocument") is True


def test_picture_of_the_store_is_shown_and_follows(page: Page, worker: Worker) -> None:
    worker.see("cam-1", 3)
    page.goto("/")
    shown = tile(page, "cam-1").locator("img.shown")
    expect(shown).to_have_attribute("src", re.compile(r"/api/v1/devices/cam-1/snapshot\?v="))
    assert shown.evaluate("image => image.naturalWidth") == 640
    first = shown.get_attribute("src")
    worker.see("cam-1", 4)
    expect(shown).not_to_have_attribute("src", str(first))
    assert shown.evaluate("image => image.naturalWidth") == 640


def test_heals_after_the_service_is_killed_and_restarted(page: Page, worker: Worker, engage: Site) -> None:
    worker.see("cam-1", 3, fresh=3)
    page.goto("/")
    expect(tile(page, "cam-1").locator(".lamp")).to_have_text("Live")
    page.evaluate("window.sameDocument = true")
    engage.kill()
    expect(page.locator(".link")).to_have_text("Reconnecting\N{HORIZONTAL ELLIPSIS}")
    expect(tile(page, "cam-1").locator(".lamp")).to_have_text("Stale")
    worker.see("cam-1", 6)
    engage.start()
    expect(page.locator(".link")).to_have_text("Connected")
    expect(number(page, "cam-1")).to_have_text("6")
    expect(tile(page, "cam-1").locator(".lamp")).to_have_text("Live")
    assert page.evaluate("window.sameDocument") is True


def test_lost_broker_is_told_and_the_page_heals(page: Page, worker: Worker, mosquitto: Mosquitto) -> None:
    worker.see("cam-1", 3)
    page.goto("/")
    expect(page.locator(".link")).to_have_text("Connected")
    mosquitto.kill()
    expect(page.locator(".link")).to_have_text("No message broker")
    mosquitto.start()
    expect(page.locator(".link")).to_have_text("Connected", timeout=15_000)
