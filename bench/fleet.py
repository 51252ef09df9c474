"""What 5,000 devices that report every second cost engage, and how old what it shows is.

Three may lag: the sender, the broker and engage. So the time until the broker acknowledges is a row of its
own, and what is shown is counted by itself, not by what was sent.
"""

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
from common.ports.bus import BusEvent, Delivered
from common.wire.codec import encode
from common.wire.keys import capture_key
from common.wire.topics import Topics
from tests.eventually import eventually

DEVICES = 5000
SECONDS = 20.0
_WARM_UP = 5.0
_SLICES = 50
_PACE, _TURN = 1.0, 0.25
"""Seconds between two reports of a device, and between two turns of what is shown."""

_LOOKS = 5
_pause = threading.Event()


def rows() -> Iterator[Row]:
    """Results a second that came into sight; cores that engage takes; ages at five looks at all devices."""
    with yard() as place:
        place.engage.start()
        eventually(place.engage.rebuilt, within=30)
        bus = MqttBus(place.broker.settings(queue=4 * DEVICES), "fleet")
        with _Fleet(bus) as fleet:
            eventually(lambda: len(place.engage.devices()) == DEVICES, within=60, every=_WARM_UP)
            fleet.waits.clear()
            rate, share, ages = _watch(place)
            waits = list(fleet.waits)
        bus.stop()
    yield Row("engage.devices_5000_shown_per_second", round(rate), "1/s", DEVICES)
    yield Row("engage.devices_5000_cpu", round(share, 2), "cores", 1.0)
    yield Row("engage.devices_5000_age_p99_s", _p99(ages), "s", _PACE + _TURN)
    yield Row("engage.devices_5000_of_it_until_the_broker_p99_s", _p99(waits), "s")


def _p99(times: list[float]) -> float:
    return round(quantiles(times, n=100)[98], 2)


class _Fleet:
    """Each device reports once a second, evenly; behind schedule they go as fast as they can."""

    def __init__(self, bus: MqttBus) -> None:
        self.waits: list[float] = []
        """Seconds from each publish to the broker's acknowledgement."""
        self._bus = bus
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fleet")

    def __enter__(self) -> Self:
        self._bus.start(self._hear)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _hear(self, event: BusEvent) -> None:
        if isinstance(event, Delivered):
            self.waits.append(time.monotonic() - event.token / 1e6)

    def _run(self) -> None:
        topics, due = Topics(), time.monotonic()
        each = [orjson.loads(encode(result(number, 1, time.time()))) for number in range(DEVICES)]
        while not self._stopping.is_set():
            for number, message in enumerate(each):
                if number % (DEVICES // _SLICES) == 0:
                    due += 1 / _SLICES
                    self._stopping.wait(max(0.0, due - time.monotonic()))
                topic = topics.result(FLOW, message["deviceID"])
                token = int(time.monotonic() * 1e6)
                self._bus.publish(topic, orjson.dumps(_again(message)), retain=True, token=token)


def _again(message: dict[str, Any]) -> dict[str, Any]:
    """The next capture, taken and announced now."""
    now, sequence = time.time(), message["sequence"] + 1
    message["captureID"] = capture_key(message["deviceID"], now, f"{sequence:032x}")
    message["sequence"] = sequence
    message["creationTimestamp"] = message["receivedAt"] = message["publishedAt"] = now
    message["staleAfter"] = now + 5
    return message


def _watch(place: Yard) -> tuple[float, float, list[float]]:
    """Results a second, cores used, those few looks included, and the ages they saw."""
    process, ages = psutil.Process(place.engage.pid), list[float]()
    first, before, start = _seen(place), _spent(process), time.monotonic()
    for _ in range(_LOOKS):
        _pause.wait(SECONDS / _LOOKS)
        devices = place.engage.devices().values()
        ages += [device["age"] for device in devices]
    lasted = time.monotonic() - start
    return (_seen(place) - first) / lasted, (_spent(process) - before) / lasted, ages


def _seen(place: Yard) -> int:
    """Results that were shown, or gave way to a later one in the same turn."""
    return sum(device["sequence"] for device in place.engage.devices().values())


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
