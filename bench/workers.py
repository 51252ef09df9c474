"""Workers on a broker and a store of their own, and somebody who sends pictures and hears results."""

import itertools
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import cv2

from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.bus import BusEvent, Received
from common.wire.codec import DecodeError, decode, encode
from common.wire.keys import capture_key
from common.wire.messages import Capture, Result, WorkerStatus
from common.wire.names import ObjectPath
from common.wire.topics import Topics
from ingest.settings import IngestSection
from tests.assets import asset
from tests.servers import Mosquitto, Weed


@contextmanager
def workers(count: int, hear: Callable[[Result], None]) -> Iterator["Feeder"]:
    """Yields when all of them are online; `hear` is called on the bus's thread."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as cleanup:
        folder = Path(name)
        for part in ("mqtt", "s3"):
            (folder / part).mkdir()
        broker = cleanup.enter_context(Mosquitto(folder / "mqtt"))
        weed = cleanup.enter_context(Weed(folder / "s3"))
        config = folder / "headway.toml"
        config.write_text(_toml(broker, weed))
        feeder = Feeder(MqttBus(broker.settings(), "feeder"), S3Store(weed.settings()), hear)
        cleanup.callback(feeder.bus.stop)
        for number in range(count):
            command = [sys.executable, "-m", "inference", "--config", str(config)]
            process = subprocess.Popen(
                [*command, "--inference.name", f"w{number}"], stderr=subprocess.DEVNULL
            )
            cleanup.callback(process.wait)
            cleanup.callback(process.terminate)
            feeder.pids.append(process.pid)
        feeder.start(count)
        yield feeder


def _toml(broker: Mosquitto, weed: Weed) -> str:
    bus, store = broker.settings(), weed.settings()
    return (
        f'[bus]\nport = {bus.port}\nusername = "{bus.username}"\npassword = "{bus.secret()}"\n'
        f'[store]\nendpoint = "{store.endpoint}"\naccess_key = "{store.access_key}"\n'
        f'secret_key = "{store.secret()}"\n'
    )


class Feeder:
    """Stands for agents: uploads pictures of the sample footage and announces them."""

    def __init__(self, bus: MqttBus, store: S3Store, hear: Callable[[Result], None]) -> None:
        self.bus = bus
        self.pids: list[int] = []
        self._store = store
        self._hear = hear
        self._topics = Topics()
        self._online: set[str] = set()
        self._ready = threading.Event()
        self._expected = 0
        self._numbers = itertools.count()
        self._pictures = itertools.cycle(_pictures())

    def start(self, count: int) -> None:
        self._expected = count
        self.bus.subscribe(self._topics.result(), self._topics.worker_status())
        self.bus.start(self._heard)
        if not self._ready.wait(60):
            raise RuntimeError("the workers did not come online")

    def _heard(self, event: BusEvent) -> None:
        if not isinstance(event, Received):
            return
        try:
            message = decode(self._topics, event.topic, event.payload)
        except DecodeError:
            return
        if isinstance(message, Result):
            self._hear(message)
        elif isinstance(message, WorkerStatus) and message.state == "online":
            self._online.add(message.worker)
            if len(self._online) == self._expected:
                self._ready.set()

    def send(self, device: str) -> None:
        """One picture of a device."""
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
    quality = [cv2.IMWRITE_JPEG_QUALITY, IngestSection().quality]
    pictures = [cv2.imencode(".jpg", film.read()[1], quality)[1].tobytes() for _ in range(100)][::5]
    film.release()
    return pictures
