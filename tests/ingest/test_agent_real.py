"""An agent as its own process, on a real broker and a real store."""

import signal
import socket
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import cv2
import psutil
import pytest
import requests

from common.adapters.s3 import S3Store
from common.picture import Header, measure
from common.wire.keys import CAPTURES, parse_capture_key
from tests.assets import asset
from tests.eventually import PATIENCE, eventually
from tests.ingest.conftest import AgentEar, StartAgent
from tests.ingest.http_camera import HttpCamera
from tests.metrics import total
from tests.servers import Mosquitto, Weed, free_ports

LIMIT = 10_000_000
LEAVING = 20.0
"""Seconds in which an agent leaves, whatever hangs; what hangs here does so for a minute."""


def test_pictures_are_in_the_store_when_they_are_announced(
    start_agent: StartAgent, ear: AgentEar, s3: S3Store
) -> None:
    began = time.time()
    start_agent(asset("vtest.avi"), interval=0.1, site="campus", pending=1000)
    eventually(lambda: len(ear.captures) >= 8)
    for capture in ear.captures:
        key = capture.file_path.key
        assert measure(s3.get(key, LIMIT)) == Header(768, 576)
        named = parse_capture_key(key)
        assert named
        assert named.device == capture.device_id == "cam-1"
        assert named.taken_at == pytest.approx(capture.creation_timestamp, abs=1e-5)
        assert began < capture.creation_timestamp < time.time()
        assert (capture.width, capture.height, capture.interval, capture.site) == (768, 576, 0.1, "campus")
    assert [c.sequence for c in ear.captures] == list(range(len(ear.captures)))
    gaps = [b.creation_timestamp - a.creation_timestamp for a, b in pairwise(ear.captures)]
    assert 0.05 < median(gaps) < 0.5, "not once a second, as usual"


def test_says_online_at_once_and_offline_on_leaving(start_agent: StartAgent, ear: AgentEar) -> None:
    agent = start_agent(asset("vtest.avi"), interval=600)
    online = eventually(lambda: ear.status)
    assert (online.state, online.error, online.camera) == ("online", None, str(asset("vtest.avi")))
    eventually(lambda: ear.captures)
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(PATIENCE) == 0
    offline = eventually(lambda: ear.status if ear.status != online else None)
    assert (offline.state, offline.session, offline.captured) == (
        "offline",
        online.session,
        1,
    )


def test_its_will_says_offline_when_it_is_killed(start_agent: StartAgent, ear: AgentEar) -> None:
    agent = start_agent(asset("vtest.avi"))
    online = eventually(lambda: ear.status)
    agent.kill()
    eventually(lambda: ear.status and ear.status.state == "offline")
    assert ear.status
    assert ear.status.session == online.session


def test_a_recording_is_sent_whole_as_fast_as_it_can_be(
    start_agent: StartAgent, ear: AgentEar, s3: S3Store
) -> None:
    agent = start_agent(asset("vtest.avi"), realtime="false", loop="false", interval=1)
    assert agent.wait(PATIENCE) == 0
    assert [c.sequence for c in ear.captures] == list(range(80)), "795 frames at 10 a second, one a second"
    assert {o.key for o in s3.list(CAPTURES)} == {c.file_path.key for c in ear.captures}


def start_with_metrics(start_agent: StartAgent, **settings: object) -> int:
    """The port."""
    (port,) = free_ports(1)
    start_agent(asset("vtest.avi"), TELEMETRY__METRICS_PORT=port, **settings)
    return port


def test_after_an_outage_of_the_store_the_newest_are_sent(
    start_agent: StartAgent, ear: AgentEar, s3: S3Store, weed: Weed
) -> None:
    port = start_with_metrics(start_agent, interval=0.1, pending=5)
    eventually(lambda: ear.captures)
    weed.kill()
    eventually(lambda: f"127.0.0.1:{weed.port}" in ear.error())
    before = len(ear.captures)
    eventually(lambda: total(port, "headway_agent_captured") > before + 15)
    captured = total(port, "headway_agent_captured")
    weed.start()
    eventually(lambda: len(ear.captures) >= before + 5 and not ear.error())
    late = ear.captures[before:]
    numbers = [c.sequence or 0 for c in late]
    assert numbers == sorted(set(numbers))
    assert numbers[0] > captured - 10, "only five are kept, and one is under way"
    for capture in late:
        s3.get(capture.file_path.key, LIMIT)


def test_after_an_outage_of_the_broker_the_newest_are_sent(
    start_agent: StartAgent, ear: AgentEar, s3: S3Store, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    port = start_with_metrics(start_agent, interval=0.1, pending=5)
    eventually(lambda: ear.captures)
    mosquitto.kill()
    eventually(lambda: "no MQTT broker" in (tmp_path / "cam-1.log").read_text())
    stored, captured = (total(port, f"headway_agent_{what}") for what in ("uploaded", "captured"))
    eventually(lambda: total(port, "headway_agent_captured") > captured + 10)
    assert total(port, "headway_agent_uploaded") <= stored + 2, "nothing that nobody can be told of"
    before = len(ear.captures)
    mosquitto.start()
    eventually(lambda: len(ear.captures) >= before + 5)
    announced = [c.file_path.key for c in ear.captures]
    late = announced[before:]
    assert len(set(late)) == len(late), "again is only what the broker had not acknowledged"
    assert set(announced) <= {o.key for o in s3.list(CAPTURES)}


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_leaves_in_time_while_the_camera_hangs(
    scheme: str, start_agent: StartAgent, ear: AgentEar, silent: int
) -> None:
    agent = start_agent(f"{scheme}://127.0.0.1:{silent}/x", module="tests.ingest.lenient")
    eventually(lambda: ear.status)
    agent.terminate()
    assert agent.wait(LEAVING) == 0
    eventually(lambda: ear.status and ear.status.state == "offline")


def test_leaves_in_time_while_the_servers_hang(
    start_agent: StartAgent, ear: AgentEar, mosquitto: Mosquitto, weed: Weed
) -> None:
    agent = start_agent(asset("vtest.avi"), interval=0.1)
    eventually(lambda: ear.captures)
    frozen = [psutil.Process(weed.pid), psutil.Process(mosquitto.pid)]
    try:
        for process in frozen:
            process.suspend()
        agent.terminate()
        assert agent.wait(LEAVING) == 0
    finally:
        for process in frozen:
            process.resume()


def test_a_camera_in_trouble_is_told_and_tried_again_without_its_password(
    start_agent: StartAgent, ear: AgentEar, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    start_agent(f"http://admin:canary@127.0.0.1:{port}/snapshot.jpg?pwd=canary")
    place = f"http://127.0.0.1:{port}"
    eventually(lambda: ear.error() == f"cannot reach {place}: Connection refused")
    capture = cv2.VideoCapture(str(asset("vtest.avi")))
    picture = cv2.imencode(".jpg", capture.read()[1])[1].tobytes()
    capture.release()
    with HttpCamera(picture, port).running():
        eventually(lambda: ear.captures and not ear.error())
    eventually(lambda: "Connection refused" in ear.error())
    assert ear.status
    assert ear.status.camera == place
    assert "canary" not in (tmp_path / "cam-1.log").read_text() + "".join(ear.said())


def test_a_missing_recording_is_waited_for(start_agent: StartAgent, ear: AgentEar, tmp_path: Path) -> None:
    path = tmp_path / "later.avi"
    start_agent(path)
    eventually(lambda: ear.error() == f"cannot read {path}: No such file or directory")


def test_serves_its_metrics(start_agent: StartAgent, ear: AgentEar) -> None:
    (port,) = free_ports(1)
    start_agent(asset("vtest.avi"), interval=0.1, pending=50, TELEMETRY__METRICS_PORT=port)
    eventually(lambda: len(ear.captures) > 3)
    lines = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE).text.splitlines()
    values = {name: float(value) for name, value in (x.rsplit(" ", 1) for x in lines if x[0] != "#")}
    assert values["headway_agent_captured_total"] >= values["headway_agent_uploaded_total"] >= 3
    assert values["headway_agent_announced_total"] >= 3
    assert values["headway_agent_capture_seconds_count"] >= 3
    assert values["headway_agent_upload_seconds_count"] >= 3
    assert 0 <= values["headway_agent_pending"] <= 50
    assert values["headway_bus_connected"] == 1
