"""What one worker listens to: all announcements, or those of the devices in its shards. Pure.

Theory. Announcements are read by everybody until there are enough workers, and enough devices for each of
them to have work of its own. Then every shard has two listeners, by a rule that all share (`shards.py`), and
handing over goes in three steps, of which the first needs nobody's consent and the last is never first:

1. A worker that is to listen to a shard subscribes at once to the devices that it knows there.
2. With its next heartbeat it declares, in its retained status, what it listens to. The subscription reached
   the broker before that, on the same connection.
3. With a heartbeat of its own another worker leaves a shard, or the wildcard, if both listeners of every
   shard that it leaves have declared that they hear it, and nobody has come or gone for four heartbeats.
   Silent workers are forgotten after three, so by then all of them have spoken, and a status that the
   broker retained of one long dead counts no more. Who declares nothing hears everything.

A listener leaves a shard only when two others have taken its place in the rule, so as long as workers agree
on who is alive, every shard has two listeners: one may die and nothing is missed. When workers become fewer
than it takes, the wildcard is subscribed first and the shards are left afterwards.

Devices are known from their retained status, from what was announced or found in the store, and from every
claim. What nobody listened to, because both listeners died in one moment, or workers disagreed on who is
alive, or a device that nobody knows spoke, lies in the store: any worker's next sweep finds it, and its
claim tells the others of the device. Where the broker refuses a subscription, or is not made for many, the
worker stays with the wildcard.
"""

from collections import OrderedDict

from common.wire.messages import Capture
from inference.claim import turn
from inference.events import Effect, Ignore, Listen
from inference.peers import TURNS, Peers
from inference.shards import ALL, LISTENERS, NONE, Listeners, encode, has, listeners, parts, shard

EVERYTHING = "+"
"""The device of the wildcard."""
_CALM = 4


class Listening:
    """Shared from `workers` live workers on, each with `devices` known devices; with 0 workers never.

    Of the devices the `memory` last heard of are known.
    """

    def __init__(self, me: str, peers: Peers, workers: int, devices: int, memory: int = 100_000) -> None:
        self._me = me
        self._peers = peers
        self._workers = workers
        self._devices_each = devices
        self._memory = memory
        self._devices: OrderedDict[str, int] = OrderedDict()
        self._everything = True
        self._shards = NONE
        """Those whose devices are subscribed to one by one."""
        self._members: frozenset[str] | None = None
        self._listeners: Listeners | None = None
        """None while everybody listens to everything."""
        self._parts: dict[str, int] = {}
        """What each worker is to listen to, while it is shared."""
        self._target = ALL
        self._calm = 0
        """Heartbeats since somebody came or went."""

    @property
    def declared(self) -> str | None:
        """What the others are told."""
        return encode(ALL if self._everything else self._shards)

    @property
    def hears_all(self) -> bool:
        return self._everything

    def turn(self, capture: Capture) -> int:
        """When this worker is to take a capture: 0 at once, 1 after the first of the others, and so on.

        Those who heard it announced come first, the others, who found it, all at once after them.
        """
        key = capture.file_path.key
        if self._listeners is None:
            return self._peers.turn(key)
        first = self._listeners[shard(capture.device_id)]
        if self._me not in first:
            return TURNS
        return turn(key, self._me, (worker for worker in first if worker != self._me))

    def sharers(self) -> int:
        """How many workers hear what this one hears, with itself."""
        return LISTENERS if self._listeners else 1 + len(self._peers.declared())

    def learn(self, device: str) -> list[Effect]:
        """The device exists."""
        if device in self._devices:
            self._devices.move_to_end(device)
            return []
        if not self._workers:
            return []
        number = self._devices[device] = shard(device)
        effects: list[Effect] = [Listen((device,))] if has(self._shards, number) else []
        if len(self._devices) > self._memory:
            oldest, number = self._devices.popitem(last=False)
            effects += [Ignore((oldest,))] if has(self._shards, number) else []
        return effects

    def review(self) -> bool:
        """Whether the workers that are to listen may be others now."""
        members = frozenset({self._me, *self._peers.declared()}) if self._is_shared() else None
        if members == self._members:
            return False
        self._members = members
        self._calm = 0
        self._listeners = None if members is None else listeners(members)
        self._parts = parts(self._listeners or ())
        self._target = ALL if members is None else self._parts.get(self._me, NONE)
        return True

    def _is_shared(self) -> bool:
        workers = 1 + len(self._peers.declared())
        enough = len(self._devices) >= workers * self._devices_each
        return bool(self._workers) and workers >= self._workers and enough

    def join(self) -> list[Effect]:
        """Subscribe to what this worker is to hear and does not."""
        if self._target == ALL:
            missing = not self._everything
            self._everything = True
            return [Listen((EVERYTHING,))] if missing else []
        new = self._target & ~self._shards
        self._shards |= new
        return [Listen(devices)] if (devices := self._in(new)) else []

    def leave(self) -> list[Effect]:
        """Give up what others have declared that they hear; once a heartbeat, with its status."""
        self._calm += 1
        if self._calm < _CALM:
            return []
        if self._target == ALL:
            gone, self._shards = self._shards, NONE
            return [Ignore(devices)] if (devices := self._in(gone)) else []
        heard = self._heard_by_others()
        gone = self._shards & ~self._target & heard
        self._shards &= ~gone
        effects: list[Effect] = [Ignore(devices)] if (devices := self._in(gone)) else []
        if self._everything and self._target | heard == ALL:
            self._everything = False
            effects.append(Ignore((EVERYTHING,)))
        return effects

    def give_up(self) -> None:
        """The broker does not let us subscribe to single devices."""
        self._workers = 0

    def _heard_by_others(self) -> int:
        """The shards whose listeners, but for this worker, have declared that they hear them."""
        missing = NONE
        for worker, declared in self._peers.declared().items():
            missing |= self._parts.get(worker, NONE) & ~declared
        return ~missing

    def _in(self, shards: int) -> tuple[str, ...]:
        return tuple(device for device, number in self._devices.items() if has(shards, number))
