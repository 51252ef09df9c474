"""One message of each kind, small and full, at home on its topic."""

from typing import NamedTuple

from common.wire.messages import (
    AnalysisMetadata,
    AnyMessage,
    Capture,
    Claim,
    DeviceConfig,
    DeviceSettings,
    DeviceStatus,
    Finished,
    Model,
    Renewal,
    Result,
    Results,
    Trouble,
    WorkerStatus,
)
from common.wire.names import ObjectPath
from common.wire.topics import PEOPLE_COUNTER, Topics

TOPICS = Topics()
KEY = "captures/cam-1/20260102T030405000006Z-0123456789abcdef0123456789abcdef.jpg"
MODEL = Model(name="ssdlite-mobilenet-v2-coco", digest="0123abcd")
PICTURE = ObjectPath("people-counter-images", KEY)


class Sent(NamedTuple):
    name: str
    topic: str
    message: AnyMessage


SMALL_CAPTURE = Capture(device_id="cam-1", file_path=PICTURE, creation_timestamp=1577830187.990863)
SMALL_RESULT = Result(
    device_id="cam-1",
    file_path=PICTURE,
    creation_timestamp=1577830187.990863,
    analysis_metadata=AnalysisMetadata(results=Results(count=5)),
)
FULL_CAPTURE = Capture(
    device_id="cam-1",
    file_path=PICTURE,
    creation_timestamp=1577830187.990863,
    sequence=7,
    width=768,
    height=576,
    interval=1.0,
    site="yard",
    agent_version="0.1.0",
)
FULL_RESULT = Result(
    device_id="cam-1",
    file_path=ObjectPath("people-counter-images", "snapshots/production/cam-1.jpg"),
    creation_timestamp=1577830187.990863,
    capture_id=KEY,
    sequence=7,
    received_at=1577830188.0,
    published_at=1577830188.2,
    stale_after=1577830193.0,
    site="yard",
    analysis_metadata=AnalysisMetadata(
        results=Results(
            count=1,
            flow="production",
            model=MODEL,
            counts={"person": 1, "train": 0},
            boxes=((1.5, 2.0, 3.25, 4.0, 0.875, "person"),),
            zones={"platform": 1},
            worker="host-12",
            width=768,
            height=576,
            queue_ms=12.5,
            inference_ms=56.0,
        )
    ),
)
EVERY = [
    Sent("small capture", TOPICS.image("cam-1"), SMALL_CAPTURE),
    Sent("full capture", TOPICS.image("cam-1"), FULL_CAPTURE),
    Sent("small result", TOPICS.result("production", "cam-1"), SMALL_RESULT),
    Sent("full result", TOPICS.result("production", "cam-1"), FULL_RESULT),
    Sent("claim", TOPICS.claim("production", "0"), Claim(worker="w", captures=((KEY, 0), ("a.jpg", 2)))),
    Sent("renewal", TOPICS.claim("production", "0"), Renewal(worker="w", captures=((KEY, 1),))),
    Sent("finished", TOPICS.claim("production", "0"), Finished(worker="w", captures=(KEY,))),
    Sent(
        "trouble",
        TOPICS.trouble("production", "cam-1"),
        Trouble(
            device_id="cam-1",
            capture_id=KEY,
            creation_timestamp=1577830187.990863,
            reason="the model ended with SIGSEGV",
            quarantined="quarantine/production/cam-1/a.jpg",
            published_at=1577830188.5,
        ),
    ),
    Sent(
        "device config",
        TOPICS.device_config("cam-1"),
        DeviceConfig(
            device_id="cam-1",
            revision=3,
            settings=DeviceSettings(interval=2.5, name="Gate ü", site="yard", group="g", paused=True),
            by="ada",
            at=1577830188.0,
        ),
    ),
    Sent(
        "empty device config",
        TOPICS.device_config("cam-1"),
        DeviceConfig(device_id="cam-1", revision=0, settings=DeviceSettings()),
    ),
    Sent(
        "device status",
        TOPICS.device_status("cam-1"),
        DeviceStatus(
            device_id="cam-1",
            state="online",
            session="s",
            interval=1.0,
            pending=2,
            camera="a.avi",
            name="Gate",
            site="yard",
            group="g",
            paused=True,
            applied=3,
        ),
    ),
    Sent(
        "device's will",
        TOPICS.device_status("cam-1"),
        DeviceStatus(device_id="cam-1", state="offline", session="s"),
    ),
    Sent(
        "worker status",
        TOPICS.worker_status("w"),
        WorkerStatus(
            worker="w",
            state="online",
            session="s",
            flow="production",
            load=3,
            model=MODEL,
            profile="light",
            version="0.1.0",
        ),
    ),
    Sent("people-counter's capture", PEOPLE_COUNTER, SMALL_CAPTURE),
    Sent("people-counter's result", PEOPLE_COUNTER, FULL_RESULT),
]
