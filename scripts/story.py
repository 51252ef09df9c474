"""Tell what workers do in a few situations, as sequence diagrams made by running the real cores.

A small world: two workers, an ordered bus that takes 5 ms, a store, and steps of fixed length.
"""

import heapq
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

from common.wire.messages import Capture, Claim, Finished, Model, Renewal, WorkerStatus
from common.wire.names import ObjectPath
from inference.events import (
    Analyse,
    Analysed,
    Effect,
    Event,
    Fetch,
    Fetched,
    Missing,
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
from inference.identity import Identity
from inference.timing import Timing
from inference.worker import Worker

BUS, FETCH, MODEL, STEP = 0.005, 0.004, 0.055, 0.003
KEY = "captures/door/20260102T030405000000Z-0123456789abcdef0123456789abcdef.jpg"
CAPTURE = Capture(device_id="door", file_path=ObjectPath("pictures", KEY), creation_timestamp=1767323045)


class Story:
    """Workers `w1` and `w2`; lines of the diagram are collected as things happen."""

    def __init__(self) -> None:
        self.lines = [
            "sequenceDiagram",
            "    participant A as agent",
            "    participant w1",
            "    participant w2",
        ]
        self.now = 0.0
        self._began = 0.0
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._stored = False
        self._ticking: dict[str, float] = {}
        timing = Timing(patience=0.0, max_wait=0.0, sweep=1e6, heartbeat=1e6)
        self._workers = {
            name: Worker(
                Identity(name, name, "production", "pictures", Model(name="m", digest="d"), ""), timing
            )
            for name in ("w1", "w2")
        }
        for name in self._workers:
            self._give(name, Online())
        self.run(2.0)

    def at(self, time: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (time, next(self._order), act))

    def run(self, until: float) -> None:
        while self._agenda and self._agenda[0][0] <= until:
            self.now, _, act = heapq.heappop(self._agenda)
            act()
        self.now = until

    def announce(self) -> None:
        self._stored = True
        self._began = self.now
        self.lines.append("    A-)w1: capture announced")
        self.lines.append("    A-)w2: capture announced")
        for name in self._workers:
            self.at(self.now, partial(self._give, name, Seen(CAPTURE, 0.0)))

    def kill(self, name: str) -> None:
        """As kill -9: the broker publishes its will."""
        will = self._workers.pop(name).status("offline")
        self._note(name, "killed")
        self._cast(name, will)

    def _give(self, name: str, event: Event) -> None:
        if (worker := self._workers.get(name)) is None:
            return
        for effect in worker.handle(event, self.now):
            self._perform(name, effect)
        due = worker.deadline()
        if due is not None and due != self._ticking.get(name):
            self._ticking[name] = due
            self.at(max(due, self.now), lambda: self._tick(name, due))

    def _tick(self, name: str, due: float) -> None:
        if self._ticking.get(name) == due:
            del self._ticking[name]
            self._give(name, Tick())

    def _perform(self, name: str, effect: Effect) -> None:
        match effect:
            case Say():
                self._cast(name, effect.message)
            case Fetch():
                self._later(name, FETCH, Fetched(KEY) if self._stored else Missing(KEY))
            case Analyse():
                self._note(name, "holds the capture, model starts")
                self._later(name, MODEL, Analysed(effect.keys))
            case Show():
                self._later(name, STEP, Shown(KEY))
            case Publish():
                self._note(name, "publishes the result")
                self._later(name, STEP, Published(KEY))
            case Settle():
                self._stored = False
                self._later(name, STEP, Settled(KEY))
            case Sweep():
                self._later(name, STEP, Swept((), None))
            case _:
                pass

    def _later(self, name: str, seconds: float, event: Event) -> None:
        self.at(self.now + seconds, lambda: self._give(name, event))

    def _cast(self, sender: str, message: Claim | Renewal | Finished | WorkerStatus) -> None:
        event: Event = Peer(message) if isinstance(message, WorkerStatus) else Said(message)
        for name in list(self._workers):
            self.at(self.now + BUS, partial(self._give, name, event))
        other = "w2" if sender == "w1" else "w1"
        if self._began:
            self.lines.append(f"    {sender}-){other}: {_words(message)} ({self._time()})")

    def _note(self, name: str, text: str) -> None:
        self.lines.append(f"    Note over {name}: {text} ({self._time()})")

    def _time(self) -> str:
        return f"{(self.now - self._began) * 1e3:.0f} ms"


def _words(message: Claim | Renewal | Finished | WorkerStatus) -> str:
    match message:
        case Claim() | Renewal():
            ((_, term),) = message.captures
            return f"{message.type}, term {term}"
        case Finished():
            return "finished"
        case WorkerStatus():
            return f"last will: {message.state}"


def contest() -> list[str]:
    """Both claim the same capture before they hear of each other."""
    story = Story()
    story.announce()
    story.run(3.0)
    return story.lines


def death() -> list[str]:
    """The owner is killed while its model is at work."""
    story = Story()
    story.announce()
    while not (held := [line for line in story.lines if "holds" in line]):
        story.run(story.now + 0.01)
    story.run(story.now + MODEL / 2)
    story.kill(held[0].split("over ")[1][:2])
    story.run(story.now + 2.0)
    return story.lines


STORIES = {"Two workers want the same capture": contest, "The owner dies": death}


def document(notice: str) -> str:
    return "\n".join(_document(notice)) + "\n"


def _document(notice: str) -> Iterator[str]:
    yield f"<!-- {notice} -->"
    yield "# Who owns a capture: two stories"
    yield ""
    yield "Made by running two workers' cores on a bus that takes 5 ms; `inference/claim.py` has the theory."
    for title, told in STORIES.items():
        yield f"\n## {title}\n\n{told.__doc__}\n\n```mermaid"
        yield from told()
        yield "```"
