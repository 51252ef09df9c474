"""A worker that runs in a simulated world."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from common.wire.messages import Model
from inference.events import Event
from inference.identity import Identity
from inference.listening import EVERYTHING
from inference.worker import Worker

BUCKET = "people-counter-images"


def identity(name: str, session: str, flow: str, flows: tuple[str, ...]) -> Identity:
    return Identity(name, session, flow, BUCKET, Model(name="m", digest="d"), "light", flows=flows)


@dataclass(slots=True, eq=False)
class Process:
    """A restarted worker is another process under its name. `skew`: its clock's error.

    `wanted` are the devices that it has subscribed to, `granted` those of which the broker knows.
    """

    name: str
    core: Worker
    session: str
    skew: float = 0.0
    alive: bool = True
    cut: bool = False
    frozen: bool = False
    missed: list[Event] = field(default_factory=list)
    outbox: list[Callable[[], None]] = field(default_factory=list)
    claimed: set[str] = field(default_factory=set)
    ticking: float | None = None
    spins: int = 0
    wanted: set[str] = field(default_factory=lambda: {EVERYTHING})
    granted: set[str] = field(default_factory=lambda: {EVERYTHING})
    asked: int = 0
    answered: int = 0

    def hears(self, device: str) -> bool:
        return not self.granted.isdisjoint((EVERYTHING, device))

    def want(self, more: Iterable[str] = (), less: Iterable[str] = ()) -> Callable[[], None]:
        """Subscribe; what happens at the broker, which takes these requests in their order."""
        self.wanted = (self.wanted | set(more)) - set(less)
        self.asked += 1
        wanted, number = self.wanted, self.asked

        def grant() -> None:
            if number > self.answered:
                self.granted, self.answered = wanted, number

        return grant
