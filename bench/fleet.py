"""What 5,000 devices that report every second cost engage, and how old what it shows is."""

import threading
import time
from collections.abc import Iterator
from statistics import quantiles
from typing import Any, Self

import orjson
import psutil

from bench.row import Row
from bench.yard import FLOW, Yard, result, yard
from common.adapters.mqtt import MqttBus
from common.wire.codec import encode
from common.wire.keys import capture_key
from common.wire.topics import Topics
from tests.eventually import eventually

DEVICES = 5000
SECONDS = 20.0
_WARM_UP = 5.0
_SLICES = 50
_LOOKS = 5
_pause = threading.Event()


def rows() -> Iterator[Row]:
    """Cores that engage takes; the ages that five looks at all devices saw; one second is the pace."""
    with yard() as place:
        place.engage.start()
        eventually(place.engage.rebuilt, within=30)
        bus = MqttBus(place.broker.settings(queue=4 * DEVICES), "fleet")
        bus.start(lambda _: None)
        with _Fleet(bus) as fleet:
            eventually(lambda: len(place.engage.devices()) == DEVICES, within=60, every=_WARM_UP)
            sent, start = fleet.sent, time.monotonic()
            share, ages = _watch(place)
            rate = (fleet.sent - sent) / (time.monotonic() - start)
        bus.stop()
    yield Row("engage.devices_5000_per_second", round(rate), "1/s", DEVICES)
    yield Row("engage.devices_5000_per_second_cpu", round(share, 2), "cores", 1.0)
    yield Row("engage.devices_5000_age_p99_s", round(quantiles(ages, n=100)[98], 2), "s", 1.0 + 0.25)


class _Fleet:
    """Each device reports once a second, evenly; behind schedule they go as fast as they can."""

    def __init__(self, bus: MqttBus) -> None:
        self.sent = 0
        self._bus = bus
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fleet")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        topics, due = Topics(), time.monotonic()
        each = [orjson.loads(encode(result(number, 1, time.time()))) for number in range(DEVICES)]
        while not self._stopping.is_set():
            for number, message in enumerate(each):
                if number % (DEVICES // _SLICES) == 0:
                    due += 1 / _SLICES
                    self._stopping.wait(max(0.0, due - time.monotonic()))
                topic = topics.result(FLOW, message["deviceID"])
                self._bus.publish(topic, orjson.dumps(_again(message)), retain=True)
                self.sent += 1


def _again(message: dict[str, Any]) -> dict[str, Any]:
    """The next capture, taken and announced now."""
    now, sequence = time.time(), message["sequence"] + 1
    message["captureID"] = capture_key(message["deviceID"], now, f"{sequence:032x}")
    message["sequence"] = sequence
    message["creationTimestamp"] = message["receivedAt"] = message["publishedAt"] = now
    message["staleAfter"] = now + 5
    return message


def _watch(place: Yard) -> tuple[float, list[float]]:
    """Cores used, those few looks included, and the ages they saw."""
    process, ages = psutil.Process(place.engage.pid), list[float]()
    before, start = _spent(process), time.monotonic()
    for _ in range(_LOOKS):
        _pause.wait(SECONDS / _LOOKS)
        ages += [device["age"] for device in place.engage.devices().values()]
    return (_spent(process) - before) / (time.monotonic() - start), ages


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
