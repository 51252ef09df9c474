"""Flows that share their pictures: a simulated world each, with one store and one clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from common.wire.keys import parse_capture_key
from common.wire.messages import Finished
from inference.events import Delete, Effect, Event, Keep, Recall, Recalled, SaidElsewhere, Tick
from inference.timing import Timing
from tests.inference.process import Process
from tests.inference.weather import Weather
from tests.inference.world import World


@dataclass
class FlowWorld(World):
    """`others` are those of the other flows; `missed` are pictures that one of them did not have in time;
    `kept` is the latest result of each device in the store.
    """

    others: list["FlowWorld"] = field(default_factory=list)
    missed: set[str] = field(default_factory=set)
    kept: dict[str, str] = field(default_factory=dict)

    def capture(self, device: str, *, announce: bool = True, times: int = 1, late: float = 0.0) -> str:
        key = super().capture(device, announce=announce, times=times, late=late)
        for other in self.others if announce else ():
            other.at(self.now, partial(other._announce, self.stored[key][0]))
        return key

    def _note(self, sender: Process, message: object) -> None:
        super()._note(sender, message)
        if isinstance(message, Finished):
            said = SaidElsewhere(self.flow[0], message.done)
            for other in self.others:
                other._tell(f"{self.flow[0]}/{sender.name}", lambda _: said)

    def _perform(self, process: Process, effect: Effect) -> None:
        match effect:
            case Keep():
                self._keep(effect.device)
            case Recall():
                self._later(process, 0.004, lambda: self._recall(effect))
            case _:
                if isinstance(effect, Delete) and effect.missed_by:
                    self.missed |= set(effect.keys)
                super()._perform(process, effect)

    def _keep(self, device: str) -> None:
        """A device's keys sort by time."""
        self.kept[device] = max(key for key in self.results if key.split("/")[1] == device)

    def _recall(self, effect: Recall) -> Event:
        if self._fails():
            return Tick()
        done = [
            seen.capture.file_path.key for seen in effect.found if self._is_done(seen.capture.file_path.key)
        ]
        self.superseded |= {key for key in done if not self.results[key]}
        return Recalled(
            tuple(done), tuple(seen for seen in effect.found if seen.capture.file_path.key not in done)
        )

    def _is_done(self, key: str) -> bool:
        parsed = parse_capture_key(key)
        assert parsed
        kept = self.kept.get(parsed.device, "")
        return kept == key if self.timing.policy == "every" else kept >= key


def share(
    seed: int, flows: dict[str, tuple[int, float, Timing]], weather: Weather | None = None
) -> list[FlowWorld]:
    """A world for each flow with so many workers, the seconds that its model takes, and its timing."""
    names = tuple(flows)
    worlds = [
        FlowWorld(seed + n, workers, (name, names), weather=weather or Weather(), timing=timing, work=work)
        for n, (name, (workers, work, timing)) in enumerate(flows.items())
    ]
    for world in worlds:
        world.stored = worlds[0].stored
        world.others = [other for other in worlds if other is not world]
    return worlds


def run(worlds: Sequence[FlowWorld], until: float) -> None:
    """Whose turn is next."""
    while True:
        times = [
            (at, n) for n, world in enumerate(worlds) if (at := world.next()) is not None and at <= until
        ]
        if not times:
            break
        at, number = min(times)
        for world in worlds:
            world.now = at
        worlds[number].run(at)
    for world in worlds:
        world.run(until)
