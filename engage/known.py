"""What is known of one device, and what follows from it by time alone."""

from dataclasses import dataclass

from common.wire.messages import DeviceStatus
from common.wire.names import ObjectPath
from engage.models import State
from engage.trouble import Trouble
from engage.value import Moment, Value


@dataclass(slots=True)
class Known:
    """Moments called `_at` are unix seconds, the others monotonic."""

    heard: float
    value: Value | None = None
    since: float | None = None
    stale: float = 0.0
    session: str | None = None
    restarted_at: float | None = None
    offline_at: float | None = None
    revived: bool = False
    problem: str | None = None
    """The agent's own words, from its status."""

    trouble: Trouble | None = None
    """The latest one, kept when it is over: the broker may tell it again."""

    outlived: bool = False
    """A capture later than the one in trouble has been analysed."""

    shown: tuple[float, ObjectPath] | None = None
    """When the latest result on the original people-counter's topic was taken, and where it is found."""

    def state(self, now: float) -> State:
        if self.offline_at is not None:
            return "offline"
        if self.value is None:
            return "unknown"
        return "live" if now < self.stale else "stale"

    def trouble_at(self, now: float) -> Trouble | None:
        """The trouble to show: until it was shown long enough and is outlived."""
        over = self.trouble is None or (self.outlived and now >= self.trouble.until)
        return None if over else self.trouble

    def turns_at(self, now: float) -> float | None:
        """When what is shown of it differs next if nothing is heard."""
        moments = [self.stale] if self.value else []
        if self.trouble and self.outlived:
            moments.append(self.trouble.until)
        return min((m for m in moments if m > now), default=None)

    def accept(self, value: Value, at: Moment) -> None:
        """`value` is the latest from now on."""
        age, received = value.age(at.wall), value.received
        self.value = value
        self.since = None if age is None else at.steady - age
        self.stale = at.steady + value.stale_after - at.wall
        self.outlived = self.outlived or (self.trouble is not None and self.trouble.before(value))
        if self.offline_at is not None and received is not None and received > self.offline_at:
            self.offline_at = None
            self.revived = True

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
        self.problem = status.error or None

    def suffer(self, trouble: Trouble) -> bool:
        """False for one that is known, or older than the one that is."""
        old = self.trouble
        if old is not None and (trouble.capture == old.capture or trouble.at < old.at):
            return False
        self.trouble = trouble
        self.outlived = self.value is not None and trouble.before(self.value)
        return True
