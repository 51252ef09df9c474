"""The core as a table: what it asks for after what has happened."""

import pytest

from ingest.capture import PATIENCE
from ingest.events import (
    Announced,
    AnnounceFailed,
    CameraEnded,
    CaptureFailed,
    Event,
    Offline,
    Online,
    Tick,
    Uploaded,
    UploadFailed,
)
from tests.ingest.story import agent, key, picture, play

BROKEN = CaptureFailed("no cable", lasting=False)


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(
            [
                (0.0, Tick(), ["take"]),
                (0.1, Online(), ["report well"]),
                (0.2, picture(0), ["upload 0"]),
                (0.3, Uploaded(key(0)), ["announce 0"]),
                (0.4, Announced(key(0)), []),
                (0.9, Tick(), []),
                (1.0, Tick(), ["take"]),
            ],
            id="taken, uploaded, announced",
        ),
        pytest.param(
            [
                (0.0, Online(), ["take", "report well"]),
                (0.1, picture(0), ["upload 0"]),
                (1.0, Tick(), ["take"]),
                (1.1, picture(1), []),
                (1.2, UploadFailed(key(0), "down", transient=True), ["report down"]),
                (2.1, Tick(), ["take"]),
                (2.2, Tick(), ["upload 0"]),
                (2.3, UploadFailed(key(0), "down", transient=True), []),
                (4.2, Tick(), []),
                (4.3, Tick(), ["upload 0"]),
                (4.4, Uploaded(key(0)), ["announce 0", "upload 1", "report well"]),
            ],
            id="a store that is down is tried again after 1 s, then 2 s",
        ),
        pytest.param(
            [
                (0.0, Online(), ["take", "report well"]),
                (0.1, picture(0), ["upload 0"]),
                (1.0, Tick(), ["take"]),
                (1.1, picture(1), []),
                (
                    1.2,
                    UploadFailed(key(0), "denied", transient=False),
                    ["drop 0: refused by the store", "upload 1", "report denied"],
                ),
            ],
            id="what the store will never take is dropped",
        ),
        pytest.param(
            [
                (0.0, Online(), ["take", "report well"]),
                (0.1, picture(0), ["upload 0"]),
                (0.2, Offline(), []),
                (0.3, Uploaded(key(0)), []),
                (1.0, Tick(), ["take"]),
                (1.1, picture(1), []),
                (2.0, Tick(), ["take"]),
                (2.1, picture(2), []),
                (3.0, Tick(), ["take"]),
                (3.1, picture(3), ["drop 0: too many pending"]),
                (3.2, Online(), ["upload 1", "report well"]),
                (3.3, Uploaded(key(1)), ["announce 1", "upload 2"]),
            ],
            id="without a broker nothing is uploaded, and the oldest make room",
        ),
        pytest.param(
            [
                (0.0, Online(), ["take", "report well"]),
                (0.1, picture(0), ["upload 0"]),
                (0.2, Uploaded(key(0)), ["announce 0"]),
                (1.0, Tick(), ["take"]),
                (1.1, picture(1), ["upload 1"]),
                (1.2, AnnounceFailed(key(0), "not authorized"), ["report not authorized"]),
                (1.3, Uploaded(key(1)), []),
                (2.0, Tick(), ["take"]),
                (2.1, picture(2), []),
                (2.2, Tick(), ["announce 0", "announce 1", "upload 2"]),
                (2.3, Announced(key(0)), ["report well"]),
                (2.4, Announced(key(0)), []),
            ],
            id="a refused announcement is repeated, and holds uploads back until then",
        ),
        pytest.param(
            [
                (0.0, Online(), ["take", "report well"]),
                (0.1, picture(0), ["upload 0"]),
                (0.2, Uploaded(key(0)), ["announce 0"]),
                (0.3, AnnounceFailed(key(0), "busy"), ["report busy"]),
                (1.3, Tick(), ["announce 0", "take"]),
                (1.4, Announced(key(0)), ["report well"]),
                (1.5, picture(1), ["upload 1"]),
                (1.6, Uploaded(key(1)), ["announce 1"]),
                (1.7, AnnounceFailed(key(1), "busy"), ["report busy"]),
                (2.7, Tick(), ["announce 1", "take"]),
            ],
            id="an announcement that gets through makes the next wait short again",
        ),
        pytest.param(
            [
                (0.0, Online(), ["take", "report well"]),
                (0.1, BROKEN, ["report no cable"]),
                (1.0, Tick(), []),
                (1.1, Tick(), ["take"]),
                (1.2, BROKEN, []),
                (3.1, Tick(), []),
                (3.2, Tick(), ["take"]),
                (3.3, picture(0), ["upload 0", "report well"]),
                (4.1, Tick(), ["take"]),
                (4.2, CaptureFailed("wrong password", lasting=True), ["report wrong password"]),
                (64.1, Tick(), ["report wrong password"]),
                (64.2, Tick(), ["take"]),
            ],
            id="a broken camera is tried again after 1 s and 2 s, a wrong password after 60 s",
        ),
        pytest.param(
            [
                (0.0, Online(), ["take", "report well"]),
                (PATIENCE - 0.1, Tick(), []),
                (PATIENCE, Tick(), ["report the camera has not answered for 15 s"]),
                (60.0, Tick(), ["report the camera has not answered for 15 s"]),
                (61.0, picture(0), ["upload 0", "take", "report well"]),
            ],
            id="a silent camera is reported, and not asked twice",
        ),
        pytest.param(
            [
                (0.0, Tick(), ["take"]),
                (0.1, picture(0, 500), []),
                (1.0, Tick(), ["take"]),
                (1.1, picture(1, 400), []),
                (2.0, Tick(), ["take"]),
                (2.1, picture(2, 300), ["drop 0: too much memory"]),
            ],
            id="memory is bounded by bytes too",
        ),
        pytest.param(
            [
                (0.0, Online(), ["take", "report well"]),
                (0.1, CameraEnded(), ["finish"]),
                (9.0, Tick(), []),
            ],
            id="the end of a recording is the end of the agent",
        ),
        pytest.param(
            [
                (0.0, Tick(), ["take"]),
                (0.1, picture(0), []),
                (1.0, Tick(), ["take"]),
                (1.1, CameraEnded(), []),
                (9.0, Tick(), []),
                (9.1, Online(), ["upload 0", "report well"]),
                (9.2, Uploaded(key(0)), ["announce 0"]),
                (9.3, Announced(key(0)), ["finish"]),
            ],
            id="but first all is announced",
        ),
    ],
)
def test_events_and_effects(story: list[tuple[float, Event, list[str]]]) -> None:
    said = play(agent(), [(now, event) for now, event, _ in story])
    assert said == [effects for *_, effects in story]


def test_a_lossless_agent_waits_for_room() -> None:
    core = agent(limit=2, interval=0, lossless=True)
    assert play(
        core,
        [
            (0.0, Tick()),
            (0.1, picture(0)),
            (0.2, picture(1)),
            (9.0, Online()),
            (9.1, Uploaded(key(0))),
            (9.2, Announced(key(0))),
        ],
    ) == [["take"], ["take"], [], ["upload 0", "report well"], ["announce 0", "upload 1"], ["take"]]


def test_ends_after_so_many_frames() -> None:
    core = agent(frames=1)
    events: list[tuple[float, Event]] = [
        (0.0, Online()),
        (0.1, picture(0)),
        (0.2, Uploaded(key(0))),
        (0.3, Announced(key(0))),
    ]
    assert play(core, events)[1:] == [["upload 0"], ["announce 0"], ["finish"]]
