"""Ownership by real processes on real brokers, undisturbed and then among crashes, cuts and restarts.

Lost: neither seen by the consumer, nor kept as a result, nor still in the store. Downstream: captures that
engage's rule took twice. Double work: results published beyond the first of a capture.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from tests.chaos.audience import Books
from tests.chaos.scene import KINDS, Scene, scene
from tests.eventually import eventually

_pause = threading.Event()
_table = Table("broker", "phase", "captures", "lost", "twice downstream", "double work", "messages a batch")


@pytest.fixture(scope="module", autouse=True)
def _report(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    capturing = request.config.pluginmanager.getplugin("capturemanager")
    with capturing.global_and_fixture_disabled():
        Console(width=110).print("\n", _table)


def disturb(stage: Scene, lease: float, kills: int) -> None:
    """One thing after the other. In the test's thread: servers die with the thread that started them."""
    fleet = stage.fleet
    for n in range(kills):
        name = fleet.names[n % len(fleet.names)]
        fleet.kill(name)
        _pause.wait(0.5)
        fleet.start(name)
    frozen = fleet.names[1]
    fleet.freeze(frozen)
    stage.wire.cut()
    _pause.wait(lease + 1)
    fleet.thaw(frozen)
    stage.wire.mend()
    stage.weed.kill()
    _pause.wait(0.5)
    stage.weed.start()
    for broker in stage.brokers:
        broker.restart()
        _pause.wait(1.0)


def settled(stage: Scene, lease: float) -> None:
    """All is answered and no raw picture is left; or time is up, and the books tell."""
    audience = stage.audience
    eventually(
        lambda: not audience.missing() and audience.left() == 0,
        within=60 + 3 * lease,
        every=0.2,
        failure=lambda: f"{len(audience.missing())} missing, {audience.left()} left; {stage.fleet.failed()}",
    )


def report(kind: str, phase: str, books: Books, lost: int) -> None:
    downstream = sum(times - 1 for times in books.taken.values())
    values = f"{len(books.sent)}", f"{lost}", f"{downstream}", f"{books.double_work:.3%}"
    _table.add_row(kind, phase, *values, f"{books.messages_per_batch:.2f}")


def undisturbed(stage: Scene, kind: str, captures: int, lease: float) -> None:
    audience = stage.audience
    audience.send(range(captures))
    settled(stage, lease)
    books = audience.books
    report(kind, "undisturbed", books, len(audience.lost()))
    assert not books.wrong
    assert set(books.taken.values()) == {1}
    assert books.twice <= max(5, captures // 100), "the bench measures it; a busy machine may cost a few"


def among_failures(stage: Scene, kind: str, captures: int, lease: float, kills: int) -> None:
    """Captures go on coming for as long as something is being done to them, and at least so many."""
    audience = stage.audience
    audience.books = books = Books()
    done = threading.Event()

    def send() -> None:
        first = 10_000_000
        while not done.is_set() or len(books.sent) < captures:
            audience.introduce(range(first + 100, first + 200))
            audience.send(range(first, first + 100))
            first += 100

    with ThreadPoolExecutor(1, "sending") as pool:
        sending = pool.submit(send)
        try:
            disturb(stage, lease, kills)
        finally:
            done.set()
        sending.result()
    settled(stage, lease)
    report(kind, "failures", books, len(audience.lost()))
    assert not audience.lost()
    assert not books.wrong
    assert set(books.taken.values()) == {1}
    assert not stage.fleet.failed()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] * (kind != "bridged")) for kind in KINDS]
)
def test_nothing_is_lost_or_seen_twice(kind: str, tmp_path: Path) -> None:
    """Bridged is the hardest: two brokers of the one kind, each with an order of its own."""
    with scene(kind, tmp_path, workers=4, lease=3) as stage:
        undisturbed(stage, kind, captures=300, lease=3)
        among_failures(stage, kind, captures=300, lease=3, kills=1)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_thousand_captures_and_eight_workers(kind: str, tmp_path: Path) -> None:
    with scene(kind, tmp_path, workers=8, lease=6) as stage:
        undisturbed(stage, kind, captures=10_000, lease=6)
        among_failures(stage, kind, captures=10_000, lease=6, kills=12)
