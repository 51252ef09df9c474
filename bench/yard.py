"""Many devices on a broker and a store of their own, as agents and workers leave them, and an engage."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.bus import BusEvent, Delivered
from common.wire.codec import encode
from common.wire.keys import capture_key, result_key, snapshot_key
from common.wire.messages import AnalysisMetadata, Box, DeviceStatus, Model, Result, Results
from common.wire.names import ObjectPath
from common.wire.topics import Topics
from tests.engage.service import Engage
from tests.servers import Mosquitto, Weed

FLOW = "production"
_MODEL = Model(name="ssdlite-mobilenet-v2-coco", digest="0123456789abcdef")
_PEOPLE = 5


@dataclass(frozen=True, slots=True)
class Yard:
    broker: Mosquitto
    weed: Weed
    engage: Engage


@contextmanager
def yard() -> Iterator[Yard]:
    """Broker and store run, engage does not yet."""
    with TemporaryDirectory() as name, ExitStack() as cleanup:
        folders = [Path(name) / part for part in ("mqtt", "s3", "engage")]
        for folder in folders:
            folder.mkdir()
        broker = cleanup.enter_context(Mosquitto(folders[0]))
        weed = cleanup.enter_context(Weed(folders[1]))
        engage = Engage(folders[2], broker.settings(), weed.settings(), ENGAGE__DEVICES=20_000)
        cleanup.callback(engage.stop)
        yield Yard(broker, weed, engage)


def device(number: int) -> str:
    return f"cam-{number:05}"


def status(number: int) -> DeviceStatus:
    return DeviceStatus(
        device_id=device(number),
        state="online",
        session="5f0c2b7a",
        interval=1.0,
        captured=1000,
        camera="rtsp://10.0.0.7/stream1",
        agent_version="0.1.0",
        name=f"Camera {number}",
        site=f"site-{number % 20}",
    )


def result(number: int, sequence: int, now: float) -> Result:
    """Five people, analysed 60 ms after the announcement."""
    name = device(number)
    box: Box = (101.5, 202.25, 131.75, 280.0, 0.875, "person")
    seen = Results(
        count=_PEOPLE,
        flow=FLOW,
        model=_MODEL,
        counts={"person": _PEOPLE},
        boxes=(box,) * _PEOPLE,
        worker="worker-1",
        width=768,
        height=576,
        queue_ms=12.5,
        inference_ms=48.0,
    )
    return Result(
        device_id=name,
        file_path=ObjectPath("people-counter-images", snapshot_key(FLOW, name)),
        creation_timestamp=now - 0.1,
        analysis_metadata=AnalysisMetadata(results=seen),
        capture_id=capture_key(name, now - 0.1, f"{sequence:032x}"),
        sequence=sequence,
        received_at=now - 0.06,
        published_at=now,
        stale_after=now + 600,
    )


def fill(yard: Yard, count: int) -> None:
    """Status and result of each device retained, the result also in the store; engage waits for its turn."""
    topics, store = Topics(), S3Store(yard.weed.settings())

    def put(number: int) -> Result:
        sent = result(number, 1, time.time())
        store.put(result_key(FLOW, sent.device_id), encode(sent), "application/json")
        return sent

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(put, range(count)))
    store.close()
    messages = [(topics.result(FLOW, sent.device_id), encode(sent)) for sent in results]
    messages += [(topics.device_status(device(n)), encode(status(n))) for n in range(count)]
    retain(yard.broker, messages)


def retain(broker: Mosquitto, messages: list[tuple[str, bytes]]) -> None:
    """Returns when the broker has acknowledged all of them."""
    done = Event()
    left = len(messages)

    def hear(event: BusEvent) -> None:
        nonlocal left
        left -= isinstance(event, Delivered)
        if not left:
            done.set()

    bus = MqttBus(broker.settings(queue=left), "filler")
    bus.start(hear)
    for token, (topic, payload) in enumerate(messages):
        bus.publish(topic, payload, retain=True, token=token)
    if not done.wait(120):
        raise RuntimeError("the broker did not take the retained messages")
    bus.stop()
