"""Workers in virtual time, on a bus that may be late, lossy or repeating; the same for the same seed."""

import heapq
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from common.wire.keys import capture_key
from common.wire.messages import Capture, Model, WorkerStatus
from common.wire.names import ObjectPath
from inference.events import (
    Analyse,
    Analysed,
    Delete,
    Drop,
    Effect,
    Event,
    Failed,
    Fetch,
    Fetched,
    Missing,
    Offline,
    Online,
    Peer,
    Publish,
    Published,
    Said,
    Say,
    Seen,
    Settle,
    Settled,
    Show,
    Shown,
    Sweep,
    Swept,
    Tick,
)
from inference.worker import Identity, Timing, Worker

BUCKET = "people-counter-images"
EPOCH = 1_700_000_000.0


@dataclass(frozen=True, slots=True)
class Weather:
    """What the bus does to a message: seconds of delay at most, and the odds that it is lost or repeated."""

    delay: float = 0.005
    loss: float = 0.0
    repeat: float = 0.0
    until: float = float("inf")
    """From when on the bus is prompt again and loses nothing."""


@dataclass(slots=True)
class Process:
    """A worker that runs; a restarted one is another process under the same name."""

    core: Worker
    session: str
    alive: bool = True
    ticking: float | None = None


@dataclass
class World:
    """`analysed` counts how often the model saw each capture, `results` how often a result was published."""

    seed: int
    workers: int
    weather: Weather = field(default_factory=Weather)
    timing: Timing = field(default_factory=Timing)
    work: float = 0.05
    now: float = 0.0
    analysed: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    superseded: set[str] = field(default_factory=set)
    stored: dict[str, tuple[Capture, float]] = field(default_factory=dict)
    running: dict[str, Process] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    messages: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._order = itertools.count()
        self._agenda: list[tuple[float, int, Any]] = []
        for number in range(self.workers):
            self.at(self._chance.uniform(0, 0.1), lambda n=number: self.start(f"w{n}"))

    def at(self, time: float, act: Any) -> None:
        heapq.heappush(self._agenda, (time, next(self._order), act))

    def run(self, until: float) -> None:
        while self._agenda and self._agenda[0][0] <= until:
            self.now, _, act = heapq.heappop(self._agenda)
            act()
        self.now = until

    def start(self, name: str) -> None:
        session = UUID(int=self._chance.getrandbits(128)).hex
        me = Identity(name, session, "production", BUCKET, Model(name="m", digest="d"), "light")
        process = self.running[name] = Process(Worker(me, self.timing), session)
        self.give(process, Online())
        for other in list(self.running.values()):
            if other.alive and other is not process:
                self.give(process, Peer(other.core.status("online")))

    def crash(self, name: str) -> None:
        """As kill -9: the will speaks."""
        process = self.running.get(name)
        if process and process.alive:
            process.alive = False
            self.cast(process, process.core.status("offline"))

    def cut(self, name: str, seconds: float) -> None:
        """The network is away for one worker; the broker sees it go and come."""
        if (process := self.running.get(name)) and process.alive:
            self.give(process, Offline())
            self.at(self.now + seconds, lambda: self.give(process, Online()))

    def capture(self, device: str, *, announce: bool = True, times: int = 1) -> str:
        """An agent uploads a picture and, where told, announces it."""
        key = capture_key(device, EPOCH + self.now, UUID(int=self._chance.getrandbits(128)).hex)
        made = Capture(
            device_id=device, file_path=ObjectPath(BUCKET, key), creation_timestamp=EPOCH + self.now
        )
        self.stored[key] = (made, self.now)
        for _ in range(times if announce else 0):
            for process in list(self.running.values()):
                self._post(process, Seen(made, EPOCH + self.now))
        return key

    def cast(self, sender: Process, message: Any) -> None:
        self.messages += not isinstance(message, WorkerStatus)
        event = Peer(message) if isinstance(message, WorkerStatus) else Said(message)
        for process in list(self.running.values()):
            if process is not sender:
                self._post(process, event)

    def _post(self, process: Process, event: Event) -> None:
        weather = self.weather if self.now < self.weather.until else Weather()
        if self._chance.random() < weather.loss:
            return
        for _ in range(2 if self._chance.random() < weather.repeat else 1):
            self.at(self.now + self._chance.uniform(0, weather.delay), lambda: self.give(process, event))

    def give(self, process: Process, event: Event) -> None:
        if not process.alive:
            return
        effects = process.core.handle(event, self.now)
        self.story.append(f"{self.now:.6f} {process.session[:4]} {event} -> {effects}")
        for effect in effects:
            self._perform(process, effect)
        due = process.core.deadline()
        if due is not None and due != process.ticking:
            process.ticking = due
            self.at(max(due, self.now), lambda: self._tick(process, due))

    def _tick(self, process: Process, due: float) -> None:
        if process.ticking == due:
            process.ticking = None
            self.give(process, Tick())

    def _later(self, process: Process, seconds: float, event: Event) -> None:
        self.at(self.now + self._chance.uniform(0, seconds), lambda: self.give(process, event))

    def _perform(self, process: Process, effect: Effect) -> None:  # noqa: C901 -- one arm an effect
        match effect:
            case Say():
                self.cast(process, effect.message)
            case Fetch():
                there = effect.key in self.stored
                flaky = self.now < self.weather.until and self._chance.random() < self.weather.loss / 4
                outcome = Failed(effect.key, "flaky") if flaky else Fetched(effect.key)
                self._later(process, 0.004, outcome if there else Missing(effect.key))
            case Analyse():
                self.analysed[effect.key] += 1
                self._later(process, self.work, Analysed(effect.key))
            case Show():
                self._later(process, 0.005, Shown(effect.key))
            case Publish():
                self.results[effect.key] += 1
                self._later(process, 0.002, Published(effect.key))
            case Settle():
                self.stored.pop(effect.key, None)
                self._later(process, 0.004, Settled(effect.key))
            case Delete():
                self.superseded |= set(effect.keys) - set(self.results)
                for key in effect.keys:
                    self.stored.pop(key, None)
            case Sweep():
                old = sorted(
                    k for k, (_, at) in self.stored.items() if at < self.now - 3 and k > effect.after
                )
                page = old[:10]
                found = tuple(Seen(self.stored[k][0], EPOCH + self.stored[k][1]) for k in page)
                self._later(process, 0.01, Swept(found, page[-1] if len(page) == 10 else None))
            case Drop():
                pass
