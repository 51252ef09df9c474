"""Workers in virtual time, with a store, agents and a consumer of results; the same for the same seed."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2s
from typing import Any
from uuid import UUID

from common.wire.messages import Capture, Claim, Finished, WorkerStatus
from common.wire.names import ObjectPath
from inference.events import (
    Absent,
    Analyse,
    Analysed,
    Delete,
    Effect,
    Event,
    Fetch,
    Ignore,
    Known,
    Listen,
    Offline,
    Online,
    Peer,
    Publish,
    Published,
    Said,
    Say,
    Seen,
    Settle,
    Show,
    Shown,
    Sweep,
    Tick,
)
from inference.noting import Note
from inference.timing import Timing
from inference.worker import Worker
from tests.inference.depot import EPOCH, Depot
from tests.inference.process import BUCKET, Process, identity
from tests.inference.weather import Broker

_SPIN = 1000


@dataclass
class World(Depot):
    """`flow`: its name, and those that share its pictures. `analysed` counts how often the model saw each
    capture, `results` how often one was published, `accepted` who published the one that a consumer took:
    the first, `heard` how often a worker was sent a capture's announcement. `slower`: workers by how much.
    `introduced`: devices have a status before they speak; `told`: it has a `story`.
    """

    seed: int
    workers: int
    flow: tuple[str, tuple[str, ...]] = ("production", ())
    timing: Timing = field(default_factory=Timing)
    work: float = 0.05
    slower: dict[str, float] = field(default_factory=dict)
    skew: float = 0.0
    introduced: bool = False
    told: bool = False
    analysed: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    accepted: dict[str, str] = field(default_factory=dict)
    delivered: Counter[str] = field(default_factory=Counter)
    running: dict[str, Process] = field(default_factory=dict)
    takeovers: list[float] = field(default_factory=list)
    messages: Counter[str] = field(default_factory=Counter)
    heard: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self._broker = Broker(self.weather, self.chance, self.at)
        self._retained: dict[str, Event] = {}
        self._orphans: dict[str, float] = {}
        self._story = blake2s()
        for number in range(self.workers):
            self.at(self.chance.uniform(0, 0.1), partial(self.start, f"w{number}"))

    @property
    def story(self) -> str:
        """A digest of everything that happened."""
        return self._story.hexdigest()

    def alive(self) -> Iterator[Process]:
        return (process for process in self.running.values() if process.alive)

    def start(self, name: str) -> None:
        """Nothing happens where it runs."""
        if name in self.running and self.running[name].alive:
            return
        session = UUID(int=self.chance.getrandbits(128)).hex
        me = identity(name, session, *self.flow)
        skew = self.chance.uniform(-self.skew, self.skew)
        process = self.running[name] = Process(name, Worker(me, self.timing), session, skew)
        self._join(process)

    def _join(self, process: Process) -> None:
        """Subscribed: what is retained comes first."""
        self.give(process, Online())
        for event in list(self._retained.values()):
            self.give(process, event)

    def crash(self, name: str, *, will: bool = True) -> None:
        """As kill -9: the will speaks, or is lost with the broker's connection to everyone."""
        process = self.running.get(name)
        if process and process.alive:
            process.alive = False
            owned = process.claimed.difference(*(other.claimed for other in self.alive()))
            orphans = (key for key in sorted(owned) if key in self.stored and not self.results[key])
            self._orphans |= dict.fromkeys(orphans, self.now)
            if will:
                self._cast(process, process.core.status("offline"))

    def cut(self, name: str, seconds: float) -> None:
        """The network is away for one worker. Its will speaks when the broker notices, or at its return."""
        process = self.running.get(name)
        if not process or not process.alive or process.cut:
            return
        process.cut = True
        noticed = self.now + min(seconds, self.chance.uniform(0, 22))
        self.at(noticed, partial(self._cast, process, process.core.status("offline"), force=True))
        self.at(self.now + seconds, lambda: self._reconnect(process))
        self.give(process, Offline())

    def _reconnect(self, process: Process) -> None:
        process.cut = False
        if process.alive:
            process.want()()
            waiting, process.outbox = process.outbox, []
            for send in waiting:
                send()
            self._join(process)

    def freeze(self, name: str, seconds: float) -> None:
        """As SIGSTOP: what arrives waits; all of it comes at once afterwards, behind a tick."""
        process = self.running.get(name)
        if process and process.alive and not process.frozen:
            process.frozen = True
            self.at(self.now + seconds, lambda: self._thaw(process))

    def _thaw(self, process: Process) -> None:
        process.frozen = False
        missed, process.missed = process.missed, []
        for event in [Tick(), *missed]:
            self.give(process, event)

    def capture(self, device: str, *, announce: bool = True, times: int = 1, late: float = 0.0) -> str:
        """An agent uploads a picture and, where told, announces it: again and again within `late` seconds."""
        taken_at = EPOCH + self.now + 50 * self.skew * (sum(device.encode()) % 3 - 1)
        key = self._new_key(device, taken_at)
        made = Capture(device_id=device, file_path=ObjectPath(BUCKET, key), creation_timestamp=taken_at)
        self.stored[key] = (made, self.now)
        if self.introduced and device not in self._retained:
            self._tell(device, lambda _: Known(device), lambda: self._retain(device, Known(device)))
        for n in range(times if announce else 0):
            self.at(self.now + (self.chance.uniform(0, late) if n else 0.0), lambda: self._announce(made))
        return key

    def _announce(self, made: Capture) -> None:
        def seen(process: Process) -> Event | None:
            if not process.hears(made.device_id):
                return None
            self.heard[process.name, made.file_path.key] += 1
            return Seen(made, EPOCH + self.now + process.skew)

        self._tell(made.device_id, seen)

    def _tell(
        self,
        sender: str,
        event: Callable[[Process], Event | None],
        arrived: Callable[[], None] = lambda: None,
    ) -> None:
        def receivers() -> Iterator[tuple[str, Callable[[], None]]]:
            for process in self.alive():
                if (told := event(process)) is not None:
                    yield process.name, partial(self._deliver, process, told)

        self._broker.publish(self.now, sender, arrived, receivers)

    def _subscribe(self, process: Process, more: tuple[str, ...] = (), less: tuple[str, ...] = ()) -> None:
        """While there is no connection the adapter remembers it."""
        grant = process.want(more, less)
        if not process.cut:
            self._broker.publish(self.now, process.name, grant, lambda: ())

    def _deliver(self, process: Process, event: Event) -> None:
        if not process.cut:
            self.give(process, event)

    def _cast(self, sender: Process, message: Any, *, force: bool = False) -> None:
        """To every worker, also back to the sender. The broker speaks a will itself: `force`."""
        if sender.cut and not force:
            sender.outbox.append(lambda: self._cast(sender, message))
            return
        self.messages[type(message).__name__] += 1
        self._note(sender, message)
        kept = isinstance(message, WorkerStatus)
        event = Peer(message) if kept else Said(message)
        self._tell(sender.name, lambda _: event, lambda: self._retain(sender.name, event) if kept else None)

    def _retain(self, topic: str, event: Event) -> None:
        self._retained[topic] = event

    def _note(self, sender: Process, message: Any) -> None:
        if isinstance(message, Claim):
            for key, _ in message.captures:
                sender.claimed.add(key)
                if (crashed := self._orphans.pop(key, None)) is not None:
                    self.takeovers.append(self.now - crashed)
        elif isinstance(message, Finished):
            for process in self.running.values():
                process.claimed -= set(message.captures)

    def give(self, process: Process, event: Event) -> None:
        if not process.alive:
            return
        if process.frozen:
            process.missed.append(event)
            return
        effects = process.core.handle(event, self.now)
        if self.told:
            self._story.update(f"{self.now:.6f} {process.name} {event} -> {effects}\n".encode())
        for effect in effects:
            self._perform(process, effect)
        self._wake(process)

    def _wake(self, process: Process) -> None:
        due = process.core.deadline()
        if due is not None and due != process.ticking:
            process.ticking = due
            process.spins = process.spins + 1 if due <= self.now else 0
            assert process.spins < _SPIN, f"{process.name} spins: its deadline stays at {due}"
            self.at(max(due, self.now), lambda: self._tick(process, due))

    def _tick(self, process: Process, due: float) -> None:
        if process.ticking == due:
            process.ticking = None
            self.give(process, Tick())

    def _later(self, process: Process, seconds: float, outcome: Callable[[], Event]) -> None:
        """The step takes up to `seconds`; its deed and its answer happen then, if the process still lives."""

        def end() -> None:
            if process.alive:
                self.give(process, outcome())

        self.at(self.now + self.chance.uniform(0, seconds), end)

    def _perform(self, process: Process, effect: Effect) -> None:  # noqa: C901 -- one arm an effect
        name = process.name
        match effect:
            case Say():
                self._cast(process, effect.message)
            case Fetch():
                self._later(process, 0.004, lambda: self._fetch(name, effect.key))
            case Analyse():
                self.analysed.update(effect.keys)
                self._later(process, self.work * self.slower.get(name, 1), lambda: Analysed(effect.keys))
            case Show():
                refused = self._refuses(name, effect.key)
                self._later(process, 0.005, lambda: refused or Shown(effect.key))
            case Publish():
                self._publish(process, effect.key)
            case Settle():
                self._later(process, 0.004, lambda: self._settle(name, effect))
            case Note():
                self._later(process, 0.004, lambda: self._write_down(name, effect.capture))
            case Delete() | Absent():
                self._later(process, 0.004, lambda: self._delete(effect))
            case Sweep():
                self._later(process, 0.01, lambda: self._sweep(name, process.skew, effect.after))
            case Listen():
                self._subscribe(process, more=effect.devices)
            case Ignore():
                self._subscribe(process, less=effect.devices)

    def _publish(self, process: Process, key: str) -> None:
        """QoS 1: sent again until the broker has it; the consumer may get it twice, and late."""
        if process.cut:
            process.outbox.append(lambda: self._publish(process, key))
            return

        def consume() -> None:
            self.delivered[key] += 1
            self.accepted.setdefault(key, process.name)

        def arrive() -> Event:
            self.results[key] += 1
            for _ in range(1 + (self.chance.random() < self.weather.repeat)):
                self.at(self.now + self.chance.uniform(0, self.weather.delay), consume)
            return Published(key)

        self._later(process, 0.002, arrive)
