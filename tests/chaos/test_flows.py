"""Two flows on the same pictures: production beside development, each with owners of its own."""

from pathlib import Path

import pytest

from tests.chaos.scene import KINDS, Scene, scene
from tests.chaos.trouble import Report, disturb, pause, sending, settled
from tests.eventually import eventually

FLOWS = ("production", "development")


def without_the_second_flow(stage: Scene, workers: list[str], seconds: float) -> None:
    """None of its workers lives for so long, and the first flow waits for none of them."""
    for name in workers:
        stage.fleet.kill(name)
    books = stage.audience.books
    before = sum(flow == FLOWS[0] for flow, _ in list(books.published))
    pause(seconds)
    eventually(lambda: sum(flow == FLOWS[0] for flow, _ in list(books.published)) > before + 20)
    for name in workers:
        stage.fleet.start(name)


def both_have_had_all(stage: Scene) -> None:
    """The first flow has seen each capture, as the devices waited for it; the second has, or a later one."""
    audience = stage.audience
    books = audience.books
    assert not audience.lost()
    assert not books.wrong
    assert not books.skipped()
    assert {flow for flow, _ in books.unseen()} <= {FLOWS[1]}
    assert set(books.taken.values()) == {1}
    assert not stage.fleet.failed()


def two_flows(
    kind: str, folder: Path, report: Report, workers: int, captures: int, kills: int, lease: float
) -> None:
    with scene(kind, folder, workers, lease, FLOWS) as stage:
        stage.audience.send(range(captures))
        settled(stage, lease)
        report(kind, "two flows", stage.audience)
        both_have_had_all(stage)
        stage.audience.open_books()
        second = [name for n, name in enumerate(stage.fleet.names) if n // len(stage.brokers) % 2]
        with sending(stage.audience, captures):
            without_the_second_flow(stage, second, lease + 1)
            disturb(stage, lease, kills)
        settled(stage, lease)
        report(kind, "two flows, failures", stage.audience)
        both_have_had_all(stage)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_each_flow_has_every_capture_and_none_twice(kind: str, tmp_path: Path, report: Report) -> None:
    two_flows(kind, tmp_path, report, workers=4, captures=300, kills=2, lease=3)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_thousand_captures_in_two_flows(kind: str, tmp_path: Path, report: Report) -> None:
    two_flows(kind, tmp_path, report, workers=8, captures=10_000, kills=12, lease=6)
