"""Captures a second through MQTT, S3 and ownership, against the bare model on the same pictures.

A feeder keeps a fixed number of captures under way, a new one for each result, so that the workers never
starve and nothing is superseded. The bare loops run before and after, one process for each worker, and
their mean counts.
"""

import itertools
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import mean
from uuid import uuid4

import cv2

from bench.row import Row
from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.bus import BusEvent, Connected, Received
from common.wire.codec import DecodeError, decode, encode
from common.wire.keys import capture_key
from common.wire.messages import Capture, Result, WorkerStatus
from common.wire.names import ObjectPath
from common.wire.topics import Topics
from tests.assets import asset
from tests.servers import Mosquitto, Weed

SECONDS = 25.0
WARM_UP = 5.0
DEVICES = 12
TARGETS = {1: 0.90, 2: 0.85}


def rows() -> Iterator[Row]:
    """`pipeline.efficiency.N_worker(s)`: the share of the bare model's speed; the reference is the target."""
    pictures = _pictures()
    for workers, target in TARGETS.items():
        before = bare(workers)
        whole = through(workers, pictures)
        limit = mean((before, bare(workers)))
        name = f"{workers}_worker{'s' if workers > 1 else ''}"
        yield Row(f"pipeline.captures_per_second.{name}", round(whole, 2), "1/s", round(limit, 2))
        yield Row(f"pipeline.efficiency.{name}", round(whole / limit, 3), "of the bare model", target)


def bare(processes: int) -> float:
    """Pictures a second of as many bare loops side by side."""
    command = [sys.executable, "-m", "bench.bare", str(SECONDS / 2)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    return sum(float(process.communicate()[0]) for process in running)


def through(workers: int, pictures: list[bytes]) -> float:
    """Results a second with as many workers, after a warm-up."""
    with stack(workers) as feeder:
        feeder.feed(pictures, per_worker=DEVICES, workers=workers)
        feeder.wait(WARM_UP)
        start, before = time.monotonic(), feeder.results
        feeder.wait(SECONDS)
        rate = (feeder.results - before) / (time.monotonic() - start)
        feeder.feeding = False
    return rate


@contextmanager
def stack(workers: int) -> Iterator["Feeder"]:
    """A broker, a store, workers and a feeder that all of them know."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as cleanup:
        folder = Path(name)
        for part in ("mqtt", "s3"):
            (folder / part).mkdir()
        broker = cleanup.enter_context(Mosquitto(folder / "mqtt"))
        weed = cleanup.enter_context(Weed(folder / "s3"))
        config = folder / "headway.toml"
        config.write_text(_toml(broker, weed))
        feeder = Feeder(MqttBus(broker.settings(), "feeder"), S3Store(weed.settings()), workers)
        cleanup.callback(feeder.bus.stop)
        for number in range(workers):
            command = [sys.executable, "-m", "inference", "--config", str(config)]
            process = subprocess.Popen(
                [*command, "--inference.name", f"w{number}"], stderr=subprocess.DEVNULL
            )
            cleanup.callback(process.wait)
            cleanup.callback(process.terminate)
        feeder.start()
        yield feeder


def _toml(broker: Mosquitto, weed: Weed) -> str:
    bus, store = broker.settings(), weed.settings()
    return (
        f'[bus]\nport = {bus.port}\nusername = "{bus.username}"\npassword = "{bus.secret()}"\n'
        f'[store]\nendpoint = "{store.endpoint}"\naccess_key = "{store.access_key}"\n'
        f'secret_key = "{store.secret()}"\n'
    )


class Feeder:
    """Agents that send the next picture of a device when its last one has a result."""

    def __init__(self, bus: MqttBus, store: S3Store, workers: int) -> None:
        self.bus = bus
        self.results = 0
        self.feeding = True
        self._store = store
        self._topics = Topics()
        self._workers = workers
        self._online: set[str] = set()
        self._due: list[str] = []
        self._wake = threading.Event()
        self._ready = threading.Event()
        self._numbers = itertools.count()

    def start(self) -> None:
        """Returns when all workers are online."""
        self.bus.subscribe(self._topics.result(), self._topics.worker_status())
        self.bus.start(self._hear)
        if not self._ready.wait(60):
            raise RuntimeError("the workers did not come online")

    def _hear(self, event: BusEvent) -> None:
        if isinstance(event, Connected) or not isinstance(event, Received):
            return
        try:
            message = decode(self._topics, event.topic, event.payload)
        except DecodeError:
            return
        if isinstance(message, WorkerStatus) and message.state == "online":
            self._online.add(message.worker)
            if len(self._online) == self._workers:
                self._ready.set()
        elif isinstance(message, Result):
            self.results += 1
            self._due.append(message.device_id)
            self._wake.set()

    def feed(self, pictures: list[bytes], per_worker: int, workers: int) -> None:
        self._pictures = itertools.cycle(pictures)
        self._due += [f"cam-{n}" for n in range(per_worker * workers)]
        self._wake.set()

    def wait(self, seconds: float) -> None:
        """Send what is due until the time is over."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._wake.wait(left)
            self._wake.clear()
            while self._due and self.feeding:
                self._send(self._due.pop(0))

    def _send(self, device: str) -> None:
        now = time.time()
        key = capture_key(device, now, uuid4().hex)
        self._store.put(key, next(self._pictures))
        path = ObjectPath(self._store.bucket, key)
        capture = Capture(
            device_id=device,
            file_path=path,
            creation_timestamp=now,
            sequence=next(self._numbers),
            interval=1.0,
        )
        self.bus.publish(self._topics.image(device), encode(capture))


def _pictures() -> list[bytes]:
    film = cv2.VideoCapture(str(asset("vtest.avi")))
    pictures = [cv2.imencode(".jpg", film.read()[1])[1].tobytes() for _ in range(100)][::5]
    film.release()
    return pictures
