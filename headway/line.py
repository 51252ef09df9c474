"""A short talk with the MQTT broker: what it retains, what it shall retain, and what is said meanwhile."""

from collections import deque
from collections.abc import Iterator, Mapping
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Self
from uuid import uuid4

from common.adapters.mqtt import MqttBus
from common.ports.bus import BusEvent, Connected, Delivered, Disconnected, Received, Undelivered
from common.settings import BusSettings
from common.wire.topics import Topics
from headway.errors import UserError

_ANSWER = 10.0
_AT_ONCE = 100


class Line:
    """From `with` to its end; every wait is bounded, and UserError says what the broker did not do."""

    def __init__(self, settings: BusSettings, *filters: str) -> None:
        name = uuid4().hex
        self._place = f"{settings.host}:{settings.port}"
        self._bus = MqttBus(settings, f"headway-cli-{name[:12]}")
        self._marker = Topics(settings.prefix).engage_ready(name)
        self._events: SimpleQueue[BusEvent] = SimpleQueue()
        self._early: deque[Received] = deque()
        """Said while something else was waited for."""

        self._bus.subscribe(*filters, self._marker)

    def __enter__(self) -> Self:
        self._bus.start(self._events.put)
        try:
            self._until(Connected)
        except BaseException:
            self._bus.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._bus.stop()

    def retained(self) -> dict[str, bytes]:
        """By topic, once after connecting."""
        return {received.topic: received.payload for received in self.said() if received.retained}

    def said(self) -> list[Received]:
        """All that the broker has for us until now: a marker of our own comes behind it."""
        self._bus.publish(self._marker, b"")
        said: list[Received] = []
        for event in self._heard(_ANSWER):
            match event:
                case Received(self._marker):
                    return said
                case Received():
                    said.append(event)
                case _:
                    pass
        raise self._silent()

    def retain(self, payloads: Mapping[str, bytes]) -> None:
        """Returns when the broker has them; an empty payload takes back what it had."""
        rest = list(payloads.items())
        while rest:
            now, rest = rest[:_AT_ONCE], rest[_AT_ONCE:]
            for token, (topic, payload) in enumerate(now):
                self._bus.publish(topic, payload, retain=True, token=token)
            for _ in now:
                self._until(Delivered)

    def received(self, within: float) -> Iterator[Received]:
        """What is said from now on, for so many seconds."""
        return (event for event in self._heard(within) if isinstance(event, Received))

    def _until(self, kind: type[Connected | Delivered]) -> None:
        for event in self._next(_ANSWER):
            if isinstance(event, kind):
                return
            if isinstance(event, Received):
                self._early.append(event)
        raise self._silent()

    def _heard(self, within: float) -> Iterator[BusEvent]:
        while self._early:
            yield self._early.popleft()
        yield from self._next(within)

    def _next(self, within: float) -> Iterator[BusEvent]:
        end = monotonic() + within
        while (left := end - monotonic()) > 0:
            try:
                event = self._events.get(timeout=left)
            except Empty:
                return
            match event:
                case Disconnected(reason):
                    raise UserError(f"The MQTT broker cannot be used: {reason}")
                case Undelivered(_, reason):
                    raise UserError(f"The MQTT broker {self._place} did not take it: {reason}")
            yield event

    def _silent(self) -> UserError:
        return UserError(f"The MQTT broker {self._place} has not answered for {_ANSWER:.0f} s: try again")
