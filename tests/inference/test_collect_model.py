"""The Collector against the plainest program that does the same by looking at everything each time."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wire.messages import Capture
from inference.collect import Announced, Collector, Selection
from tests.inference.test_collect import announced

WAIT, PATIENCE, FULL = 0.5, 2.0, 2
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "remove", "take", "others"]),
        st.integers(0, 4),
        st.floats(0.001, 1),
        st.integers(0, 9),
    ),
    max_size=60,
)


class Plain:
    """What waits, in order. `turns` says how many workers are preferred for a device."""

    def __init__(self, turns: list[int]) -> None:
        self.turns = turns
        self.waiting: dict[str, Announced] = {}

    def of(self, device: str) -> list[Announced]:
        return [a for a in self.waiting.values() if a.capture.device_id == device]

    def opens(self) -> Iterator[tuple[float, float, str]]:
        """Of each device since when it waits, and from when on it may be taken."""
        for device in dict.fromkeys(a.capture.device_id for a in self.waiting.values()):
            since = min(a.since for a in self.of(device))
            yield since, since + PATIENCE * self.turns[int(device)], device

    def select(self, now: float) -> Selection | None:
        """The device that waits longest."""
        ready = sorted((since, device) for since, opens, device in self.opens() if opens <= now)
        if not ready or (len(ready) < FULL and ready[0][0] + WAIT > now):
            return None
        waiting = self.of(ready[0][1])
        latest = max(waiting, key=lambda a: a.order).key
        return Selection((latest,), tuple(a.key for a in waiting if a.key != latest))

    def deadline(self, now: float) -> float | None:
        ready = [since + WAIT for since, opens, _ in self.opens() if opens <= now]
        closed = [opens for _, opens, _ in self.opens() if opens > now]
        return min([*ready, *closed], default=None)


@given(STEPS, st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_it_chooses_what_looking_at_everything_would_choose(
    steps: list[tuple[str, int, float, int]], turns: list[int]
) -> None:
    """Also with places left behind thrown away at every turn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inference.collect._SPARE", -1000)
        plain = Plain(turns)

        def turn(capture: Capture) -> int:
            return plain.turns[int(capture.device_id)]

        collector = Collector(FULL, WAIT, PATIENCE, 2, turn, sharers=lambda: 99)
        now = 0.0
        for what, device, later, taken_at in steps:
            now += later
            match what:
                case "add":
                    heard = announced(str(device), taken_at, since=now)
                    plain.waiting.setdefault(heard.key, heard)
                    collector.add(heard)
                case "remove":
                    keys = [a.key for a in plain.of(str(device))[:1]]
                    plain.waiting = {k: a for k, a in plain.waiting.items() if k not in keys}
                    collector.remove(keys)
                case "take":
                    if chosen := plain.select(now):
                        keys = [*chosen.chosen, *chosen.unseen]
                        plain.waiting = {k: a for k, a in plain.waiting.items() if k not in keys}
                        collector.remove(keys)
                case _:
                    plain.turns[device] = taken_at % 3
                    collector.reconsider()
            assert collector.select(now) == plain.select(now)
            assert collector.deadline() == plain.deadline(now)
            assert len(collector) == len(plain.waiting)
