"""Ownership by real processes on real brokers, undisturbed and then among crashes, cuts and restarts."""

from pathlib import Path

import pytest

from tests.chaos.scene import KINDS, Scene, scene
from tests.chaos.trouble import Report, disturb, sending, settled

REDONE = 0.01
"""Of captures analysed twice at most, where nothing fails."""

BUSY = 0.5
"""The same of a few captures on a machine that is busy with other things."""


def undisturbed(stage: Scene, captures: int, lease: float, redone: float) -> None:
    audience = stage.audience
    audience.send(range(captures))
    settled(stage, lease)
    all_are_seen_once(stage)
    assert audience.books.double_work < redone


def among_failures(stage: Scene, captures: int, lease: float, kills: int) -> None:
    stage.audience.open_books()
    with sending(stage.audience, captures):
        disturb(stage, lease, kills)
    settled(stage, lease)
    all_are_seen_once(stage)
    assert not stage.fleet.failed()


def all_are_seen_once(stage: Scene) -> None:
    """None was superseded, as each device waited for its answer."""
    audience = stage.audience
    books = audience.books
    assert not audience.lost()
    assert not books.wrong
    assert len(books.taken) == len(books.sent)
    assert set(books.taken.values()) == {1}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] * (kind != "bridged")) for kind in KINDS]
)
def test_nothing_is_lost_or_seen_twice(kind: str, tmp_path: Path, report: Report) -> None:
    """Bridged is the hardest: two brokers of the one kind, each with an order of its own."""
    with scene(kind, tmp_path, workers=4, lease=3) as stage:
        undisturbed(stage, captures=300, lease=3, redone=BUSY)
        report(kind, "undisturbed", stage.audience)
        among_failures(stage, captures=300, lease=3, kills=1)
        report(kind, "failures", stage.audience)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_thousand_captures_and_eight_workers(kind: str, tmp_path: Path, report: Report) -> None:
    with scene(kind, tmp_path, workers=8, lease=6) as stage:
        undisturbed(stage, captures=10_000, lease=6, redone=REDONE)
        report(kind, "undisturbed", stage.audience)
        among_failures(stage, captures=10_000, lease=6, kills=12)
        report(kind, "failures", stage.audience)
