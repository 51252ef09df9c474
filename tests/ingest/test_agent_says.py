"""What an agent says of its pictures and of itself."""

from dataclasses import replace

from ingest.events import Announce, Announced, CaptureFailed, Online, Tick, Uploaded
from tests.ingest.story import ME, agent, key, picture, play


def test_an_announcement_says_what_was_taken() -> None:
    core = agent()
    core.handle(Online(), 0.0)
    core.handle(picture(0), 0.1)
    core.handle(Uploaded(key(0)), 0.2)
    core.handle(Tick(), 1.0)
    core.handle(picture(1), 1.1)
    (effect,) = core.handle(Uploaded(key(1)), 1.2)
    assert isinstance(effect, Announce)
    assert effect.capture.model_dump(by_alias=True, mode="json") == {
        "type": "data",
        "deviceID": "cam-1",
        "filePath": "bucket/captures/cam-1/1.jpg",
        "creationTimestamp": 1e9 + 1,
        "schemaVersion": 1,
        "sequence": 1,
        "width": 640,
        "height": 480,
        "interval": 1.0,
        "site": "yard",
        "agentVersion": "0.1.0",
    }


def test_the_status_counts_and_stays_within_its_bounds() -> None:
    core = agent(limit=2, me=replace(ME, camera="x" * 600))
    for number in range(3):
        core.handle(Tick(), float(number))
        core.handle(picture(number), number + 0.1)
    core.handle(Tick(), 3.0)
    core.handle(CaptureFailed("y" * 600, lasting=False), 3.1)
    status = core.status("offline")
    assert (status.captured, status.pending, status.dropped) == (3, 2, 1)
    assert (status.camera, status.error) == ("x" * 500, "y" * 500)


def test_reports_every_thirty_seconds() -> None:
    core = agent(interval=3600)
    core.handle(Online(), 0.0)
    core.handle(picture(0), 0.1)
    core.handle(Uploaded(key(0)), 0.2)
    core.handle(Announced(key(0)), 0.3)
    assert core.deadline() == 30
    assert play(core, [(29.9, Tick()), (30.0, Tick()), (59.9, Tick()), (60.0, Tick())]) == [
        [],
        ["report well"],
        [],
        ["report well"],
    ]
