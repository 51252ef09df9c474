"""Agents that send captures, and a consumer that keeps books on what becomes of them."""

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from math import inf
from typing import Self
from uuid import uuid4

import cv2
import numpy as np

from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.bus import BusEvent, Connected, Received
from common.ports.store import NotFoundError, StoreError
from common.settings import BusSettings, StoreSettings
from common.wire.codec import decode, encode
from common.wire.keys import CAPTURES, capture_key, result_key
from common.wire.messages import Capture, Claim, DeviceStatus, Finished, Renewal, Result, WorkerStatus
from common.wire.names import ObjectPath
from common.wire.topics import Topics
from engage.value import value_of
from tests.chaos.books import Answer, Books
from tests.chaos.model import people
from tests.eventually import PATIENCE, eventually

FLOW = "production"
SHADES = 8
DEVICES = 2000
_WINDOW = 100
_QUEUE = 100_000


@cache
def picture(shade: int) -> tuple[bytes, int]:
    """A small JPEG and how many people the model finds in it."""
    pixels = np.full((48, 64, 3), 20 + 25 * shade, np.uint8)
    data = cv2.imencode(".jpg", pixels)[1]
    return data.tobytes(), people(cv2.imdecode(data, cv2.IMREAD_COLOR))  # type: ignore[arg-type]


class Audience:
    """With `wait` a device sends its next capture when the first flow has answered the one before, so that
    flow supersedes none; without, it sends as fast as it is told to.
    """

    def __init__(
        self, bus: BusSettings, store: StoreSettings, flows: Sequence[str] = (FLOW,), *, wait: bool = True
    ) -> None:
        self.books = Books(flows)
        self.online: dict[str, WorkerStatus] = {}
        self._flows = tuple(flows)
        self._wait = wait
        self._bus = MqttBus(bus.model_copy(update={"queue": _QUEUE}), f"audience-{uuid4().hex[:8]}")
        self._store = S3Store(store)
        self._topics = Topics(bus.prefix)
        self._expected: dict[str, int] = {}
        self._waiting: dict[str, str] = {}
        self._room = threading.Semaphore(_WINDOW)
        self._connected = threading.Event()
        self._pause = threading.Event()

    def __enter__(self) -> Self:
        self._store.ensure_bucket()
        topics = self._topics
        self._bus.subscribe(topics.result(), topics.worker_status(), *map(topics.claim, self._flows))
        self._bus.start(self._hear)
        assert self._connected.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._bus.stop()
        self._store.close()

    def open_books(self) -> Books:
        """New ones, for what is sent from now on."""
        self.books = Books(self._flows)
        return self.books

    @property
    def sharing(self) -> int:
        """Workers that hear a part of the announcements only."""
        return sum(status.shards is not None for status in list(self.online.values()))

    def _hear(self, event: BusEvent) -> None:
        if isinstance(event, Connected):
            self._connected.set()
        elif isinstance(event, Received) and (place := self._topics.parse(event.topic)):
            message = decode(self._topics, event.topic, event.payload)
            match message:
                case Result():
                    self._result(message)
                case Claim() | Renewal() | Finished():
                    self.books.hear(place.flow, message)
                case WorkerStatus(state="online"):
                    self.online[message.worker] = message
                case WorkerStatus():
                    self.online.pop(message.worker, None)

    def _result(self, result: Result) -> None:
        key, seen, now = result.capture_id or "", result.analysis_metadata.results, time.time()
        if seen.count != self._expected.get(key):
            self.books.wrong.append(key)
        answer = Answer(seen.worker, result.published_at)
        self.books.publish(key, answer, value_of(result, seen.flow, now, live=True), now)
        if seen.flow == self._flows[0] and self._waiting.get(result.device_id) == key:
            del self._waiting[result.device_id]
            self._room.release()

    def send(self, numbers: Iterable[int], rate: float = inf, devices: int = DEVICES) -> None:
        """A hundred are under way at once; so many a second at most. `cam-1` and so on have them in turn."""
        numbers = list(numbers)
        self.introduce(dict.fromkeys(number % devices for number in numbers))
        with ThreadPoolExecutor(4, "agent") as agents:
            sent = []
            for number in numbers:
                assert not self._wait or self._room.acquire(timeout=PATIENCE), (
                    f"nothing is answered any more: {self.books.missing()[:3]}"
                )
                self._pause.wait(1 / rate)
                sent.append(agents.submit(self._send, number, devices))
            for done in sent:
                done.result()

    def introduce(self, numbers: Iterable[int]) -> None:
        """Devices say that they are there before they speak."""
        for number in numbers:
            status = DeviceStatus(device_id=f"cam-{number}", state="online", session="s")
            self._bus.publish(self._topics.device_status(status.device_id), encode(status), retain=True)

    def _send(self, number: int, devices: int) -> None:
        device = f"cam-{number % devices}"
        if self._wait:
            eventually(
                lambda: device not in self._waiting, within=PATIENCE, failure=lambda: f"{device} waits"
            )
        now = time.time()
        data, expected = picture(number % SHADES)
        key = capture_key(device, now, uuid4().hex)
        self._expected[key] = expected
        if self._wait:
            self._waiting[device] = key
        self.books.sent[key] = now
        eventually(lambda: self._stored(key, data), within=PATIENCE, every=0.5)
        path = ObjectPath(self._store.bucket, key)
        capture = Capture(device_id=device, file_path=path, creation_timestamp=now, interval=1.0)
        self._bus.publish(self._topics.image(device), encode(capture))

    def _stored(self, key: str, data: bytes) -> bool:
        try:
            self._store.put(key, data)
        except StoreError:
            return False
        return True

    def lost(self) -> list[tuple[str, str]]:
        """Neither answered, nor kept as a result, nor still in the store."""
        missing = self.books.missing()
        if not missing:
            return []
        there = {info.key for info in self._store.list(CAPTURES)}
        return [(flow, key) for flow, key in missing if key not in there and not self._kept(flow, key)]

    def _kept(self, flow: str, key: str) -> bool:
        device = key.split("/")[1]
        try:
            kept = self._store.get(result_key(flow, device), 10**6)
        except NotFoundError:
            return False
        result = decode(self._topics, self._topics.result(flow, device), kept)
        return isinstance(result, Result) and result.capture_id == key

    def left(self) -> int | None:
        """Raw pictures that still lie in the store; None while it does not say."""
        try:
            return len(self._store.list(CAPTURES))
        except StoreError:
            return None
