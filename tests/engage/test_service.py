"""The service as it runs: eventlet, a real broker, a real store, a real client; and what kills them."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import requests
from socketio.exceptions import ConnectionError as Refused  # type: ignore[import-untyped]

from common.ports.clock import SteadyClock, SystemClock
from common.settings import BusSettings, StoreSettings
from common.wire.codec import encode
from common.wire.keys import trouble_key
from common.wire.topics import PEOPLE_COUNTER
from inference.events import Settled
from inference.settings import InferenceSettings
from inference.steps import Desk, Steps
from tests.chaos.model import Brightness
from tests.engage.samples import JPEG, device_status, original_result, trouble
from tests.engage.service import Browser, Client, Engage, Worker, settled
from tests.eventually import PATIENCE, eventually
from tests.servers import Mosquitto, Nats, Weed


@pytest.fixture
def engage(tmp_path: Path, bus: BusSettings, store: StoreSettings) -> Iterator[Engage]:
    with Engage(tmp_path, bus, store, COMPAT__PEOPLE_COUNTER="true") as engage:
        settled(engage)
        yield engage


@pytest.fixture(scope="module")
def standing(
    tmp_path_factory: pytest.TempPathFactory, _mosquitto: Mosquitto, _weed: Weed
) -> Iterator[Engage]:
    """One for all tests that change nothing; its broker may come and go."""
    folder = tmp_path_factory.mktemp("standing")
    with Engage(folder, _mosquitto.settings(prefix="standing"), _weed.settings()) as engage:
        yield engage


@pytest.fixture
def browser(engage: Engage) -> Iterator[Browser]:
    browser = Browser(engage.url)
    yield browser
    browser.close()


NEXT = 10**6
"""A capture's number after all that `keep_live` sends."""


def keep_live(worker: Worker, browser: Browser, window: float) -> None:
    """A camera that sends again and again, until the browser has seen it live."""
    numbers = count(1)

    def is_live() -> bool:
        worker.result("cam", next(numbers), time.time(), window=window)
        return browser.state("cam") == "live"

    eventually(is_live, every=0.2)


def test_from_a_result_on_the_bus_to_rest_and_a_browser(
    worker: Worker, engage: Engage, browser: Browser
) -> None:
    worker.result("cam", 1, time.time(), count=4, window=600)
    eventually(lambda: browser.count("cam") == 4)
    device = engage.devices()["cam"]
    assert (device["state"], device["count"]) == ("live", 4)
    picture = engage.get(device["snapshot"])
    assert (picture.content, picture.headers["Content-Type"]) == (JPEG + b"1", "image/jpeg")
    assert "immutable" in picture.headers["Cache-Control"]


def test_a_camera_that_stops_turns_stale_by_time(worker: Worker, engage: Engage, browser: Browser) -> None:
    keep_live(worker, browser, window=1)
    eventually(lambda: browser.state("cam") == "stale")
    assert engage.devices()["cam"]["state"] == "stale"
    assert browser.gaps == 0


def test_killed_and_started_again_it_knows_what_it_knew(
    worker: Worker, engage: Engage, browser: Browser
) -> None:
    now = time.time()
    worker.result("kept", 1, now, count=1, window=600)
    worker.result("stored", 2, now, count=2, window=600, retain=False)
    worker.publish(worker.topics.device_status("away"), device_status("away", "offline"), retain=True)
    worker.publish(worker.topics.trouble("production", "away"), trouble("away", 1, now), retain=True)
    worker.publish(worker.topics.result("production", "kept"), b"{")
    eventually(lambda: "kept" in browser.devices and browser.devices.get("away", {}).get("trouble"))
    before = engage.devices()
    engage.kill()
    engage.start()
    settled(engage)
    after = engage.devices()
    assert {name: (d["state"], d["count"], d["staleAfter"]) for name, d in after.items()} == {
        "kept": ("live", 1, pytest.approx(now + 600)),
        "stored": ("live", 2, pytest.approx(now + 600)),
        "away": ("offline", None, None),
    }
    unseen = {"agent": after["away"]["agent"] | {"seen": None}}
    assert after["away"] | unseen == before["away"] | {"agent": before["away"]["agent"] | {"seen": None}}
    assert after["away"]["trouble"]["at"] == now
    without_age = {"age": None}
    assert after["kept"] | without_age == before["kept"] | without_age
    eventually(lambda: browser.count("stored") == 2)
    assert 2 <= browser.snapshots <= browser.connects


def test_with_a_broker_that_lost_its_memory_it_tells_what_was_set_aside(
    tmp_path: Path, bus: BusSettings, store: StoreSettings, worker: Worker
) -> None:
    """By a worker, in the store; of two pictures the later one."""
    clock, now = SteadyClock(SystemClock()), time.time()
    steps = Steps(worker.store, Brightness(), InferenceSettings(), clock, Desk())
    for number, at in ((1, now - 5), (2, now - 1)):
        sent = trouble("aside", number, at)
        worker.store.put(sent.capture_id, JPEG)
        assert steps.set_aside(sent.capture_id, sent) == Settled(sent.capture_id)
    worker.store.put(trouble_key("production", "other"), encode(trouble("aside", 3, now)))
    with Engage(tmp_path, bus, store) as engage:
        settled(engage)
        ((name, device),) = engage.devices().items()
    assert name == "aside"
    assert device["trouble"] == {"reason": sent.reason, "at": sent.published_at, "captureID": sent.capture_id}
    assert worker.store.get(sent.quarantined, 10_000) == JPEG


def test_on_nats_it_knows_what_it_knew_too(
    tmp_path: Path, nats: Nats, store: StoreSettings, prefix: str
) -> None:
    bus = nats.settings(prefix=prefix)
    worker = Worker(bus, store)
    worker.store.ensure_bucket()
    now = time.time()
    worker.result("cam", 1, now, count=3, window=600)
    with Engage(tmp_path, bus, store) as engage:
        settled(engage)
        eventually(lambda: engage.devices()["cam"]["count"] == 3)
        worker.result("cam", 2, now + 1, count=4, window=600)
        eventually(lambda: engage.devices()["cam"]["count"] == 4)
    worker.stop()


def test_the_broker_killed_values_turn_stale_and_the_page_is_still_served(
    worker: Worker, engage: Engage, browser: Browser, mosquitto: Mosquitto
) -> None:
    keep_live(worker, browser, window=2)
    mosquitto.kill()
    eventually(lambda: (browser.broker, browser.state("cam")) == ("lost", "stale"))
    assert engage.get("/").status_code in {200, 503}
    ready = engage.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert "MQTT broker is away" in ready.json()["reasons"][0]
    mosquitto.start()
    eventually(lambda: browser.broker == "connected")
    worker.result("cam", NEXT, time.time(), count=9, window=600)
    eventually(lambda: (browser.state("cam"), browser.count("cam")) == ("live", 9))
    assert browser.gaps == 0


def test_the_broker_frozen_the_page_says_so_about_when_values_turn_stale(
    worker: Worker, browser: Browser, mosquitto: Mosquitto
) -> None:
    """After twice the 2 s of `engage.ping`, each a second later at most; without it after 15 s and more."""
    keep_live(worker, browser, window=5)
    os.kill(mosquitto.pid, signal.SIGSTOP)
    try:
        eventually(lambda: browser.broker == "lost", within=14)
    finally:
        os.kill(mosquitto.pid, signal.SIGCONT)
    eventually(lambda: browser.broker == "connected")
    worker.result("cam", NEXT, time.time(), count=9, window=600)
    eventually(lambda: (browser.state("cam"), browser.count("cam")) == ("live", 9))


def test_a_thousand_malformed_messages_change_nothing_but_the_counter(
    worker: Worker, engage: Engage, browser: Browser
) -> None:
    worker.result("cam", 1, time.time(), window=600)
    eventually(lambda: browser.state("cam") == "live")
    revision, bad = browser.revision, engage.metric("headway_bus_bad_messages_total")
    shapes = [b"\0", b"{", b"\xff\xfe\x00", b'{"type":"result"}', b"null", b"[" * 5000]
    places = [worker.topics.result("production", "cam"), worker.topics.device_status("cam"), PEOPLE_COUNTER]
    for number in range(1000):
        worker.publish(places[number % len(places)], shapes[number % len(shapes)])
    eventually(lambda: engage.metric("headway_bus_bad_messages_total") - bad >= 1000)
    assert engage.metric("headway_bus_bad_messages_total") - bad == 1000
    assert browser.revision == revision
    assert engage.log.read_text().count("dropped a bad message") <= len(places)


def test_started_while_the_store_is_away_it_is_ready_and_reads_it_later(
    tmp_path: Path, bus: BusSettings, store: StoreSettings, worker: Worker, weed: Weed
) -> None:
    worker.result("kept", 1, time.time(), window=600)
    worker.result("stored", 1, time.time(), window=600, retain=False)
    weed.kill()
    with Engage(tmp_path, bus, store) as engage:
        settled(engage)
        assert set(engage.devices()) == {"kept"}
        assert "the store is away" in engage.get("/readyz").json()["reasons"][0]
        answer = engage.get("/api/v1/devices/kept/snapshot")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        weed.start()
        eventually(lambda: set(engage.devices()) == {"kept", "stored"})
        eventually(lambda: engage.get("/readyz").json()["reasons"] == [])


def test_the_original_channel_for_clients_of_today(worker: Worker, engage: Engage) -> None:
    page = Browser(engage.url, "/test", transports=["polling"])
    worker.publish(PEOPLE_COUNTER, original_result("cam", time.time(), count=5))
    eventually(lambda: page.original)
    page.close()
    assert page.original["analysisMetadata"] == {"results": {"count": 5}}
    assert engage.get("/api/v1.0/devices").json() == {"cam": page.original}


def test_a_page_of_another_site_is_refused(standing: Engage) -> None:
    client = Client(reconnection=False)
    with pytest.raises(Refused):
        client.join(
            standing.url, "/live", headers={"Origin": "https://evil.example"}, transports=["websocket"]
        )
    client.shutdown()
    polling = requests.get(
        f"{standing.url}/socket.io/?EIO=4&transport=polling",
        headers={"Origin": "https://evil.example"},
        timeout=PATIENCE,
    )
    assert polling.status_code == 400


def test_a_taken_port_is_one_clear_sentence(standing: Engage) -> None:
    second = subprocess.run(
        standing.command(),
        env=os.environ | standing.environment(),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert second.returncode == 1
    assert re.fullmatch(
        rb"engage: cannot listen on 127\.0\.0\.1:\d+: Address already in use; set engage\.port\n",
        second.stderr,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_asked(engage: Engage, browser: Browser, number: signal.Signals) -> None:
    eventually(lambda: browser.snapshots)
    process = engage._process
    assert process
    process.send_signal(number)
    assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("headers", "status", "advice"),
    [
        ({}, 400, "connect to it as one"),
        ({"Upgrade": "websocket", "Sec-WebSocket-Version": "13"}, 400, "connect to it as one"),
        ({"Upgrade": "websocket", "Sec-WebSocket-Key": "a", "Sec-WebSocket-Version": "8"}, 426, "version 13"),
        (
            {"Upgrade": "websocket", "Sec-WebSocket-Key": "a", "Origin": "https://evil.example"},
            403,
            "allowed_origins",
        ),
    ],
)
def test_a_handshake_that_is_refused_says_why(
    standing: Engage, headers: dict[str, str], status: int, advice: str
) -> None:
    url = f"{standing.url}/socket.io/?EIO=4&transport=websocket"
    answer = requests.get(url, headers={"Connection": "Upgrade"} | headers, timeout=PATIENCE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert advice in answer.json()["detail"]
