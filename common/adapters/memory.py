"""Bus and store in memory, for tests and trials. They pass the same contract as MQTT and S3."""

import threading
from collections import deque
from collections.abc import Callable, Iterable

from common.ports.bus import BusEvent, Connected, Delivered, Disconnected, Received, Undelivered, Will
from common.ports.clock import Clock, SystemClock
from common.ports.store import NotFoundError, ObjectInfo, StoreError, TooLargeError


def matches(pattern: str, topic: str) -> bool:
    """MQTT's filter rule: `+` is one level, a last `#` is the rest."""
    levels, parts = pattern.split("/"), topic.split("/")
    for level, part in zip(levels, parts, strict=False):
        if level == "#":
            return True
        if level not in ("+", part):
            return False
    return len(levels) == len(parts) or levels[len(parts) :] == ["#"]


class MemoryBroker:
    """Delivers in the publisher's thread, in one order for all. `down` and `up` stand for an outage."""

    def __init__(self) -> None:
        self.retained: dict[str, bytes] = {}
        self._turn = threading.RLock()
        self._pending: deque[tuple[str, bytes]] = deque()
        self._delivering = False
        self._online: list[MemoryBus] = []
        self._known: list[MemoryBus] = []
        self._up = True

    def down(self) -> None:
        with self._turn:
            self._up = False
            for bus in self._online[:]:
                self._leave(bus)
                bus.disconnected("the broker is down")

    def up(self) -> None:
        with self._turn:
            self._up = True
            for bus in self._known[:]:
                self.join(bus)

    def join(self, bus: "MemoryBus") -> None:
        with self._turn:
            if bus not in self._known:
                self._known.append(bus)
            if self._up and bus not in self._online:
                self._online.append(bus)
                bus.connected()
                self.replay(bus, bus.filters)

    def part(self, bus: "MemoryBus", *, cleanly: bool) -> None:
        """A client goes; where not cleanly, its will is published."""
        with self._turn:
            if bus in self._known:
                self._known.remove(bus)
            online = self._leave(bus)
            if bus.will and online and not cleanly:
                self.publish(bus.will.topic, bus.will.payload, retain=True)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """What a receiver publishes in turn comes after this message at everyone."""
        with self._turn:
            if retain and payload:
                self.retained[topic] = payload
            elif retain:
                self.retained.pop(topic, None)
            self._pending.append((topic, payload))
            if not self._delivering:
                self._deliver()

    def _deliver(self) -> None:
        self._delivering = True
        try:
            while self._pending:
                topic, payload = self._pending.popleft()
                for bus in self._online[:]:
                    if any(matches(f, topic) for f in bus.filters):
                        bus.received(Received(topic, payload))
        finally:
            self._delivering = False

    def replay(self, bus: "MemoryBus", filters: Iterable[str]) -> None:
        with self._turn:
            wanted = list(filters)
            for topic, payload in list(self.retained.items()):
                if any(matches(f, topic) for f in wanted):
                    bus.received(Received(topic, payload, retained=True))

    def _leave(self, bus: "MemoryBus") -> bool:
        was_online = bus in self._online
        if was_online:
            self._online.remove(bus)
        return was_online


class MemoryBus:
    """One client of a MemoryBroker."""

    def __init__(self, broker: MemoryBroker, will: Will | None = None, queue: int = 1000) -> None:
        self.filters: list[str] = []
        self.will = will
        self._broker = broker
        self._queue = queue
        self._waiting: deque[tuple[str, bytes, bool, int | None]] = deque()
        self._ready = False
        self._sink: Callable[[BusEvent], None] = lambda _event: None

    def start(self, sink: Callable[[BusEvent], None]) -> None:
        self._sink = sink
        self._broker.join(self)

    def subscribe(self, *filters: str) -> None:
        new = [f for f in dict.fromkeys(filters) if f not in self.filters]
        self.filters += new
        if self._ready:
            self._broker.replay(self, new)

    def unsubscribe(self, *filters: str) -> None:
        self.filters = [f for f in self.filters if f not in filters]

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        token: int | None = None,
        expires: int | None = None,  # noqa: ARG002 -- it does not last that long
    ) -> None:
        if self._ready:
            self._send(topic, payload, retain, token)
            return
        self._waiting.append((topic, payload, retain, token))
        if len(self._waiting) > self._queue:
            *_, dropped = self._waiting.popleft()
            if dropped is not None:
                self._sink(Undelivered(dropped, f"over {self._queue} messages wait for the broker"))

    def _send(self, topic: str, payload: bytes, retain: bool, token: int | None) -> None:  # noqa: FBT001
        self._broker.publish(topic, payload, retain=retain)
        if token is not None:
            self._sink(Delivered(token))

    def stop(self) -> None:
        self._ready = False
        self._broker.part(self, cleanly=True)

    def vanish(self) -> None:
        """As if the process were killed: the will speaks."""
        self._ready = False
        self._broker.part(self, cleanly=False)

    def connected(self) -> None:
        self._sink(Connected("memory"))
        while self._waiting:  # not ready before it is empty, so that the order stays
            self._send(*self._waiting.popleft())
        self._ready = True

    def disconnected(self, reason: str) -> None:
        self._ready = False
        self._sink(Disconnected(reason))

    def received(self, message: Received) -> None:
        self._sink(message)


class MemoryStore:
    """Objects in a dict. `down` makes every call fail as an outage would."""

    def __init__(self, bucket: str = "people-counter-images", clock: Clock | None = None) -> None:
        self.bucket = bucket
        self.down = False
        self._clock = clock or SystemClock()
        self._objects: dict[str, tuple[bytes, float]] = {}

    def ensure_bucket(self) -> None:
        self._check()

    def put(self, key: str, data: bytes, content_type: str = "image/jpeg") -> None:  # noqa: ARG002 -- not kept
        self._check()
        self._objects[key] = (bytes(data), self._clock.wall())

    def get(self, key: str, limit: int) -> bytes:
        self._check()
        if key not in self._objects:
            raise NotFoundError(key)
        data, _ = self._objects[key]
        if len(data) > limit:
            raise TooLargeError(key, limit)
        return data

    def delete(self, keys: Iterable[str]) -> None:
        self._check()
        for key in keys:
            self._objects.pop(key, None)

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> list[ObjectInfo]:
        self._check()
        objects = self._objects.copy()  # another thread may delete some
        keys = sorted(k for k in objects if k.startswith(prefix) and k > after)[:limit]
        now = self._clock.wall()
        return [ObjectInfo(k, len(objects[k][0]), objects[k][1], now - objects[k][1]) for k in keys]

    def _check(self) -> None:
        if self.down:
            raise StoreError("the store is down", transient=True)
