"""Announcements shared out among real processes on a real broker, before and after one of them is killed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inference.shards import LISTENERS
from tests.chaos.audience import Audience
from tests.chaos.scene import scene
from tests.chaos.worker import HEARTBEAT
from tests.eventually import eventually
from tests.metrics import total

WORKERS = 5
CAPTURES = 150
DEVICES = 2 * CAPTURES

_pause = threading.Event()


def answered(audience: Audience) -> None:
    eventually(lambda: not audience.books.missing() and audience.left() == 0, within=60, every=0.2)


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_each_hears_its_part_and_nothing_is_lost_when_one_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HEARTBEAT, "1")
    with scene("mosquitto", tmp_path, WORKERS, lease=3) as stage:
        audience, fleet = stage.audience, stage.fleet
        audience.introduce(range(DEVICES))
        eventually(lambda: audience.sharing == WORKERS, within=30)
        audience.send(range(CAPTURES))
        answered(audience)
        heard = [total(port, "headway_bus_messages", kind="Capture") for port in fleet.metrics.values()]
        assert sum(heard) == LISTENERS * CAPTURES
        assert max(heard) < CAPTURES
        with ThreadPoolExecutor(1, "sending") as pool:
            sending = pool.submit(audience.send, range(CAPTURES, DEVICES), 50)
            _pause.wait(1)
            fleet.kill("w0")
            sending.result()
        answered(audience)
        assert not audience.lost()
        assert set(audience.books.taken.values()) == {1}
