"""A browser that does not read for a while, at the real service: no memory, no gap, and then the truth."""

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from common.settings import BusSettings, StoreSettings
from tests.crowd import Crowd
from tests.engage.samples import result
from tests.engage.service import Engage, Worker, settled
from tests.eventually import PATIENCE, eventually

SLOW, DEVICES, WAVES = 30, 250, 12


@pytest.fixture
def engage(tmp_path: Path, bus: BusSettings, store: StoreSettings) -> Iterator[Engage]:
    with Engage(tmp_path, bus, store) as engage:
        settled(engage)
        yield engage


def test_who_reads_nothing_for_a_while_costs_little_and_gets_one_fresh_snapshot(
    worker: Worker, engage: Engage
) -> None:
    def report(count: int) -> None:
        for device in range(DEVICES):
            sent = result(f"cam{device}", count, time.time(), count=count, window=600)
            worker.publish(worker.topics.result("production", sent.device_id), sent)
        eventually(lambda: all(d["count"] == count for d in engage.devices().values()))

    report(0)
    with Crowd([engage.port], [{}] * SLOW, keep=True, unread=4096) as crowd:
        crowd.until(lambda: crowd.shown == SLOW, within=PATIENCE)
        report(1)
        crowd.during(0.5)
        seen, process = crowd.summary()["snapshots"], psutil.Process(engage.pid)
        before, received = process.memory_info().rss, crowd.bytes
        for wave in range(2, WAVES):
            report(wave)
        grown = process.memory_info().rss - before
        assert engage.metric("headway_viewers_behind_total") >= SLOW
        crowd.until(lambda: all(_right(browser.devices) for browser in crowd.browsers), within=PATIENCE)
        told = crowd.summary()
    assert grown < received * (WAVES - 2) / 5, "what nobody reads is not kept"
    assert (told["gaps"], told["lost"]) == (0, 0)
    assert seen + SLOW <= told["snapshots"] <= seen + 3 * SLOW


def _right(devices: dict[str, dict[str, int]]) -> bool:
    return {device["count"] for device in devices.values()} == {WAVES - 1}
