"""The devices that are known, which of them may have changed, and which were told to go."""

from heapq import heappop, heappush
from math import inf

from common.wire.messages import DeviceConfig, revision_after
from engage.events import Kept, Stored
from engage.known import Known

_BURIED = 10_000
_STORING = 1.0
"""Seconds from the time of a message until it is stored: only a later object may be of another one."""


class Roster:
    """At most `room` devices. Moments are monotonic unless said otherwise."""

    def __init__(self, room: int) -> None:
        self.known: dict[str, Known] = {}
        self.desired: dict[str, DeviceConfig] = {}
        self.changed: set[str] = set()
        """May show something else than when it was last emptied."""

        self._room = room
        self._asked: dict[str, int] = {}
        """The latest revision that we sent of a device's settings, until it is back."""

        self._buried: dict[str, float] = {}
        self._alarms: list[tuple[float, str]] = []
        self._wakes: dict[str, float] = {}

    def find(self, name: str, now: float) -> Known | None:
        """A new one where it is not known; None where there is no room."""
        known = self.known.get(name)
        if known is None and len(self.known) < self._room:
            known = self.known[name] = Known(heard=now)
        return known

    def lacks(self, kind: Kept, flow: str, stored: Stored) -> bool:
        """Whether there is none of the device, or one that the stored one was put after."""
        if (known := self.known.get(stored.device)) is None:
            return True
        if kind == "trouble":
            said_at = known.trouble.at if known.trouble else None
        else:
            held = known.held.get(flow)
            said_at = held.value.published if held else None
        return said_at is None or stored.modified > said_at + _STORING

    def heard(self, name: str, now: float) -> None:
        known = self.known[name]
        known.heard = now
        self.changed.add(name)
        self._set_alarm(name, known, now)

    def want(self, name: str, config: DeviceConfig | None) -> None:
        """The settings that somebody gave it, whether it is known or not."""
        if config is None:
            self.desired.pop(name, None)
        elif name in self.desired or len(self.desired) < self._room:
            self.desired[name] = config
        if config and config.revision == self._asked.get(name):
            del self._asked[name]
        self.changed.add(name)

    def next_revision(self, name: str) -> int:
        """Of settings that are sent now: neither that of the present ones nor of those on their way."""
        desired = self.desired.get(name)
        present = desired.revision if desired else 0
        revision = revision_after(self._asked.pop(name, present))
        if revision == present:
            revision = revision_after(revision)
        self._asked[name] = revision
        if len(self._asked) > self._room:
            del self._asked[next(iter(self._asked))]
        return revision

    def drop(self, name: str) -> None:
        self.known.pop(name, None)
        self._wakes.pop(name, None)
        self.changed.add(name)

    def bury(self, name: str, wall: float) -> None:
        """Drop it, and remember when, in unix seconds: what it said before is on its way still."""
        self.drop(name)
        self._buried.pop(name, None)
        self._buried[name] = wall
        if len(self._buried) > _BURIED:
            del self._buried[next(iter(self._buried))]

    def is_back(self, name: str) -> bool:
        """Whether it spoke, or somebody gave it settings, after it was buried."""
        return name in self.known or name in self.desired

    def is_buried(self, name: str, said_at: float | None) -> bool:
        """Whether what it said at this moment, in unix seconds, or at an unknown one, is from before."""
        buried = self._buried.get(name)
        return buried is not None and (said_at is None or said_at <= buried)

    def deadline(self) -> float | None:
        return self._alarms[0][0] if self._alarms else None

    def wake(self, now: float) -> None:
        """Devices that time alone may have turned."""
        while self._alarms and self._alarms[0][0] <= now:
            when, name = heappop(self._alarms)
            if self._wakes.get(name) != when:
                continue
            del self._wakes[name]
            if known := self.known.get(name):
                self.changed.add(name)
                self._set_alarm(name, known, now)

    def sweep(self, oldest: float) -> None:
        """Drop what was heard last before `oldest`."""
        for name in [name for name, known in self.known.items() if known.heard < oldest]:
            self.drop(name)
        self.changed.update([name for name, known in self.known.items() if known.fade(oldest)])

    def _set_alarm(self, name: str, known: Known, now: float) -> None:
        """One alarm a device, for the earliest moment it may turn; a later one is set when that one rings."""
        turn = known.turns_at(now)
        if turn < self._wakes.get(name, inf):
            self._wakes[name] = turn
            heappush(self._alarms, (turn, name))
