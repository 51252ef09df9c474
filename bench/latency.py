"""From taking a picture to its count in a real browser: four cameras, one picture a second each."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import Page, WebSocket, sync_playwright

from bench.row import Row
from bench.stack import running
from common.adapters.mqtt import MqttBus
from common.ports.bus import BusEvent, Received
from common.settings import BusSettings
from common.wire.codec import DecodeError, decode
from common.wire.messages import Result
from common.wire.topics import Topics
from tests.assets import asset
from tests.chromium import launched

SECONDS = 60
CAMERAS = 4
TARGET_P50, TARGET_P99 = 500.0, 1500.0

Capture = tuple[str, float]
"""Device and the time it took the picture."""


def rows() -> list[Row]:
    """Median and 99th percentile, and the median of each step's share."""
    footage = asset("vtest.avi")
    with (
        running([f"cam{n}={footage}" for n in range(CAMERAS)]) as stack,
        listening(stack.endpoints["mqtt"]) as results,
        sync_playwright() as playwright,
        launched(playwright) as browser,
    ):
        arrivals = arriving(browser.new_page(), stack.url, SECONDS)
    whole = sorted((at - taken) * 1e3 for (_, taken), at in arrivals.items())
    if len(whole) < SECONDS * CAMERAS // 2:
        raise RuntimeError(f"only {len(whole)} counts reached the browser in {SECONDS} s")
    return [
        Row("latency.capture_to_browser.p50_ms", round(median(whole), 1), "ms", TARGET_P50),
        Row("latency.capture_to_browser.p99_ms", round(quantiles(whole, n=100)[98], 1), "ms", TARGET_P99),
        *shares(arrivals, results, median(whole)),
    ]


def shares(arrivals: dict[Capture, float], results: dict[Capture, Result], whole: float) -> Iterator[Row]:
    """Each step's median; its reference is the median of the whole."""
    steps: dict[str, list[float]] = {
        "upload_and_announce": [],
        "queue": [],
        "model": [],
        "show": [],
        "view": [],
    }
    for capture, at in arrivals.items():
        result = results.get(capture)
        if result is None or result.received_at is None or result.published_at is None:
            continue
        seen = result.analysis_metadata.results
        queue, model = seen.queue_ms or 0.0, seen.inference_ms or 0.0
        steps["upload_and_announce"].append((result.received_at - capture[1]) * 1e3)
        steps["queue"].append(queue)
        steps["model"].append(model)
        steps["show"].append((result.published_at - result.received_at) * 1e3 - queue - model)
        steps["view"].append((at - result.published_at) * 1e3)
    for name, values in steps.items():
        yield Row(f"latency.share.{name}", round(median(values), 1), "ms", round(whole, 1))


@contextmanager
def listening(mqtt: dict[str, Any]) -> Iterator[dict[Capture, Result]]:
    """The results as they are on MQTT."""
    results: dict[Capture, Result] = {}
    topics = Topics()

    def hear(event: BusEvent) -> None:
        if isinstance(event, Received):
            try:
                message = decode(topics, event.topic, event.payload)
            except DecodeError:
                return
            if isinstance(message, Result):
                results[message.device_id, message.creation_timestamp] = message

    bus = MqttBus(BusSettings.model_validate(mqtt), "bench")
    bus.subscribe(topics.result())
    bus.start(hear)
    try:
        yield results
    finally:
        bus.stop()


def arriving(page: Page, url: str, seconds: float) -> dict[Capture, float]:
    """When each count reached the page's socket, for a while; the page draws them all the time."""
    arrivals: dict[Capture, float] = {}

    def frame(text: str | bytes) -> None:
        now = time.time()
        if isinstance(text, str) and text.startswith("42/live,"):
            name, body = json.loads(text.removeprefix("42/live,"))
            for device in body["devices"] if name == "changes" else ():
                arrivals.setdefault((device["deviceID"], device["capturedAt"]), now)

    def opened(socket: WebSocket) -> None:
        socket.on("framereceived", frame)

    page.on("websocket", opened)
    page.goto(url)
    page.wait_for_timeout(seconds * 1e3)
    return arrivals
