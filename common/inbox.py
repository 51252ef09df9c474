"""What comes in from the bus, decoded; what cannot be used is counted, and logged now and then."""

import structlog
from prometheus_client import Counter

from common.ports.bus import Received
from common.ports.clock import Clock
from common.seldom import Seldom
from common.telemetry import BUS_BAD_MESSAGES, BUS_MESSAGES
from common.wire.codec import DecodeError, cleared, decode_at, takes_back
from common.wire.messages import AnyMessage
from common.wire.topics import Place, Topics

log = structlog.get_logger(__name__)


class Inbox:
    """Logs bad messages of a sender once a minute. Used on the bus's thread."""

    def __init__(self, topics: Topics, clock: Clock) -> None:
        self._topics = topics
        self._clock = clock
        self._bad = Seldom()
        self._counters: dict[str, Counter] = {}

    def cleared(self, received: Received) -> Place | None:
        """Whose retained message was taken back; None when this is another message, which `open` reads."""
        return cleared(self._topics, received.topic, received.payload)

    def open(self, received: Received) -> AnyMessage | None:
        """The message, or None when it had to be dropped or takes another one back."""
        found = self.told(received)
        return found[1] if found else None

    def told(self, received: Received) -> tuple[Place, AnyMessage | None] | None:
        """The place and the message, which is None where it takes another one back; None when dropped."""
        place = self._topics.parse(received.topic)
        if place and takes_back(place, received.payload):
            return place, None
        try:
            message = decode_at(place, received.topic, received.payload)
        except DecodeError as error:
            self.refuse(received.topic, error.cause)
            return None
        self._count(type(message).__name__)
        return (place, message) if place else None

    def _count(self, kind: str) -> None:
        """Prometheus takes as long to find a counter as pydantic takes to read the message."""
        if (counter := self._counters.get(kind)) is None:
            counter = self._counters[kind] = BUS_MESSAGES.labels(kind)
        counter.inc()

    def refuse(self, sender: str, reason: str) -> None:
        """Count a message that was well formed or not, but cannot be used."""
        BUS_BAD_MESSAGES.inc()
        if count := self._bad.count(sender, self._clock.monotonic()):
            log.warning("dropped a bad message", count=count, sender=sender[:200], reason=reason[:500])
