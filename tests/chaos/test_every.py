"""Policy `every`: all captures are analysed, or said to be shed, while workers and brokers die."""

from pathlib import Path

import pytest

from tests.chaos.scene import KINDS, Scene, scene
from tests.chaos.trouble import Report, pause, restart_brokers, restart_workers, sending, settled
from tests.chaos.worker import SLOWNESS
from tests.eventually import PATIENCE


def over(stage: Scene, max_age: float, lease: float) -> None:
    """Each capture has a result in time, or a word that there will be none."""
    audience = stage.audience
    settled(stage, lease)
    assert not audience.lost()
    assert not audience.books.wrong
    assert not audience.books.downstream
    assert audience.books.oldest < max_age + lease + PATIENCE, "claimed in time, and its owner may have died"
    assert not stage.fleet.failed()


def all_are_analysed(
    kind: str, folder: Path, report: Report, workers: int, captures: int, kills: int, lease: float
) -> None:
    """In bursts of several captures of a device, all of which are wanted."""
    max_age = 120.0
    with scene(kind, folder, workers, lease, policy="every", max_age=max_age) as stage:
        with sending(stage.audience, captures, rate=40, devices=20):
            restart_workers(stage, kills)
            restart_brokers(stage)
        over(stage, max_age, lease)
        report(kind, "every", stage.audience)
        assert not stage.audience.books.unseen()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_capture_is_analysed(kind: str, tmp_path: Path, report: Report) -> None:
    all_are_analysed(kind, tmp_path, report, workers=3, captures=200, kills=1, lease=2)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_thousand_captures_are_all_analysed(kind: str, tmp_path: Path, report: Report) -> None:
    all_are_analysed(kind, tmp_path, report, workers=8, captures=20_000, kills=20, lease=6)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_too_old_is_said_to_be_shed(
    kind: str, tmp_path: Path, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More comes than four slow models can see, and meanwhile they are killed."""
    monkeypatch.setenv(SLOWNESS, "0.2")
    max_age, lease = 5.0, 3.0
    with scene(kind, tmp_path, 4, lease, policy="every", max_age=max_age) as stage:
        with sending(stage.audience, 600, rate=40, devices=20):
            restart_workers(stage, 4)
            restart_brokers(stage)
            pause(max_age)
        over(stage, max_age, lease)
        report(kind, "every, overload", stage.audience)
        assert stage.audience.books.unseen()
