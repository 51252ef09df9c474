"""What is heard of devices, by the bus or from the store, and how much of it is believed. Pure."""

from engage.events import DeviceStatusReceived, Refused, ResultReceived, TroubleReceived
from engage.roster import Roster
from engage.settings import EngageSection
from engage.trouble import trouble_of
from engage.value import value_of


class Hearing:
    """It ends in the roster, where there is room."""

    def __init__(self, settings: EngageSection, roster: Roster) -> None:
        self._settings = settings
        self._roster = roster

    def hear(
        self, event: ResultReceived | DeviceStatusReceived | TroubleReceived, now: float
    ) -> list[Refused]:
        match event:
            case ResultReceived():
                return self._result(event, now)
            case DeviceStatusReceived():
                return self._device_status(event, now)
            case TroubleReceived():
                return self._trouble(event, now)

    def _result(self, event: ResultReceived, now: float) -> list[Refused]:
        if event.flow is not None and event.flow not in self._settings.flows:
            return []
        name = event.result.device_id
        value = value_of(event.result, event.flow, event.at.wall, live=event.live)
        too_old = (value.age(event.at.wall) or 0.0) > self._settings.forget_after
        if too_old or self._roster.is_buried(name, value.received):
            return []
        if (known := self._roster.find(name, now)) is None:
            return [Refused(name)]
        if event.flow is None:
            known.told = value.created, value.path
        if known.accept(value, event.at):
            self._roster.heard(name, now)
        return []

    def _device_status(self, event: DeviceStatusReceived, now: float) -> list[Refused]:
        name, wall = event.status.device_id, event.at.wall
        if event.status.state == "offline" and self._roster.is_buried(name, None):
            return []
        if (known := self._roster.find(name, now)) is None:
            return [Refused(name)]
        known.report(event.status, wall, live=event.live)
        self._roster.heard(name, now)
        return []

    def _trouble(self, event: TroubleReceived, now: float) -> list[Refused]:
        name = event.trouble.device_id
        trouble = trouble_of(event.trouble, event.at, live=event.live)
        old = event.at.wall - trouble.at > self._settings.forget_after
        if old or event.flow not in self._settings.flows or self._roster.is_buried(name, trouble.at):
            return []
        if (known := self._roster.find(name, now)) is None:
            return [Refused(name)]
        if known.suffer(trouble):
            self._roster.heard(name, now)
        return []
