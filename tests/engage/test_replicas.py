"""Several replicas of the service; one is killed, and its browsers are back at once with the right values."""

import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from common.settings import BusSettings, StoreSettings
from tests.crowd import Crowd
from tests.engage.samples import result
from tests.engage.service import Engage, Worker, settled
from tests.nginx import Nginx
from tests.servers import Mosquitto, Weed

BACK = 3.0
"""Seconds in which every browser of a replica that was killed shows the truth again."""


@pytest.fixture
def bus(mosquitto: Mosquitto, prefix: str) -> BusSettings:
    return mosquitto.settings(prefix=prefix)


@pytest.fixture
def store(weed: Weed, bucket: str) -> StoreSettings:
    return weed.settings(bucket=bucket)


@pytest.fixture
def worker(bus: BusSettings, store: StoreSettings) -> Iterator[Worker]:
    worker = Worker(bus, store)
    worker.store.ensure_bucket()
    yield worker
    worker.stop()


@contextmanager
def replicas(folder: Path, count: int, bus: BusSettings, store: StoreSettings) -> Iterator[list[Engage]]:
    with ExitStack() as stack:
        servers = []
        for number in range(count):
            own = folder / str(number)
            own.mkdir()
            servers.append(stack.enter_context(Engage(own, bus, store)))
        for server in servers:
            settled(server)
        yield servers


def report(worker: Worker, devices: int, count: int) -> None:
    """Every device has `count` people in front of it."""
    for device in range(devices):
        sent = result(f"cam{device}", count, time.time(), count=count, window=600)
        worker.publish(worker.topics.result("production", sent.device_id), sent, retain=True)


def show(crowd: Crowd, devices: int, count: int) -> bool:
    right = {f"cam{device}": count for device in range(devices)}
    return all(
        {name: device["count"] for name, device in browser.devices.items()} == right
        for browser in crowd.browsers
    )


def test_three_replicas_behind_a_round_robin_and_one_is_killed(
    tmp_path: Path, bus: BusSettings, store: StoreSettings, worker: Worker
) -> None:
    with replicas(tmp_path, 3, bus, store) as servers:
        ports = [server.port for server in servers]
        with Nginx(tmp_path, ports) as nginx, Crowd([nginx.port], [{}] * 51, keep=True) as crowd:
            report(worker, 5, 1)
            crowd.until(lambda: crowd.shown == 51 and show(crowd, 5, 1), within=15)
            viewers = [server.metric("headway_viewers") for server in servers]
            assert viewers == [17, 17, 17]
            servers[0].kill()
            report(worker, 5, 2)
            crowd.until(lambda: crowd.summary()["lost"], within=2)
            crowd.until(lambda: crowd.shown == 51 and show(crowd, 5, 2), within=BACK)
            lost, gaps = crowd.summary()["lost"], crowd.summary()["gaps"]
            assert (lost, gaps) == (17, 0)


@pytest.mark.slow
def test_two_replicas_share_two_thousand_browsers_and_one_is_killed(
    tmp_path: Path, bus: BusSettings, store: StoreSettings, worker: Worker
) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with replicas(tmp_path, 2, bus, store) as servers:
        ports = [server.port for server in servers]
        report(worker, 40, 1)
        with Crowd(ports, [{}] * 2000) as crowd:
            crowd.until(lambda: crowd.shown == 2000, within=30)
            servers[0].kill()
            report(worker, 40, 2)
            crowd.until(lambda: crowd.shown < 2000, within=2)
            crowd.until(lambda: crowd.shown == 2000, within=BACK)
            summary, truth = crowd.summary(), servers[1].devices()
            assert (summary["gaps"], servers[1].metric("headway_viewers")) == (0, 2000)
            assert {device["count"] for device in truth.values()} == {2}
