"""When the latest result of each device is kept in the store, for services that start later. Pure.

The broker retains every result, so the store may lag. A result is kept at once where the device's last one
was kept `pause` seconds ago or longer; else it is owed, and kept once the device has been quiet that long.
So there is one write a device in `pause` seconds at most, what is kept was published less than that before
the latest, and of a device that stays quiet the latest is kept. What the store did not take is owed too, and
with a shorter pause or none it is given a second.
"""

from collections import OrderedDict

_RETRY = 1.0


class Keeper:
    """Of the devices of one worker, in monotonic seconds."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._patience = max(pause, _RETRY)
        self._kept: OrderedDict[str, float] = OrderedDict()
        """When a device's result was kept, longest ago first; within `pause`."""
        self._owed: OrderedDict[str, float] = OrderedDict()
        """When a device's result was published that is not kept, longest ago first."""

    def published(self, device: str, now: float) -> bool:
        """Whether this result is to be kept at once."""
        self._forget(now)
        if device in self._kept:
            self.owe(device, now)
            return False
        self._owed.pop(device, None)
        self._keep(device, now)
        return True

    def owe(self, device: str, now: float) -> None:
        """It has a result that is not kept: one that comes early, or one that the store did not take."""
        self._owed[device] = now
        self._owed.move_to_end(device)

    def due(self, now: float) -> list[str]:
        """The devices whose last result is to be kept now; each is named once."""
        devices = []
        while (deadline := self.deadline()) is not None and deadline <= now:
            device, _ = self._owed.popitem(last=False)
            self._keep(device, now)
            devices.append(device)
        return devices

    def deadline(self) -> float | None:
        first = next(iter(self._owed.values()), None)
        return None if first is None else first + self._patience

    def _keep(self, device: str, now: float) -> None:
        self._kept[device] = now
        self._kept.move_to_end(device)

    def _forget(self, now: float) -> None:
        while self._kept and next(iter(self._kept.values())) + self._pause <= now:
            self._kept.popitem(last=False)
