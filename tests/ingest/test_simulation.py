"""An agent against servers that fail at random: what holds whatever happens."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ingest.agent import Agent, Identity
from ingest.desired import InForce
from ingest.events import (
    Announce,
    Announced,
    AnnounceFailed,
    Captured,
    CaptureFailed,
    ConfigCleared,
    ConfigHeard,
    ConfigRefused,
    Drop,
    Effect,
    Event,
    Finish,
    Offline,
    Online,
    Release,
    Released,
    Report,
    TakePicture,
    Tick,
    Upload,
    Uploaded,
    UploadFailed,
)
from ingest.outbox import Outbox
from ingest.pace import Pace
from tests.ingest.story import wanted

LIMIT_BYTES = 1000
LARGEST = LIMIT_BYTES // 2
ME = Identity("cam-1", "s1", "bucket", "cam", "0.1.0")

INTERVALS = st.sampled_from([0.5, 1.0, 3.0])


@dataclass
class World:
    """What the hands would hold, and what the servers have."""

    taking: bool = False
    wanted: ConfigHeard | None = None
    paused: bool = False
    uploading: list[str] = field(default_factory=list)
    announcing: list[str] = field(default_factory=list)
    memory: dict[str, int] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    announced: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


class Simulation(RuleBasedStateMachine):
    @initialize(limit=st.integers(2, 6))
    def start(self, limit: int) -> None:
        self.limit = limit
        self.core = Agent(ME, InForce(1.0), Pace(1.0), Outbox(limit, LIMIT_BYTES))
        self.world = World()
        self.now = 0.0
        self.taken: list[str] = []
        self.online = False
        self.tell(Tick())

    def tell(self, event: Event) -> None:
        for effect in self.core.handle(event, self.now):
            self.perform(effect)

    def perform(self, effect: Effect) -> None:
        world = self.world
        match effect:
            case TakePicture():
                assert not world.taking, "one picture at a time"
                assert not world.paused, "no picture while paused"
                world.taking = True
            case Release():
                assert world.paused
            case Upload():
                assert self.online
                assert not world.uploading, "one upload at a time"
                assert effect.key in world.memory
                world.uploading.append(effect.key)
            case Announce():
                key = effect.capture.file_path.key
                assert key in world.stored, "announced before it was uploaded"
                assert key not in world.announcing + world.announced, "announced twice"
                world.announcing.append(key)
            case Drop():
                assert effect.key not in world.uploading
                refused = effect.reason == "refused by the store"
                assert refused or effect.key != self.taken[-1], "the newest is kept"
                world.memory.pop(effect.key, None)
                world.dropped.append(effect.key)
            case Report():
                assert self.online
            case Finish():
                raise AssertionError("a camera never ends")

    @rule()
    def camera_is_closed(self) -> None:
        self.tell(Released())

    @rule(seconds=st.sampled_from([0.0, 0.1, 1.0, 1.0, 3.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        deadline = self.core.deadline()
        if deadline is not None and deadline <= self.now:
            self.tell(Tick())
            again = self.core.deadline()
            assert again is None or again > self.now, "a tick leaves nothing undone"

    @rule(up=st.booleans())
    def broker(self, *, up: bool) -> None:
        """Coming back, it repeats what it retains."""
        self.online = up
        self.tell(Online() if up else Offline())
        if up and self.world.wanted:
            self.somebody_wants(self.world.wanted)
        elif up:
            self.world.paused = False

    @precondition(lambda self: self.online)
    @rule(event=st.builds(wanted, st.integers(0, 9), interval=INTERVALS, paused=st.booleans()))
    def somebody_wants(self, event: ConfigHeard) -> None:
        self.world.wanted = event
        self.world.paused = bool(event.config.settings.paused)
        self.tell(event)

    @precondition(lambda self: self.online)
    @rule()
    def somebody_wants_nonsense(self) -> None:
        self.tell(ConfigRefused("odd"))

    @rule()
    def nobody_wants_anything(self) -> None:
        """Told when the broker is there; noticed by its silence when it comes back."""
        self.world.wanted = None
        if self.online:
            self.world.paused = False
            self.tell(ConfigCleared())

    @precondition(lambda self: self.world.taking)
    @rule(size=st.integers(1, LARGEST))
    def camera_answers(self, size: int) -> None:
        key = f"captures/cam-1/{len(self.taken)}.jpg"
        self.world.taking = False
        self.world.memory[key] = size
        self.taken.append(key)
        self.tell(Captured(key, self.now, 640, 480, size))

    @precondition(lambda self: self.world.taking)
    @rule(lasting=st.booleans())
    def camera_fails(self, *, lasting: bool) -> None:
        self.world.taking = False
        self.tell(CaptureFailed("no cable", lasting))

    @precondition(lambda self: self.world.uploading)
    @rule()
    def store_takes(self) -> None:
        key = self.world.uploading.pop()
        self.world.stored.add(key)
        del self.world.memory[key]
        self.tell(Uploaded(key))

    @precondition(lambda self: self.world.uploading)
    @rule(transient=st.booleans())
    def store_fails(self, *, transient: bool) -> None:
        self.tell(UploadFailed(self.world.uploading.pop(), "down", transient))

    @precondition(lambda self: self.world.announcing)
    @rule(data=st.data())
    def broker_takes(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.world.announcing))
        self.world.announcing.remove(key)
        self.world.announced.append(key)
        self.tell(Announced(key))

    @precondition(lambda self: self.world.announcing)
    @rule(data=st.data())
    def broker_refuses(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.world.announcing))
        self.world.announcing.remove(key)
        self.tell(AnnounceFailed(key, "not authorized"))

    @invariant()
    def memory_is_bounded(self) -> None:
        assert len(self.world.memory) <= self.limit
        assert sum(self.world.memory.values()) <= LIMIT_BYTES
        assert self.core.pending <= self.limit

    def teardown(self) -> None:
        """Once nothing fails any more, whatever was not dropped arrives, and the camera goes on."""
        if not hasattr(self, "core"):
            return
        self.broker(up=True)
        self.nobody_wants_anything()
        count = len(self.taken)
        for _ in range(200):
            if self.world.uploading:
                self.store_takes()
            elif self.world.announcing:
                key = self.world.announcing.pop(0)
                self.world.announced.append(key)
                self.tell(Announced(key))
            elif len(self.taken) < count + 2 and self.world.taking:
                self.camera_answers(1)
            self.time_passes(1.0)
        assert len(self.taken) == count + 2
        assert set(self.world.announced) | set(self.world.dropped) == set(self.taken)
        assert self.world.announced[-1] == self.taken[-1]
        assert not self.world.memory


Simulation.TestCase.settings = settings(max_examples=150, stateful_step_count=60)
test_whatever_fails = Simulation.TestCase
