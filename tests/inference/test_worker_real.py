"""A worker as its own process, on a real broker and a real store, with the real model."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.bus import BusEvent, Connected, Received
from common.wire.codec import decode
from common.wire.keys import CAPTURES
from common.wire.messages import Finished, Result, WorkerStatus
from common.wire.topics import PEOPLE_COUNTER, Topics
from tests.eventually import eventually
from tests.inference.camera import Agent, jpeg
from tests.servers import Mosquitto, Weed


class Ear:
    """Everything that is said under a prefix, in order."""

    def __init__(self, bus: MqttBus, topics: Topics) -> None:
        self.heard: list[Received] = []
        self._topics = topics
        self._up = False
        bus.subscribe(f"{topics.prefix}/#", PEOPLE_COUNTER)
        bus.start(self._hear)
        eventually(lambda: self._up)

    def _hear(self, event: BusEvent) -> None:
        if isinstance(event, Connected):
            self._up = True
        elif isinstance(event, Received):
            self.heard.append(event)

    def results(self) -> list[Result]:
        return [m for m in self.messages() if isinstance(m, Result)]

    def messages(self) -> list[object]:
        ours = [r for r in self.heard if r.topic.startswith(self._topics.prefix)]
        return [decode(self._topics, r.topic, r.payload) for r in ours]


StartWorker = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start_worker(
    mosquitto: Mosquitto, weed: Weed, bucket: str, prefix: str, tmp_path: Path
) -> Iterator[StartWorker]:
    running: list[subprocess.Popen[bytes]] = []

    def start(name: str, **environ: str) -> "subprocess.Popen[bytes]":
        settings = {
            "HEADWAY_BUS__PORT": str(mosquitto.port),
            "HEADWAY_BUS__USERNAME": "headway",
            "HEADWAY_BUS__PASSWORD": mosquitto.secret,
            "HEADWAY_BUS__PREFIX": prefix,
            "HEADWAY_STORE__ENDPOINT": f"127.0.0.1:{weed.port}",
            "HEADWAY_STORE__ACCESS_KEY": "headway",
            "HEADWAY_STORE__SECRET_KEY": weed.secret,
            "HEADWAY_STORE__BUCKET": bucket,
            "HEADWAY_INFERENCE__NAME": name,
            "HEADWAY_INFERENCE__PROFILE": "light",
        }
        log = (tmp_path / f"{name}.log").open("ab")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "inference"], env=os.environ | settings | environ, stderr=log
            )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def store(weed: Weed, bucket: str) -> S3Store:
    store = S3Store(weed.settings(bucket=bucket))
    store.ensure_bucket()
    return store


@pytest.fixture
def bus(mosquitto: Mosquitto, prefix: str) -> Iterator[MqttBus]:
    bus = MqttBus(mosquitto.settings(), f"ear-{prefix[-6:]}")
    yield bus
    bus.stop()


@pytest.fixture
def ear(bus: MqttBus, topics: Topics) -> Ear:
    return Ear(bus, topics)


@pytest.fixture
def agent(ear: Ear, bus: MqttBus, store: S3Store, topics: Topics) -> Agent:  # noqa: ARG001 -- the ear starts the bus
    return Agent("cam-1", bus, store, topics)


def online(ear: Ear, worker: str) -> bool:
    states = [m.state for m in ear.messages() if isinstance(m, WorkerStatus) and m.worker == worker]
    return states[-1:] == ["online"]


def test_a_capture_becomes_a_result_and_a_snapshot_and_is_deleted(
    start_worker: StartWorker, ear: Ear, agent: Agent, store: S3Store
) -> None:
    process = start_worker("w1")
    eventually(lambda: online(ear, "w1"), within=30)
    capture = agent.send(jpeg(100), time.time())
    result = eventually(lambda: next(iter(ear.results()), None))
    seen = result.analysis_metadata.results
    assert result.capture_id == capture.file_path.key
    assert 4 <= seen.count == seen.counts["person"] == sum(box[5] == "person" for box in seen.boxes)
    assert store.get(result.file_path.key, 10_000_000)[:2] == b"\xff\xd8"
    eventually(lambda: not store.list(CAPTURES))
    eventually(lambda: store.list("results/production/cam-1.json"))
    process.terminate()
    assert process.wait(5) == 0
    eventually(lambda: not online(ear, "w1"))


def test_a_bad_picture_is_deleted_and_the_next_one_is_counted(
    start_worker: StartWorker, ear: Ear, agent: Agent, store: S3Store
) -> None:
    start_worker("w1")
    eventually(lambda: online(ear, "w1"), within=30)
    for data in (b"", b"no picture", jpeg()[:2000], jpeg()[:-500]):
        agent.send(data, time.time())
    good = agent.send(jpeg(), time.time())
    eventually(lambda: good.file_path.key in [r.capture_id for r in ear.results()])
    eventually(lambda: not store.list(CAPTURES))


def test_what_arrived_while_no_worker_ran_is_found_in_the_store(
    start_worker: StartWorker, ear: Ear, agent: Agent, store: S3Store
) -> None:
    now = time.time()
    old = [agent.upload(jpeg(), now - 100 + n) for n in range(5)]
    eventually(lambda: time.time() > now + 3.2)  # the sweep leaves out what is being announced right now
    start_worker("w1")
    eventually(ear.results, within=30)
    assert [r.capture_id for r in ear.results()] == [old[-1].file_path.key], "only the latest is analysed"
    eventually(lambda: not store.list(CAPTURES))


def test_the_survivor_takes_over_from_a_killed_worker(
    start_worker: StartWorker, ear: Ear, bus: MqttBus, store: S3Store, topics: Topics
) -> None:
    agents = [Agent(f"cam-{n}", bus, store, topics) for n in range(20)]
    workers = [start_worker(name) for name in ("w1", "w2")]
    eventually(lambda: online(ear, "w1") and online(ear, "w2"), within=30)
    sent = [agent.send(jpeg(), time.time()) for agent in agents]
    eventually(ear.results)
    workers[0].kill()
    keys = {capture.file_path.key for capture in sent}
    eventually(lambda: keys <= {r.capture_id for r in ear.results()}, within=15)
    eventually(lambda: not store.list(CAPTURES), within=15)
    assert any(isinstance(m, Finished) and m.worker == "w2" for m in ear.messages())


def test_the_original_people_counter_is_answered_on_its_own_topic(
    start_worker: StartWorker, ear: Ear, bus: MqttBus, store: S3Store, bucket: str
) -> None:
    start_worker("w1", HEADWAY_COMPAT__PEOPLE_COUNTER="true")
    eventually(lambda: online(ear, "w1"), within=30)
    store.put("image-1.jpg", jpeg())
    bus.publish(
        PEOPLE_COUNTER,
        f'{{"type":"data","deviceID":"60261e35-1","filePath":"{bucket}/image-1.jpg",'
        '"creationTimestamp":1577830187.990863}'.encode(),
    )
    answer = eventually(lambda: next((r for r in ear.heard if b'"result"' in r.payload), None)).payload
    said = json.loads(answer)
    assert list(said) == ["type", "deviceID", "filePath", "creationTimestamp", "analysisMetadata"]
    assert said["deviceID"] == "60261e35-1"
    assert said["creationTimestamp"] == 1577830187.990863
    assert said["analysisMetadata"]["results"]["count"] > 0
    assert list(said["analysisMetadata"]["results"]) == ["count"]
    place, name = said["filePath"].split("/")
    assert place == bucket, "the original looks at two parts only"
    assert store.get(name, 10_000_000)[:2] == b"\xff\xd8"
    eventually(lambda: not store.list("image-1.jpg"))
