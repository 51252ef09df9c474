"""Which child runs, which is started again and when, and in which order all of them stop. Pure.

    WAITING -> STARTING -> READY -> BACKOFF -> STARTING ...
                   '--------'----------'----> STOPPING -> STOPPED

Children start stage by stage: a stage begins when every child of the one before is ready. After that first
start each child is on its own, for all of them reconnect by themselves. They stop in the reverse order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

BACKOFF = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
STEADY = 60.0
"""Seconds a child must have run for its earlier failures to be forgotten."""
PATIENCE = 30.0
"""Seconds a child has to become ready."""
GRACE = 1.8
"""Seconds between SIGTERM and SIGKILL; there are at most two waves, so all is over in 5 s."""


class State(Enum):
    WAITING = "waiting"
    STARTING = "starting"
    READY = "running"
    BACKOFF = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Child:
    """`essential`: without it the first start fails as a whole."""

    name: str
    stage: int
    essential: bool = True


@dataclass(frozen=True, slots=True)
class Begin:
    """Start the first stage."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The `run`-th start of the child does its work."""

    name: str
    run: int


@dataclass(frozen=True, slots=True)
class Exited:
    """The `run`-th process is gone: its exit status, or minus the signal's number."""

    name: str
    run: int
    status: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Asked to stop; asked twice, nothing gets any grace."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A deadline has passed."""


@dataclass(frozen=True, slots=True)
class Spawn:
    name: str
    run: int


@dataclass(frozen=True, slots=True)
class Terminate:
    name: str


@dataclass(frozen=True, slots=True)
class Kill:
    name: str


@dataclass(frozen=True, slots=True)
class Started:
    """Every child is ready for the first time."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The child went by itself and is started again in `delay` seconds."""

    name: str
    status: int
    delay: float


@dataclass(frozen=True, slots=True)
class Recovered:
    """A child that was lost does its work again."""

    name: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The first start is given up because of this child; `status` is None when it was only too slow."""

    name: str
    status: int | None


@dataclass(frozen=True, slots=True)
class Finished:
    """No child is left."""


Event = Begin | Ready | Exited | Stop | Tick
Effect = Spawn | Terminate | Kill | Started | Lost | Recovered | Failed | Finished

_ALIVE = frozenset({State.STARTING, State.READY, State.STOPPING})


@dataclass(slots=True)
class Watched:
    """One child as the supervisor sees it; read by the screen, written only here."""

    child: Child
    state: State = State.WAITING
    run: int = 0
    failures: int = 0
    since: float = 0.0
    due: float | None = None
    """When to spawn again (BACKOFF), to give up waiting (STARTING) or to kill (STOPPING)."""

    def enter(self, state: State, now: float, due: float | None = None) -> None:
        self.state, self.since, self.due = state, now, due


class Supervisor:
    def __init__(self, children: Sequence[Child]) -> None:
        self.watched = {child.name: Watched(child) for child in children}
        self._stages = sorted({child.stage for child in children})
        self._started = False
        self._stopping = False
        self._finished = False

    def deadline(self) -> float | None:
        return min((w.due for w in self.watched.values() if w.due is not None), default=None)

    def handle(self, event: Event, now: float) -> list[Effect]:
        match event:
            case Begin():
                effects = list(self._advance(now))
            case Ready(name, run):
                effects = list(self._ready(self.watched[name], run, now))
            case Exited(name, run, status):
                effects = list(self._exited(self.watched[name], run, status, now))
            case Stop():
                effects = list(self._kill_all(now) if self._stopping else self._stop(now))
            case Tick():
                effects = [e for w in self.watched.values() for e in self._due(w, now)]
        return effects

    def _ready(self, watched: Watched, run: int, now: float) -> Iterator[Effect]:
        if watched.run != run or watched.state is not State.STARTING:
            return
        watched.enter(State.READY, now)
        if watched.run > 1:
            yield Recovered(watched.child.name)
        if not self._started:
            yield from self._advance(now)

    def _advance(self, now: float) -> Iterator[Effect]:
        """Spawn the first stage that has not begun, if all before it are ready."""
        for stage in self._stages:
            members = [w for w in self.watched.values() if w.child.stage == stage]
            for watched in members:
                if watched.state is State.WAITING:
                    yield self._spawn(watched, now)
            if not all(w.state is State.READY or not w.child.essential for w in members):
                return
        self._started = True
        yield Started()

    def _spawn(self, watched: Watched, now: float) -> Effect:
        watched.enter(State.STARTING, now, now + PATIENCE)
        watched.run += 1
        return Spawn(watched.child.name, watched.run)

    def _exited(self, watched: Watched, run: int, status: int, now: float) -> Iterator[Effect]:
        if watched.run != run or watched.state not in _ALIVE:
            return
        if self._stopping:
            watched.enter(State.STOPPED, now)
            yield from self._stop(now)
        elif not self._started and watched.child.essential:
            watched.enter(State.STOPPED, now)
            yield from self._fail(watched, status, now)
        else:
            yield from self._back_off(watched, status, now)

    def _back_off(self, watched: Watched, status: int, now: float) -> Iterator[Effect]:
        if watched.state is State.READY and now - watched.since >= STEADY:
            watched.failures = 0
        delay = BACKOFF[min(watched.failures, len(BACKOFF) - 1)]
        watched.failures += 1
        watched.enter(State.BACKOFF, now, now + delay)
        yield Lost(watched.child.name, status, delay)

    def _fail(self, watched: Watched, status: int | None, now: float) -> Iterator[Effect]:
        yield Failed(watched.child.name, status)
        yield from self._stop(now)

    def _due(self, watched: Watched, now: float) -> Iterator[Effect]:
        if watched.due is None or watched.due > now:
            return
        watched.due = None
        if watched.state is State.BACKOFF:
            yield self._spawn(watched, now)
        elif watched.state is State.STOPPING:
            yield Kill(watched.child.name)
        elif self._started or not watched.child.essential:
            yield Kill(watched.child.name)  # its exit leads to the next try
        else:
            yield from self._fail(watched, None, now)

    def _stop(self, now: float) -> Iterator[Effect]:
        """Terminate the last stage that is alive; called again at each exit, until none is left."""
        self._stopping = True
        for watched in self.watched.values():
            if watched.state in (State.WAITING, State.BACKOFF):
                watched.enter(State.STOPPED, now)
        alive = [w for w in self.watched.values() if w.state in _ALIVE]
        if not alive and not self._finished:
            self._finished = True
            yield Finished()
        servers_only = all(w.child.stage == self._stages[0] for w in alive)
        for watched in alive:
            if watched.state is not State.STOPPING and (
                servers_only or watched.child.stage > self._stages[0]
            ):
                watched.enter(State.STOPPING, now, now + GRACE)
                yield Terminate(watched.child.name)

    def _kill_all(self, now: float) -> Iterator[Effect]:
        for watched in self.watched.values():
            if watched.state in _ALIVE:
                watched.enter(State.STOPPING, now)
                yield Kill(watched.child.name)
