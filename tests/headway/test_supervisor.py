"""The supervisor's decisions, as tables: these events give exactly these effects."""

from hypothesis import given
from hypothesis import strategies as st

from headway.supervisor import (
    BACKOFF,
    GRACE,
    PATIENCE,
    STEADY,
    Begin,
    Child,
    Effect,
    Event,
    Exited,
    Failed,
    Finished,
    Kill,
    Lost,
    Ready,
    Recovered,
    Spawn,
    Started,
    State,
    Stop,
    Supervisor,
    Terminate,
    Tick,
)

CHILDREN = [Child("store", 0), Child("broker", 0), Child("engage", 1), Child("camera", 2, essential=False)]


def feed(core: Supervisor, *events: Event, now: float = 0.0) -> list[Effect]:
    return [effect for event in events for effect in core.handle(event, now)]


def running(now: float = 0.0) -> Supervisor:
    core = Supervisor(CHILDREN)
    feed(core, Begin(), *(Ready(c.name, 1) for c in CHILDREN), now=now)
    assert all(w.state is State.READY for w in core.watched.values())
    return core


def test_a_stage_begins_when_the_one_before_is_ready() -> None:
    core = Supervisor(CHILDREN)
    assert feed(core, Begin()) == [Spawn("store", 1), Spawn("broker", 1)]
    assert feed(core, Ready("broker", 1)) == []
    assert feed(core, Ready("store", 1)) == [Spawn("engage", 1)]
    assert feed(core, Ready("engage", 1)) == [Spawn("camera", 1), Started()]


def test_started_does_not_wait_for_a_camera() -> None:
    core = Supervisor(CHILDREN)
    assert feed(core, Begin(), Ready("store", 1), Ready("broker", 1), Ready("engage", 1))[-1] == Started()
    assert feed(core, Exited("camera", 1, 1)) == [Lost("camera", 1, BACKOFF[0])]


def test_started_comes_once() -> None:
    core = Supervisor(CHILDREN[:2])
    assert feed(core, Begin(), Ready("store", 1), Ready("broker", 1))[-1] == Started()
    feed(core, Exited("store", 1, -9), now=1.0)
    feed(core, Tick(), now=2.0)
    assert feed(core, Ready("store", 2), now=3.0) == [Recovered("store")]


def test_a_lost_child_comes_back_alone_and_later_each_time() -> None:
    core, now = running(), 10.0
    for run, delay in enumerate([*BACKOFF, BACKOFF[-1]], start=1):
        assert feed(core, Exited("store", run, -9), now=now) == [Lost("store", -9, delay)]
        assert core.deadline() == now + delay
        assert feed(core, Tick(), now=now + delay - 0.01) == []
        now += delay
        assert feed(core, Tick(), now=now) == [Spawn("store", run + 1)]
        feed(core, Ready("store", run + 1), now=now)


def test_a_minute_of_work_forgives_earlier_failures() -> None:
    core = running()
    feed(core, Exited("store", 1, -9), now=1.0)
    feed(core, Tick(), now=2.0)
    feed(core, Ready("store", 2), now=3.0)
    late = 3.0 + STEADY
    assert feed(core, Exited("store", 2, -9), now=late) == [Lost("store", -9, BACKOFF[0])]


def test_short_work_forgives_nothing() -> None:
    core = running()
    feed(core, Exited("store", 1, -9), now=1.0)
    feed(core, Tick(), now=2.0)
    feed(core, Ready("store", 2), now=3.0)
    soon = 2.9 + STEADY
    assert feed(core, Exited("store", 2, -9), now=soon) == [Lost("store", -9, BACKOFF[1])]


def test_the_first_start_fails_as_a_whole() -> None:
    core = Supervisor(CHILDREN)
    feed(core, Begin())
    assert feed(core, Exited("store", 1, 3)) == [Failed("store", 3), Terminate("broker")]
    assert feed(core, Exited("broker", 1, 0)) == [Finished()]


def test_a_first_start_that_takes_too_long_fails() -> None:
    core = Supervisor(CHILDREN)
    feed(core, Begin(), Ready("broker", 1))
    assert core.deadline() == PATIENCE
    effects = feed(core, Tick(), now=PATIENCE)
    assert effects == [Failed("store", None), Terminate("store"), Terminate("broker")]


def test_a_restart_that_hangs_is_killed_and_tried_again() -> None:
    core = running()
    feed(core, Exited("store", 1, -9), now=1.0)
    feed(core, Tick(), now=2.0)
    assert feed(core, Tick(), now=2.0 + PATIENCE) == [Kill("store")]
    assert feed(core, Exited("store", 2, -9), now=40.0) == [Lost("store", -9, BACKOFF[1])]


def test_servers_stop_after_those_who_need_them() -> None:
    core = running()
    assert feed(core, Stop()) == [Terminate("engage"), Terminate("camera")]
    assert feed(core, Exited("camera", 1, 0)) == []
    assert feed(core, Exited("engage", 1, 0)) == [Terminate("store"), Terminate("broker")]
    assert feed(core, Exited("store", 1, 0), Exited("broker", 1, 0)) == [Finished()]
    assert core.deadline() is None


def test_who_ignores_the_signal_is_killed() -> None:
    core = running()
    feed(core, Stop(), now=100.0)
    assert core.deadline() == 100.0 + GRACE
    assert feed(core, Tick(), now=100.0 + GRACE) == [Kill("engage"), Kill("camera")]


def test_asked_twice_nothing_gets_any_grace() -> None:
    core = running()
    feed(core, Stop())
    assert feed(core, Stop()) == [Kill("store"), Kill("broker"), Kill("engage"), Kill("camera")]


def test_nothing_is_started_again_while_stopping() -> None:
    core = running()
    feed(core, Exited("camera", 1, -9))
    feed(core, Stop())
    assert feed(core, Tick(), now=1.0) == []
    assert core.watched["camera"].state is State.STOPPED


def test_news_of_an_earlier_run_is_ignored() -> None:
    core = running()
    feed(core, Exited("store", 1, -9))
    feed(core, Tick(), now=1.0)
    assert feed(core, Exited("store", 1, -9), Ready("store", 1), now=1.0) == []
    assert core.watched["store"].state is State.STARTING


def test_stopped_before_anything_began() -> None:
    assert feed(Supervisor(CHILDREN), Stop()) == [Finished()]


class World:
    """Processes as the hands would have them, to check what the core asks for."""

    def __init__(self) -> None:
        self.core = Supervisor(CHILDREN)
        self.now = 0.0
        self.alive: dict[str, int] = {}
        self.finished = False

    def feed(self, event: Event) -> None:
        for effect in self.core.handle(event, self.now):
            match effect:
                case Spawn(name, run):
                    assert name not in self.alive
                    self.alive[name] = run
                case Terminate(name) | Kill(name):
                    assert name in self.alive
                case Finished():
                    assert not self.finished
                    assert not self.alive
                    self.finished = True
                case _:
                    pass


steps = st.lists(
    st.tuples(st.sampled_from(["ready", "exit", "tick", "stop"]), st.integers(0, 3), st.floats(0, 40)),
    max_size=60,
)


@given(steps)
def test_whatever_happens_no_child_runs_twice_and_stopping_ends(script: list[tuple[str, int, float]]) -> None:
    world = World()
    world.feed(Begin())
    for what, which, passed in script:
        world.now += passed
        name = CHILDREN[which].name
        if what == "tick":
            world.feed(Tick())
        elif what == "stop":
            world.feed(Stop())
        elif name in world.alive and what == "ready":
            world.feed(Ready(name, world.alive[name]))
        elif name in world.alive:
            world.feed(Exited(name, world.alive.pop(name), -9))
    world.feed(Stop())
    while world.alive:
        name, run = world.alive.popitem()
        world.feed(Exited(name, run, 0))
    assert world.finished
    assert world.core.deadline() is None
