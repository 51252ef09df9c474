"""What comes over the bus, as events for the core."""

from common.inbox import Inbox
from common.ports.bus import Received
from common.ports.clock import Clock
from common.wire.messages import AnyMessage, DeviceConfig, DeviceStatus, Result, Trouble, WorkerStatus
from common.wire.topics import PEOPLE_COUNTER, Kind, Place, Topics
from engage.events import (
    DeviceCleared,
    DeviceConfigCleared,
    DeviceConfigReceived,
    DeviceStatusReceived,
    Heard,
    ResultReceived,
    TroubleReceived,
    WorkerCleared,
    WorkerStatusReceived,
)
from engage.settings import EngageSettings
from engage.value import Moment


class Reception:
    """Called on the bus's thread."""

    def __init__(self, settings: EngageSettings, clock: Clock) -> None:
        self._settings = settings
        self._topics = Topics(settings.bus.prefix)
        self._clock = clock
        self._inbox = Inbox(self._topics, clock)

    def filters(self) -> list[str]:
        """What to subscribe to."""
        topics, flows = self._topics, self._settings.engage.flows
        by_flow = [f for flow in flows for f in (topics.result(flow), topics.trouble(flow))]
        own = [topics.device_status(), topics.device_config(), topics.worker_status()]
        return by_flow + own + [PEOPLE_COUNTER] * self._settings.compat.people_counter

    def event(self, received: Received) -> Heard | None:
        """None for what is bad, which is counted, and for what is not for us."""
        at = Moment(self._clock.wall(), self._clock.monotonic())
        found = self._inbox.told(received)
        if found is None:
            return None
        place, message = found
        return _told(message, place, at, live=not received.retained) if message else _cleared(place, at)


def _told(message: AnyMessage, place: Place, at: Moment, *, live: bool) -> Heard | None:
    match message:
        case Result():
            return ResultReceived(message, place.flow or None, at, live)
        case Trouble():
            return TroubleReceived(message, place.flow, at, live)
        case DeviceStatus():
            return DeviceStatusReceived(message, at, live)
        case DeviceConfig():
            return DeviceConfigReceived(message, at)
        case WorkerStatus():
            return WorkerStatusReceived(message, at, live)
        case _:
            return None


def _cleared(place: Place, at: Moment) -> Heard | None:
    match place.kind:
        case Kind.RESULT | Kind.DEVICE_STATUS:
            return DeviceCleared(place.name, at)
        case Kind.DEVICE_CONFIG:
            return DeviceConfigCleared(place.name, at)
        case Kind.WORKER_STATUS:
            return WorkerCleared(place.name)
        case _:
            return None
