"""The real web service in a process of its own, and a worker that feeds it through real servers."""

import sys
import time
from uuid import uuid4

from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.bus import BusEvent, Connected
from common.settings import BusSettings, StoreSettings
from common.wire.codec import encode
from common.wire.keys import capture_key, snapshot_key
from common.wire.messages import AnalysisMetadata, DeviceStatus, Message, Model, Result, Results, WorkerStatus
from common.wire.names import ObjectPath
from common.wire.topics import Topics
from tests.eventually import eventually
from tests.servers import free_ports
from tests.web.feed import picture
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
        self._store.close()

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

    def report(self, device: str, **more: object) -> None:
        """As the device's agent does, or with `state="offline"` its will."""
        status = DeviceStatus.model_validate({"deviceID": device, "state": "online", "session": "1"} | more)
        self._publish(self._topics.device_status(device), status)

    def join(self, name: str) -> None:
        """Another worker is there."""
        status = WorkerStatus(worker=name, state="online", session="1", flow=FLOW, version="0.2.0")
        self._publish(self._topics.worker_status(name), status)

    def _publish(self, topic: str, message: Message) -> None:
        self._bus.publish(topic, encode(message), retain=True)


def service(bus: BusSettings, store: StoreSettings, *, auth: bool) -> Site:
    """Not started yet."""
    (port,) = free_ports(1)
    settings = {
        "ENGAGE__PORT": port,
        "ENGAGE__AUTH": str(auth).lower(),
        "BUS__PORT": bus.port,
        "BUS__USERNAME": bus.username,
        "BUS__PASSWORD": bus.secret(),
        "BUS__PREFIX": bus.prefix,
        "STORE__ENDPOINT": store.endpoint,
        "STORE__BUCKET": store.bucket,
        "STORE__ACCESS_KEY": store.access_key,
        "STORE__SECRET_KEY": store.secret(),
    }
    environment = {f"HEADWAY_{name}": str(value) for name, value in settings.items()}
    return Site(port, [sys.executable, "-m", "engage"], environment, ready="/readyz")
