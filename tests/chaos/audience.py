"""Agents that send captures, and a consumer that keeps books on what becomes of them."""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
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
from engage.value import Value, supersedes, value_of
from tests.chaos.model import people
from tests.eventually import eventually

FLOW = "production"
SHADES = 8
DEVICES = 2000
_WINDOW = 100
_QUEUE = 100_000
_PATIENCE = 60.0


@cache
def picture(shade: int) -> tuple[bytes, int]:
    """A small JPEG and how many people the model finds in it."""
    pixels = np.full((48, 64, 3), 20 + 25 * shade, np.uint8)
    data = cv2.imencode(".jpg", pixels)[1]
    return data.tobytes(), people(cv2.imdecode(data, cv2.IMREAD_COLOR))  # type: ignore[arg-type]


@dataclass(slots=True)
class Books:
    """What was sent since these books were opened; by capture, who published it when, how often
    engage's rule took it; how often what was said about batches; and captures with a wrong result.
    """

    sent: set[str] = field(default_factory=set)
    published: dict[str, set[tuple[str | None, float | None]]] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)

    @property
    def twice(self) -> int:
        """Results published beyond the first of each capture."""
        return sum(len(by) - 1 for by in self.published.values())

    @property
    def double_work(self) -> float:
        return self.twice / max(1, len(self.published))

    @property
    def messages_per_batch(self) -> float:
        return sum(self.said.values()) / max(1, self.said["Finished"])


class Audience:
    """A device sends its next capture when the one before it is answered, so none is superseded."""

    def __init__(self, bus: BusSettings, store: StoreSettings) -> None:
        self.books = Books()
        self.online: set[str] = set()
        self.sharing: set[str] = set()
        self._bus = MqttBus(bus.model_copy(update={"queue": _QUEUE}), f"audience-{uuid4().hex[:8]}")
        self._store = S3Store(store)
        self._topics = Topics(bus.prefix)
        self._values: dict[str, Value] = {}
        self._expected: dict[str, int] = {}
        self._waiting: dict[str, str] = {}
        self._room = threading.Semaphore(_WINDOW)
        self._connected = threading.Event()
        self._pause = threading.Event()

    def __enter__(self) -> Self:
        self._store.ensure_bucket()
        topics = self._topics
        self._bus.subscribe(topics.result(), topics.claim(FLOW), topics.worker_status())
        self._bus.start(self._hear)
        assert self._connected.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._bus.stop()
        self._store.close()

    def _hear(self, event: BusEvent) -> None:
        if isinstance(event, Connected):
            self._connected.set()
        elif isinstance(event, Received):
            message = decode(self._topics, event.topic, event.payload)
            match message:
                case Result():
                    self._result(message)
                case Claim() | Renewal() | Finished():
                    self.books.said[type(message).__name__] += 1
                case WorkerStatus():
                    self._worker(message)

    def _worker(self, status: WorkerStatus) -> None:
        here = status.state == "online"
        (self.online.add if here else self.online.discard)(status.worker)
        (self.sharing.add if here and status.shards else self.sharing.discard)(status.worker)

    def _result(self, result: Result) -> None:
        key = result.capture_id or ""
        seen = result.analysis_metadata.results
        if seen.count != self._expected.get(key):
            self.books.wrong.append(key)
        if key not in self.books.sent:
            return  # of the books before these: a broker that comes back tells retained results again
        self.books.published.setdefault(key, set()).add((seen.worker, result.published_at))
        value = value_of(result, FLOW, time.time(), live=True)
        known = self._values.get(result.device_id)
        if known is None or supersedes(value, known, None):
            self._values[result.device_id] = value
            self.books.taken[key] += 1
            if self._waiting.pop(result.device_id, None) == key:
                self._room.release()

    def send(self, numbers: Iterable[int], rate: float = inf) -> None:
        """A hundred are under way at once; so many a second at most."""
        numbers = list(numbers)
        self.introduce(numbers)
        with ThreadPoolExecutor(4, "agent") as agents:
            sent = []
            for number in numbers:
                assert self._room.acquire(timeout=_PATIENCE), (
                    f"nothing is answered any more: {self.missing()[:3]}"
                )
                self._pause.wait(1 / rate)
                sent.append(agents.submit(self._send, number))
            for done in sent:
                done.result()

    def introduce(self, numbers: Iterable[int]) -> None:
        """Devices say that they are there before they speak."""
        for number in numbers:
            status = DeviceStatus(device_id=f"cam-{number}", state="online", session="s")
            self._bus.publish(self._topics.device_status(status.device_id), encode(status), retain=True)

    def _send(self, number: int) -> None:
        device = f"cam-{number % DEVICES}"
        eventually(lambda: device not in self._waiting, within=_PATIENCE, failure=lambda: f"{device} waits")
        now = time.time()
        data, expected = picture(number % SHADES)
        key = capture_key(device, now, uuid4().hex)
        self._expected[key] = expected
        self._waiting[device] = key
        self.books.sent.add(key)
        eventually(lambda: self._stored(key, data), within=_PATIENCE, every=0.5)
        path = ObjectPath(self._store.bucket, key)
        capture = Capture(device_id=device, file_path=path, creation_timestamp=now, interval=1.0)
        self._bus.publish(self._topics.image(device), encode(capture))

    def _stored(self, key: str, data: bytes) -> bool:
        try:
            self._store.put(key, data)
        except StoreError:
            return False
        return True

    def missing(self) -> list[str]:
        return [key for key in list(self.books.sent) if key not in self.books.taken]

    def lost(self) -> list[str]:
        """Neither seen, nor kept as a result, nor still in the store."""
        missing = self.missing()
        if not missing:
            return []
        there = {info.key for info in self._store.list(CAPTURES)}
        return [key for key in missing if key not in there and not self._kept(key)]

    def _kept(self, key: str) -> bool:
        name = result_key(FLOW, key.split("/")[1])
        try:
            result = decode(
                self._topics, self._topics.result(FLOW, key.split("/")[1]), self._store.get(name, 10**6)
            )
        except NotFoundError:
            return False
        return isinstance(result, Result) and result.capture_id == key

    def left(self) -> int | None:
        """Raw pictures that still lie in the store; None while it does not say."""
        try:
            return len(self._store.list(CAPTURES))
        except StoreError:
            return None
