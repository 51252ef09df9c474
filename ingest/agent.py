"""An agent's core: takes a picture in time, uploads it, then announces it. Pure; see `ingest.events`."""

from collections.abc import Iterator
from dataclasses import dataclass

from common.wire.messages import Capture, DeviceStatus, Presence
from common.wire.names import ObjectPath
from ingest.capture import Shutter
from ingest.desired import Desired, InForce
from ingest.events import (
    Announced,
    AnnounceFailed,
    CameraEnded,
    Captured,
    CaptureFailed,
    ConfigCleared,
    ConfigHeard,
    ConfigRefused,
    Drop,
    Effect,
    Event,
    Finish,
    Offline,
    Online,
    Release,
    Released,
    Report,
    TakePicture,
    Tick,
    Uploaded,
    UploadFailed,
)
from ingest.outbox import Outbox
from ingest.pace import Pace

REPORT_EVERY = 30.0
_TEXT = 500


@dataclass(frozen=True, slots=True)
class Identity:
    """Who speaks; `camera` is what may be shown of its address."""

    device: str
    session: str
    bucket: str
    camera: str
    version: str


class Agent:
    """`lossless` waits with the next picture until there is room; otherwise the oldest ones make room.

    `frames` ends it after so many pictures, as the end of a recording does: once all are announced.
    """

    def __init__(
        self,
        me: Identity,
        own: InForce,
        pace: Pace,
        outbox: Outbox,
        *,
        lossless: bool = False,
        frames: int | None = None,
    ) -> None:
        self._me = me
        self._desired = Desired(own, paced=not lossless)
        self._pace = pace
        self._shutter = Shutter()
        self._outbox = outbox
        self._lossless = lossless
        self._frames = frames
        self._captured = 0
        self._dropped = 0
        self._online = False
        self._ended = False
        self._finished = False
        self._reported: tuple[object, float] | None = None

    @property
    def device(self) -> str:
        return self._me.device

    @property
    def pending(self) -> int:
        return len(self._outbox)

    def handle(self, event: Event, now: float) -> list[Effect]:
        before = self._desired.in_force
        effects = [*self._on(event, now)]
        self._shutter.watch(now)
        self._desired.watch(now)
        effects += self._adopt(before)
        if self._online:
            effects += self._outbox.start(now)
        effects += self._shoot(now)
        effects += self._report(now)
        if self._ended and not (self._finished or self._shutter.busy or self._outbox):
            self._finished = True
            effects.append(Finish())
        return effects

    def deadline(self) -> float | None:
        moments = [self._shutter.deadline(), self._shoot_at()]
        if self._online:
            moments += [self._outbox.deadline(), self._report_at(), self._desired.deadline()]
        return min((moment for moment in moments if moment is not None), default=None)

    def status(self, state: Presence) -> DeviceStatus:
        me, error, in_force = self._me, self._error(), self._desired.in_force
        return DeviceStatus(
            device_id=me.device,
            state=state,
            session=me.session,
            interval=in_force.interval,
            pending=len(self._outbox),
            captured=self._captured,
            dropped=self._dropped,
            camera=me.camera[:_TEXT],
            error=error and error[:_TEXT],
            agent_version=me.version,
            name=in_force.name,
            site=in_force.site,
            group=in_force.group,
            paused=in_force.paused,
            applied=self._desired.applied,
        )

    def _on(self, event: Event, now: float) -> Iterator[Effect]:
        match event:
            case Captured():
                yield from self._keep(event)
            case CaptureFailed():
                self._shutter.failed(now, event.reason, lasting=event.lasting)
            case CameraEnded():
                self._shutter.succeeded()
                self._ended = True
            case Uploaded() | UploadFailed() | Announced() | AnnounceFailed():
                yield from self._count(self._sent(event, now))
            case Online():
                self._online = True
                self._reported = None
                self._desired.online(now)
            case Offline():
                self._online = False
                self._desired.offline()
            case ConfigHeard() | ConfigRefused() | ConfigCleared():
                self._desired.told(event)
            case Tick() | Released():
                pass

    def _adopt(self, before: InForce) -> Iterator[Effect]:
        """What follows from settings that have changed. A recording of which nothing is lost stays open."""
        after = self._desired.in_force
        if after.interval != before.interval:
            self._pace.change(after.interval)
        if after.paused and not before.paused and not self._lossless:
            yield Release()

    def _keep(self, picture: Captured) -> Iterator[Effect]:
        me, in_force = self._me, self._desired.in_force
        self._shutter.succeeded()
        capture = Capture(
            device_id=me.device,
            file_path=ObjectPath(me.bucket, picture.key),
            creation_timestamp=picture.taken_at,
            sequence=self._captured,
            width=picture.width,
            height=picture.height,
            interval=in_force.interval,
            site=in_force.site,
            agent_version=me.version,
        )
        self._captured += 1
        self._ended = self._captured == self._frames
        yield from self._count(self._outbox.add(capture, picture.size))

    def _sent(self, event: Uploaded | UploadFailed | Announced | AnnounceFailed, now: float) -> list[Drop]:
        outbox, key = self._outbox, event.key
        match event:
            case Uploaded():
                outbox.uploaded(key)
            case UploadFailed():
                return outbox.upload_failed(key, event.reason, now, transient=event.transient)
            case Announced():
                outbox.announced(key)
            case AnnounceFailed():
                outbox.announce_failed(key, event.reason, now)
        return []

    def _count(self, drops: list[Drop]) -> list[Drop]:
        self._dropped += len(drops)
        return drops

    def _shoot_at(self) -> float | None:
        if self._ended or self._desired.in_force.paused or self._shutter.busy:
            return None
        if self._lossless and self._outbox.full:
            return None
        return max(self._pace.due, self._shutter.ready_at)

    def _shoot(self, now: float) -> Iterator[Effect]:
        moment = self._shoot_at()
        if moment is not None and now >= moment:
            self._pace.started(now)
            self._shutter.started(now)
            yield TakePicture()

    def _report_at(self) -> float:
        """At once after connecting and when what is wrong or in force changes, else now and then."""
        if self._reported is None or self._reported[0] != self._news():
            return float("-inf")
        return self._reported[1] + REPORT_EVERY

    def _report(self, now: float) -> Iterator[Effect]:
        if self._online and now >= self._report_at():
            self._reported = self._news(), now
            yield Report(self.status("online"))

    def _news(self) -> object:
        return self._error(), self._desired.in_force, self._desired.applied

    def _error(self) -> str | None:
        """A camera that is let go of is in no trouble."""
        resting = self._desired.in_force.paused and not self._shutter.busy
        camera = None if resting else self._shutter.error
        return camera or self._outbox.error or self._desired.error
