"""Whether a server does its work: each probe asks for the work itself, and says why not."""

import os
import socket
from contextlib import suppress
from queue import Empty, SimpleQueue

from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.bus import BusEvent, Connected, Disconnected
from common.ports.store import StoreError
from common.settings import BusSettings, StoreSettings
from headway import local_http

_KEY = "headway/ready"
_STORE_SECONDS = 1.0


def bus_trouble(settings: BusSettings, within: float) -> str | None:
    """None after a session with these credentials; else what was in the way for `within` seconds."""
    try:
        socket.create_connection((settings.host, settings.port), within).close()
    except OSError as error:
        return error.strerror or str(error)
    events: SimpleQueue[BusEvent] = SimpleQueue()
    bus = MqttBus(settings, f"headway-up-{os.getpid()}")
    bus.start(events.put)
    trouble = f"no answer from {settings.host}:{settings.port}"
    try:
        with suppress(Empty):
            match events.get(timeout=within):
                case Connected():
                    return None
                case Disconnected(reason):
                    trouble = reason
                case _:
                    pass
    finally:
        bus.stop()
    return trouble


def store_trouble(settings: StoreSettings) -> str | None:
    """None after a successful PUT into the bucket, which is made if missing; else why not."""
    store = S3Store(settings.model_copy(update={"timeout": _STORE_SECONDS}))
    try:
        store.ensure_bucket()
        store.put(_KEY, b"ready", "text/plain")
        store.delete([_KEY])
    except StoreError as error:
        return str(error)
    finally:
        store.close()
    return None


def web_trouble(url: str) -> str | None:
    """None when the URL answers with success; else why not."""
    try:
        local_http.get(url)
    except OSError as error:
        return str(error)
    return None
