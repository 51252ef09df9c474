"""The settings in force: the agent's own, and over them what somebody wants of it. Pure."""

from dataclasses import dataclass

from common.wire.messages import DeviceConfig, DeviceSettings
from ingest.events import ConfigCleared, ConfigHeard, ConfigRefused

SILENCE = 5.0
_NO_PACE = "a recording that is played as fast as possible has no interval"


@dataclass(frozen=True, slots=True)
class InForce:
    """What may change while an agent runs; `interval` in seconds."""

    interval: float
    name: str | None = None
    site: str | None = None
    group: str | None = None
    paused: bool = False


class Desired:
    """Its own settings hold for whatever nobody wants otherwise.

    The broker repeats what it retains after every reconnect. Where it says nothing for five seconds, nobody
    wants anything any more.
    """

    def __init__(self, own: InForce, *, paced: bool = True) -> None:
        self.in_force = own
        self.applied: int | None = None
        self.error: str | None = None
        self._own = own
        self._paced = paced
        self._silent_at: float | None = None

    def told(self, event: ConfigHeard | ConfigRefused | ConfigCleared) -> None:
        """All of the desired settings are applied, or nothing: then what was in force stays so."""
        self._silent_at = None
        match event:
            case ConfigHeard(config):
                self._apply(config)
            case ConfigRefused(reason):
                self._refuse(reason)
            case ConfigCleared():
                self._forget()

    def online(self, now: float) -> None:
        if self.applied is not None or self.error is not None:
            self._silent_at = now + SILENCE

    def offline(self) -> None:
        self._silent_at = None

    def watch(self, now: float) -> None:
        if self._silent_at is not None and now >= self._silent_at:
            self._silent_at = None
            self._forget()

    def deadline(self) -> float | None:
        return self._silent_at

    def _apply(self, config: DeviceConfig) -> None:
        if config.settings.interval is not None and not self._paced:
            self._refuse(_NO_PACE)
            return
        self.in_force = _over(self._own, config.settings)
        self.applied, self.error = config.revision, None

    def _refuse(self, reason: str) -> None:
        self.error = f"the desired settings are refused: {reason}"

    def _forget(self) -> None:
        self.in_force, self.applied, self.error = self._own, None, None


def _over(own: InForce, wanted: DeviceSettings) -> InForce:
    return InForce(
        interval=wanted.interval or own.interval,
        name=wanted.name or own.name,
        site=wanted.site or own.site,
        group=wanted.group or own.group,
        paused=own.paused if wanted.paused is None else wanted.paused,
    )
