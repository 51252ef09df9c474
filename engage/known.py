"""What is known of one device, and what follows from it by time alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from common.wire.messages import DeviceStatus
from common.wire.names import ObjectPath
from engage.fleet import Agent, agent_of
from engage.models import State
from engage.trouble import Trouble
from engage.value import Moment, Value, supersedes


@dataclass(frozen=True, slots=True)
class Held:
    """The latest value of a flow; moments are monotonic."""

    value: Value
    since: float | None
    """From when its age counts."""

    stale: float
    """From when it is to be believed no longer."""

    heard: float


@dataclass(slots=True)
class Known:
    """Moments called `_at` are unix seconds, the others monotonic."""

    heard: float
    held: Mapping[str | None, Held] = field(default_factory=dict)
    """By flow; None is the original people-counter's."""

    agent: Agent | None = None
    session: str | None = None
    reported_at: float | None = None
    restarted_at: float | None = None
    offline_at: float | None = None
    revived: bool = False
    trouble: Trouble | None = None
    """The latest one, kept when it is over: the broker may tell it again."""

    outlived: bool = False
    """A capture later than the one in trouble has been analysed."""

    told: tuple[float, ObjectPath] | None = None
    """When the latest result on the original people-counter's topic was taken, and where it is found."""

    def state(self, held: Held | None, now: float) -> State:
        """Of the device as far as one of its values tells."""
        if self.offline_at is not None:
            return "offline"
        if held is None:
            return "unknown"
        return "live" if now < held.stale else "stale"

    def trouble_at(self, now: float) -> Trouble | None:
        """The trouble to show: until it was shown long enough and is outlived."""
        over = self.trouble is None or (self.outlived and now >= self.trouble.until)
        return None if over else self.trouble

    def turns_at(self, now: float) -> float:
        """When what is shown of it differs next if nothing is heard; infinity for never."""
        turn = inf
        for held in self.held.values():
            if now < held.stale < turn:
                turn = held.stale
        if self.trouble and self.outlived and now < self.trouble.until < turn:
            turn = self.trouble.until
        return turn

    def seen_at(self) -> float | None:
        """When the hub heard of it last, if it can tell."""
        latest = self.reported_at
        for held in self.held.values():
            received = held.value.received
            if received is not None and (latest is None or received > latest):
                latest = received
        return latest

    def accept(self, value: Value, at: Moment) -> bool:
        """False for one that its flow has had, or that is older than the one it has."""
        old = self.held.get(value.flow)
        if old is not None and not supersedes(value, old.value, self.restarted_at):
            return False
        age, received = value.age(at.wall), value.received
        since = None if age is None else at.steady - age
        held = Held(value, since, at.steady + value.stale_after - at.wall, at.steady)
        self.held = {**self.held, value.flow: held}
        self.outlived = self.outlived or (self.trouble is not None and self.trouble.before(value))
        if self.offline_at is not None and received is not None and received > self.offline_at:
            self.offline_at = None
            self.revived = True
        return True

    def report(self, status: DeviceStatus, wall: float, *, live: bool) -> None:
        """What its agent, or the agent's will, says of it; the will of another session says nothing."""
        anew = self.session != status.session
        if status.state == "online":
            if anew and self.session is not None:
                self.restarted_at = wall
            self.offline_at = None
            self.revived = False
        elif self.offline_at is None and (self.session is None or not anew) and (live or not self.revived):
            self.offline_at = wall
        else:
            return
        self.session = status.session
        self.agent = agent_of(status)
        self.reported_at = wall if live else self.reported_at

    def suffer(self, trouble: Trouble) -> bool:
        """False for one that is known, or older than the one that is."""
        old = self.trouble
        if old is not None and (trouble.capture == old.capture or trouble.at < old.at):
            return False
        self.trouble = trouble
        self.outlived = any(trouble.before(held.value) for held in self.held.values())
        return True

    def fade(self, oldest: float) -> bool:
        """Drop the values of flows that were heard last before the monotonic moment `oldest`."""
        kept = {flow: held for flow, held in self.held.items() if held.heard >= oldest}
        faded = len(kept) < len(self.held)
        self.held = kept
        return faded
