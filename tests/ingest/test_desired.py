"""What somebody wants of an agent: applied, refused, taken back, and told."""

import pytest

from ingest.desired import SILENCE
from ingest.events import (
    Announce,
    CameraEnded,
    CaptureFailed,
    ConfigCleared,
    ConfigRefused,
    Event,
    Offline,
    Online,
    Released,
    Tick,
    Uploaded,
)
from tests.ingest.story import agent, key, picture, play, wanted

NO_PACE = "a recording that is played as fast as possible has no interval"
BEGIN: list[tuple[float, Event, list[str]]] = [
    (0.0, Online(), ["take", "report well"]),
    (0.1, picture(0), ["upload 0"]),
]


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(
            [
                (0.2, wanted(1, interval=5), ["report well, 1 applied"]),
                (4.9, Tick(), []),
                (5.0, Tick(), ["take"]),
                (5.1, picture(1), []),
                (5.2, wanted(2, interval=1), ["report well, 2 applied"]),
                (6.0, Tick(), ["take"]),
            ],
            id="a longer interval and a shorter one count from the last picture",
        ),
        pytest.param(
            [
                (0.2, wanted(10**9, interval=60), ["report well, 1000000000 applied"]),
                (0.3, wanted(1, interval=5), ["report well, 1 applied"]),
            ],
            id="the latest counts, whatever its revision",
        ),
        pytest.param(
            [
                (0.2, wanted(1, interval=60), ["report well, 1 applied"]),
                (9.0, wanted(2, interval=2), ["take", "report well, 2 applied"]),
            ],
            id="a picture that is overdue by the new interval is taken at once",
        ),
        pytest.param(
            [
                (0.2, wanted(1, paused=True), ["release", "report paused, 1 applied"]),
                (0.3, Released(), []),
                (0.4, Uploaded(key(0)), ["announce 0"]),
                (9.0, Tick(), []),
                (9.1, wanted(2, paused=True, name="Gate"), ["report paused, 2 applied"]),
                (9.2, wanted(3, paused=False), ["take", "report well, 3 applied"]),
            ],
            id="a pause lets go of the camera and sends what was taken",
        ),
        pytest.param(
            [
                (1.0, Tick(), ["take"]),
                (1.1, CaptureFailed("no cable", lasting=False), ["report no cable"]),
                (1.2, wanted(1, paused=True), ["release", "report paused, 1 applied"]),
                (60.0, ConfigCleared(), ["take", "report no cable"]),
                (60.1, picture(1), ["report well"]),
            ],
            id="a camera that is let go of is in no trouble",
        ),
        pytest.param(
            [
                (1.0, Tick(), ["take"]),
                (1.2, wanted(1, paused=True), ["release", "report paused, 1 applied"]),
                (1.3, picture(1), []),
                (9.0, Tick(), []),
            ],
            id="a picture under way when the pause begins is kept",
        ),
        pytest.param(
            [
                (0.2, wanted(1, interval=5), ["report well, 1 applied"]),
                (0.3, ConfigRefused("odd"), ["report the desired settings are refused: odd, 1 applied"]),
                (4.9, Tick(), []),
                (5.0, wanted(2), ["take", "report well, 2 applied"]),
            ],
            id="what is refused changes nothing but what is said",
        ),
        pytest.param(
            [
                (0.2, wanted(1, interval=5), ["report well, 1 applied"]),
                (0.3, Offline(), []),
                (60.0, Tick(), ["take"]),
                (60.1, Online(), ["report well, 1 applied"]),
                (60.2, wanted(1, interval=5), []),
                (60.1 + SILENCE, Tick(), []),
                (64.9, picture(1), []),
            ],
            id="settings last while the broker is away, and are confirmed when it is back",
        ),
        pytest.param(
            [
                (0.2, wanted(1, paused=True), ["release", "report paused, 1 applied"]),
                (0.3, Offline(), []),
                (60.0, Online(), ["report paused, 1 applied"]),
                (59.9 + SILENCE, Tick(), []),
                (60.0 + SILENCE, Tick(), ["take", "report well"]),
            ],
            id="settings that the broker does not repeat were taken back meanwhile",
        ),
        pytest.param(
            [(0.2, wanted(1, name="Gate"), ["report well, 1 applied"]), (0.3, wanted(1, name="Gate"), [])],
            id="the same again is no news",
        ),
    ],
)
def test_settings_and_effects(story: list[tuple[float, Event, list[str]]]) -> None:
    whole = BEGIN + story
    assert play(agent(), [(now, event) for now, event, _ in whole]) == [effects for *_, effects in whole]


def test_the_core_asks_to_be_woken_when_the_broker_says_nothing() -> None:
    core = agent()
    play(core, [(0.0, Online()), (0.1, wanted(1, paused=True)), (0.2, Offline()), (0.3, Online())])
    assert core.deadline() == 0.3 + SILENCE


def test_what_nobody_wants_otherwise_stays_its_own() -> None:
    core = agent()
    core.handle(wanted(4, interval=2, name="Gate", group="north"), 0.0)
    status = core.status("online")
    assert (status.interval, status.name, status.site, status.group) == (2, "Gate", "yard", "north")
    assert (status.paused, status.applied) == (False, 4)
    core.handle(wanted(5, site="depot"), 0.1)
    status = core.status("online")
    assert (status.interval, status.name, status.site, status.group) == (1, None, "depot", None)
    core.handle(ConfigCleared(), 0.2)
    status = core.status("online")
    assert (status.site, status.applied) == ("yard", None)


def test_announcements_carry_what_is_in_force() -> None:
    core = agent()
    core.handle(Online(), 0.0)
    core.handle(wanted(1, interval=2, site="depot"), 0.1)
    core.handle(picture(0), 0.2)
    (effect,) = core.handle(Uploaded(key(0)), 0.3)
    assert isinstance(effect, Announce)
    assert (effect.capture.interval, effect.capture.site) == (2, "depot")


def test_a_recording_of_which_nothing_is_lost_pauses_but_has_no_interval() -> None:
    """It stays open: closed, it would begin again."""
    core = agent(interval=0, lossless=True)
    assert play(
        core,
        [
            (0.0, Online()),
            (0.1, wanted(1, interval=5)),
            (0.2, wanted(2, paused=True)),
            (0.3, picture(0)),
            (0.4, ConfigCleared()),
            (0.5, CameraEnded()),
        ],
    ) == [
        ["take", "report well"],
        [
            f"report the desired settings are refused: {NO_PACE}",
        ],
        ["report paused, 2 applied"],
        ["upload 0"],
        ["take", "report well"],
        [],
    ]
