"""What is done to workers and servers while captures come, and when it is over."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from math import inf

from tests.chaos.audience import DEVICES, Audience
from tests.chaos.scene import Scene
from tests.eventually import PATIENCE, eventually

Report = Callable[[str, str, Audience], None]
"""Broker, phase and audience into the table."""

_FIRST = 10_000_000
_SOME = 100

_pause = threading.Event()


def pause(seconds: float) -> None:
    """Let something last."""
    _pause.wait(seconds)


@contextmanager
def sending(
    audience: Audience, captures: int = 0, rate: float = inf, devices: int = DEVICES
) -> Iterator[None]:
    """Captures go on coming for as long as something is being done to them, and at least so many."""
    done = threading.Event()
    books = audience.books

    def send() -> None:
        first = _FIRST
        while not done.is_set() or len(books.sent) < captures:
            audience.send(range(first, first + _SOME), rate, devices)
            first += _SOME

    with ThreadPoolExecutor(1, "sending") as pool:
        under_way = pool.submit(send)
        try:
            yield
        finally:
            done.set()
        under_way.result()


def restart_workers(stage: Scene, times: int) -> None:
    """One after the other, by SIGKILL."""
    fleet = stage.fleet
    for n in range(times):
        name = fleet.names[n % len(fleet.names)]
        fleet.kill(name)
        pause(0.5)
        fleet.start(name)


def disturb(stage: Scene, lease: float, kills: int) -> None:
    """One thing after the other. In the test's thread: servers die with the thread that started them."""
    fleet = stage.fleet
    restart_workers(stage, kills)
    frozen = fleet.names[1]
    fleet.freeze(frozen)
    stage.wire.cut()
    pause(lease + 1)
    fleet.thaw(frozen)
    stage.wire.mend()
    stage.weed.kill()
    pause(0.5)
    stage.weed.start()
    restart_brokers(stage)


def restart_brokers(stage: Scene) -> None:
    for broker in stage.brokers:
        broker.restart()
        pause(1.0)


def settled(stage: Scene, lease: float) -> None:
    """All is answered and no raw picture is left; or time is up, and the books tell."""
    audience = stage.audience
    eventually(
        lambda: not audience.books.missing() and audience.left() == 0,
        within=2 * PATIENCE + 3 * lease,
        every=0.2,
        failure=lambda: (
            f"{len(audience.books.missing())} missing, {audience.left()} left; {stage.fleet.failed()}"
        ),
    )
