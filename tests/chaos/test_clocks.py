"""Workers whose wall clocks are wrong, and jump while they run."""

from pathlib import Path

import pytest

from tests.chaos.scene import KINDS, Scene, scene
from tests.chaos.test_chaos import all_are_seen_once
from tests.chaos.trouble import Report, pause, restart_workers, sending, settled

HOUR = 3600.0
OFF = (HOUR, -HOUR, 45.0, -45.0, 600.0, -86_400.0 * 400)


def jump(stage: Scene, times: int) -> None:
    """Every other worker's clock, each time to another error, and in the end to none."""
    names = stage.fleet.names[::2]
    for n in range(times):
        for number, name in enumerate(names):
            stage.fleet.set_clock(name, OFF[(n + number) % len(OFF)])
        pause(3)
    for name in names:
        stage.fleet.set_clock(name, 0)


def clocks_jump(kind: str, folder: Path, report: Report, workers: int, captures: int, lease: float) -> None:
    with scene(kind, folder, workers, lease) as stage:
        for name in stage.fleet.names[::2]:
            stage.fleet.set_clock(name, 0)
        restart_workers(stage, workers)
        with sending(stage.audience, captures, devices=20):
            jump(stage, len(OFF))
        settled(stage, lease)
        report(kind, "clocks jump", stage.audience)
        all_are_seen_once(stage)
        assert not stage.fleet.failed()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_clocks_jump(kind: str, tmp_path: Path, report: Report) -> None:
    clocks_jump(kind, tmp_path, report, workers=4, captures=300, lease=3)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("kind", KINDS)
def test_clocks_jump_during_twenty_thousand_captures(kind: str, tmp_path: Path, report: Report) -> None:
    clocks_jump(kind, tmp_path, report, workers=8, captures=20_000, lease=6)


@pytest.mark.slow
def test_what_was_found_is_not_shed_for_a_wrong_clock(tmp_path: Path, report: Report) -> None:
    """Policy `every`, and a worker an hour ahead that finds what came while nobody was there."""
    with scene("mosquitto", tmp_path, 1, 3, policy="every", max_age=60) as stage:
        stage.fleet.kill("w0")
        stage.audience.send(range(50))
        pause(5)
        stage.fleet.set_clock("w0", HOUR)
        stage.fleet.start("w0")
        settled(stage, 3)
        report("mosquitto", "every, an hour ahead", stage.audience)
        assert not stage.audience.books.unseen()
        all_are_seen_once(stage)
