"""The real service in a process of its own, under eventlet, and a browser's Socket.IO client."""

import sys
from pathlib import Path
from typing import Any

import requests
import socketio  # type: ignore[import-untyped]

from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.settings import BusSettings, StoreSettings
from common.wire.codec import encode
from common.wire.keys import result_key, snapshot_key
from common.wire.messages import Message
from common.wire.topics import Topics
from tests.engage.samples import JPEG, result
from tests.eventually import PATIENCE, eventually
from tests.servers import Server, free_ports


class Engage(Server):
    def __init__(self, folder: Path, bus: BusSettings, store: StoreSettings, **own: Any) -> None:
        super().__init__(folder)
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.bus = bus
        self._store = store
        self._own = own

    def command(self) -> list[str]:
        return [sys.executable, "-m", "engage"]

    def environment(self) -> dict[str, str]:
        bus, store = self.bus, self._store
        settings = {
            "BUS__PORT": bus.port,
            "BUS__USERNAME": bus.username,
            "BUS__PASSWORD": bus.secret(),
            "BUS__PREFIX": bus.prefix,
            "STORE__ENDPOINT": store.endpoint,
            "STORE__BUCKET": store.bucket,
            "STORE__ACCESS_KEY": store.access_key,
            "STORE__SECRET_KEY": store.secret(),
            "STORE__TIMEOUT": 3,
            "ENGAGE__PORT": self.port,
            "ENGAGE__AUTH": "false",
        }
        return {f"HEADWAY_{name}": str(value) for name, value in (settings | self._own).items()}

    def ready(self) -> bool:
        """It answers; whether its state is rebuilt is `rebuilt`'s to say."""
        return self._status("/healthz") == 200

    def rebuilt(self) -> bool:
        return self._status("/readyz") == 200

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=PATIENCE)

    def devices(self) -> dict[str, dict[str, Any]]:
        return {device["deviceID"]: device for device in self.get("/api/v1/devices").json()["devices"]}

    def metric(self, name: str) -> float:
        """0 where it was not counted yet."""
        lines = self.get("/metrics").text.splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(name + " ")), 0.0)

    def _status(self, path: str) -> int:
        try:
            return self.get(path).status_code
        except requests.ConnectionError:
            return 0


class Worker:
    """Publishes as a worker does."""

    def __init__(self, bus: BusSettings, store: StoreSettings) -> None:
        self.topics = Topics(bus.prefix)
        self.store = S3Store(store)
        self._bus = MqttBus(bus, f"test-{bus.prefix}")
        self._bus.start(lambda _: None)

    def publish(self, topic: str, message: Message | bytes, *, retain: bool = False) -> None:
        payload = message if isinstance(message, bytes) else encode(message)
        self._bus.publish(topic, payload, retain=retain)

    def result(
        self,
        device: str,
        number: int,
        at: float,
        *,
        retain: bool = True,
        picture: bytes | None = None,
        **more: Any,
    ) -> None:
        path = f"{self.store.bucket}/{snapshot_key('production', device)}"
        sent = result(device, number, at, filePath=path, **more)
        self.store.put(snapshot_key("production", device), picture or JPEG + str(number).encode())
        self.store.put(result_key("production", device), encode(sent), "application/json")
        if retain:
            self.publish(self.topics.result("production", device), sent, retain=True)

    def stop(self) -> None:
        self._bus.stop()
        self.store.close()


class Client(socketio.Client):  # type: ignore[misc]
    """At first it gives a server, which may be busy, more than the usual second to let it in."""

    def __init__(self, **options: Any) -> None:
        super().__init__(request_timeout=PATIENCE, **options)

    def join(self, url: str, namespace: str, **options: Any) -> None:
        self.connect(url, namespaces=[namespace], wait_timeout=PATIENCE, **options)


class Browser:
    """Keeps the devices as the page does: from a snapshot and the changes after it."""

    def __init__(self, url: str, namespace: str = "/live", **options: Any) -> None:
        self.devices: dict[str, Any] = {}
        self.revision = -1
        self.broker = ""
        self.gaps = 0
        self.snapshots = 0
        self.connects = 0
        self.original: dict[str, Any] = {}
        self._client = Client(reconnection_delay=0.1, reconnection_delay_max=0.2)
        self._client.on("connect", self._connected, namespace=namespace)
        self._client.on("snapshot", self._snapshot, namespace=namespace)
        self._client.on("changes", self._changes, namespace=namespace)
        self._client.on("devicesupdates", self._original, namespace=namespace)
        self._client.join(url, namespace, **{"transports": ["websocket"], **options})

    def state(self, device: str) -> str | None:
        return self.devices[device]["state"] if device in self.devices else None

    def count(self, device: str) -> int | None:
        return self.devices[device]["count"] if device in self.devices else None

    def close(self) -> None:
        self._client.disconnect()
        self._client.shutdown()

    def _connected(self) -> None:
        self.connects += 1

    def _snapshot(self, message: dict[str, Any]) -> None:
        self.snapshots += 1
        self.devices = {device["deviceID"]: device for device in message["devices"]}
        self.revision, self.broker = message["revision"], message["broker"]

    def _changes(self, message: dict[str, Any]) -> None:
        self.gaps += message["since"] != self.revision
        self.devices |= {device["deviceID"]: device for device in message["devices"]}
        self.revision, self.broker = message["revision"], message["broker"]

    def _original(self, result: dict[str, Any]) -> None:
        self.original = result


def settled(engage: Engage) -> None:
    eventually(engage.rebuilt)
