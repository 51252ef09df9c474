"""A worker as its own process, on a real broker and a real store, with the real model."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from common import service
from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.picture import decode
from common.wire.codec import encode_people_counter
from common.wire.keys import ANNOUNCED, CAPTURES
from common.wire.messages import Capture, Claim, Finished, Renewal, Result, WorkerStatus
from common.wire.names import ObjectPath
from common.wire.topics import PEOPLE_COUNTER, Topics
from tests.chaos.worker import SLOWNESS
from tests.eventually import PATIENCE, eventually
from tests.inference.camera import Agent, jpeg
from tests.services import Ear, Services

StartWorker = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start_worker(services: Services) -> StartWorker:
    def start(name: str, **settings: object) -> "subprocess.Popen[bytes]":
        own = {"INFERENCE__NAME": name, "INFERENCE__PROFILE": "light"}
        return services.start("inference", name, own | settings)

    return start


@pytest.fixture
def agent(ear: Ear, bus: MqttBus, s3: S3Store, topics: Topics) -> Agent:  # noqa: ARG001 -- the ear starts the bus
    return Agent("cam-1", bus, s3, topics)


def online(ear: Ear, worker: str) -> bool:
    states = [m.state for m in ear.all(WorkerStatus) if m.worker == worker]
    return states[-1:] == ["online"]


def test_a_capture_becomes_a_result_and_a_snapshot_and_is_deleted(
    start_worker: StartWorker, ear: Ear, agent: Agent, s3: S3Store
) -> None:
    process = start_worker("w1")
    eventually(lambda: online(ear, "w1"))
    assert ear.all(WorkerStatus)[-1].version == service.version()
    capture = agent.send(jpeg(100), time.time())
    result = eventually(lambda: next(iter(ear.all(Result)), None))
    seen = result.analysis_metadata.results
    assert result.capture_id == capture.file_path.key
    assert 4 <= seen.count == seen.counts["person"] == sum(box[5] == "person" for box in seen.boxes)
    assert s3.get(result.file_path.key, 10_000_000)[:2] == b"\xff\xd8"
    eventually(lambda: not s3.list(CAPTURES))
    eventually(lambda: s3.list("results/production/cam-1.json"))
    process.terminate()
    assert process.wait(PATIENCE) == 0
    eventually(lambda: not online(ear, "w1"))


def test_a_bad_picture_is_deleted_and_the_next_one_is_counted(
    start_worker: StartWorker, ear: Ear, agent: Agent, s3: S3Store
) -> None:
    start_worker("w1")
    eventually(lambda: online(ear, "w1"))
    for data in (b"", b"no picture", jpeg()[:2000], jpeg()[:-500]):
        agent.send(data, time.time())
    good = agent.send(jpeg(), time.time())
    eventually(lambda: good.file_path.key in [r.capture_id for r in ear.all(Result)])
    eventually(lambda: not s3.list(CAPTURES))


def test_what_a_library_prints_of_a_damaged_picture_is_a_line_of_the_log(
    start_worker: StartWorker, ear: Ear, agent: Agent, s3: S3Store, tmp_path: Path
) -> None:
    process = start_worker("w1")
    eventually(lambda: online(ear, "w1"), within=30)
    picture = bytearray(cv2.imencode(".png", decode(jpeg()))[1].tobytes())
    picture[len(picture) // 2] ^= 0xFF
    agent.send(bytes(picture), time.time())
    eventually(lambda: not s3.list(CAPTURES))
    process.terminate()
    assert process.wait(5) == 0
    lines = [json.loads(line) for line in (tmp_path / "w1.log").read_text().splitlines()]
    (said,) = (line for line in lines if line["event"] == "a library says")
    assert said["level"] == "warning"
    assert said["text"].startswith("libpng error: ")
    assert [line["reason"] for line in lines if line["event"] == "a bad picture"] == ["damaged"]


def test_what_arrived_while_no_worker_ran_is_found_in_the_store(
    start_worker: StartWorker, ear: Ear, agent: Agent, s3: S3Store
) -> None:
    old = [agent.upload(jpeg(), time.time() - 100 + n) for n in range(5)]
    now = time.time()
    eventually(lambda: time.time() > now + 3.2)  # the sweep leaves out what is being announced right now
    start_worker("w1")
    eventually(lambda: ear.all(Result))
    assert [r.capture_id for r in ear.all(Result)] == [old[-1].file_path.key], "only the latest is analysed"
    eventually(lambda: not s3.list(CAPTURES))


def test_the_survivor_takes_over_from_a_killed_worker(
    start_worker: StartWorker, ear: Ear, bus: MqttBus, s3: S3Store, topics: Topics
) -> None:
    agents = [Agent(f"cam-{n}", bus, s3, topics) for n in range(20)]
    workers = [start_worker(name) for name in ("w1", "w2")]
    eventually(lambda: online(ear, "w1") and online(ear, "w2"))
    sent = [agent.send(jpeg(), time.time()) for agent in agents]
    eventually(lambda: ear.all(Result))
    workers[0].kill()
    keys = {capture.file_path.key for capture in sent}
    eventually(lambda: keys <= {r.capture_id for r in ear.all(Result)})
    eventually(lambda: not s3.list(CAPTURES))
    assert any(m.worker == "w2" for m in ear.all(Finished))


def test_a_worker_with_a_model_that_hangs_ends_soon_and_leaves_its_picture_to_others(
    services: Services, ear: Ear, agent: Agent, s3: S3Store
) -> None:
    services.environment |= {SLOWNESS: "1e6"}
    own = {"INFERENCE__NAME": "w1", "INFERENCE__MODEL_TIMEOUT": 600}
    process = services.start("tests.chaos.worker", "w1", own)
    eventually(lambda: online(ear, "w1"))
    agent.send(jpeg(), time.time())
    eventually(lambda: ear.all(Renewal))  # it holds the picture, and the model has had it for long
    process.terminate()
    assert process.wait(PATIENCE) == 0
    eventually(lambda: not online(ear, "w1"))
    assert not ear.all(Result)
    assert s3.list(CAPTURES)


def test_the_broker_forgets_a_worker_an_hour_after_its_last_word_or_its_will(
    start_worker: StartWorker, ear: Ear, bus: MqttBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would keep one for every name that a worker ever had."""
    lasts: dict[str, int] = {}
    pass_on = bus._client.on_message
    assert pass_on

    def note(client: Any, data: object, message: Any) -> None:
        lasts[json.loads(message.payload)["state"]] = message.properties.MessageExpiryInterval
        pass_on(client, data, message)

    monkeypatch.setattr(bus._client, "on_message", note)
    process = start_worker("w1")
    eventually(lambda: online(ear, "w1"))
    process.kill()
    eventually(lambda: not online(ear, "w1"))
    assert lasts == {"online": 3600, "offline": 3600}


def test_the_original_people_counter_is_answered_on_its_own_topic(
    start_worker: StartWorker, ear: Ear, bus: MqttBus, s3: S3Store, bucket: str
) -> None:
    start_worker("w1", COMPAT__PEOPLE_COUNTER="true")
    eventually(lambda: online(ear, "w1"))
    s3.put("image-1.jpg", jpeg())
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
    assert s3.get(name, 10_000_000)[:2] == b"\xff\xd8"
    eventually(lambda: not s3.list("image-1.jpg"))


def test_a_foreign_picture_whose_only_hearer_is_killed_is_answered_by_the_next_worker_once(
    start_worker: StartWorker, ear: Ear, bus: MqttBus, s3: S3Store, bucket: str
) -> None:
    """Its key names no device. The first worker waits for more pictures when it is killed."""
    first = start_worker("w1", COMPAT__PEOPLE_COUNTER="true", INFERENCE__MAX_WAIT=60)
    eventually(lambda: online(ear, "w1"), within=30)
    name = "image-0b4a1c5e-2f0c-4d53-9a53-0d9b8f1c7e11.jpg"
    s3.put(name, jpeg())
    sent = Capture(device_id="old-1", file_path=ObjectPath(bucket, name), creation_timestamp=time.time())
    bus.publish(PEOPLE_COUNTER, encode_people_counter(sent))
    eventually(lambda: s3.list(ANNOUNCED))
    first.kill()
    first.wait()
    assert s3.list(name)
    assert not ear.all(Claim)
    eventually(lambda: s3.list(ANNOUNCED)[0].age > 4)  # the sweep leaves out the youngest
    start_worker("w2", COMPAT__PEOPLE_COUNTER="true")
    (result,) = eventually(lambda: ear.all(Result), within=30)
    assert (result.device_id, result.capture_id) == ("old-1", name)
    assert result.analysis_metadata.results.count > 0
    eventually(lambda: not s3.list(name) and not s3.list(ANNOUNCED))
    eventually(lambda: name in [key for m in ear.all(Finished) for key in m.captures])
    assert len(ear.all(Result)) == 1
