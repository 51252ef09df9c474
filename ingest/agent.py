"""An agent's core: takes a picture in time, uploads it, then announces it. Pure; see `ingest.events`."""

from collections.abc import Iterator
from dataclasses import dataclass

from common.wire.messages import Capture, DeviceStatus, Presence
from common.wire.names import ObjectPath
from ingest.capture import Shutter
from ingest.events import (
    Announced,
    AnnounceFailed,
    CameraEnded,
    Captured,
    CaptureFailed,
    Drop,
    Effect,
    Event,
    Finish,
    Offline,
    Online,
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
    interval: float
    version: str
    site: str | None = None


class Agent:
    """`lossless` waits with the next picture until there is room; otherwise the oldest ones make room.

    `frames` ends it after so many pictures, as the end of a recording does: once all are announced.
    """

    def __init__(
        self, me: Identity, pace: Pace, outbox: Outbox, *, lossless: bool = False, frames: int | None = None
    ) -> None:
        self._me = me
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
        self._reported: tuple[str | None, float] | None = None

    @property
    def pending(self) -> int:
        return len(self._outbox)

    def handle(self, event: Event, now: float) -> list[Effect]:
        effects = [*self._on(event, now)]
        self._shutter.watch(now)
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
            moments += [self._outbox.deadline(), self._report_at()]
        return min((moment for moment in moments if moment is not None), default=None)

    def status(self, state: Presence) -> DeviceStatus:
        me, error = self._me, self._error()
        return DeviceStatus(
            device_id=me.device,
            state=state,
            session=me.session,
            interval=me.interval,
            pending=len(self._outbox),
            captured=self._captured,
            dropped=self._dropped,
            camera=me.camera[:_TEXT],
            error=error and error[:_TEXT],
            agent_version=me.version,
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
            case Offline():
                self._online = False
            case Tick():
                pass

    def _keep(self, picture: Captured) -> Iterator[Effect]:
        me = self._me
        self._shutter.succeeded()
        capture = Capture(
            device_id=me.device,
            file_path=ObjectPath(me.bucket, picture.key),
            creation_timestamp=picture.taken_at,
            sequence=self._captured,
            width=picture.width,
            height=picture.height,
            interval=me.interval,
            site=me.site,
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
        if self._ended or self._shutter.busy or (self._lossless and self._outbox.full):
            return None
        return max(self._pace.due, self._shutter.ready_at)

    def _shoot(self, now: float) -> Iterator[Effect]:
        moment = self._shoot_at()
        if moment is not None and now >= moment:
            self._pace.started(now)
            self._shutter.started(now)
            yield TakePicture()

    def _report_at(self) -> float:
        """At once after connecting and when what is wrong changes, else now and then."""
        if self._reported is None or self._reported[0] != self._error():
            return float("-inf")
        return self._reported[1] + REPORT_EVERY

    def _report(self, now: float) -> Iterator[Effect]:
        if self._online and now >= self._report_at():
            self._reported = self._error(), now
            yield Report(self.status("online"))

    def _error(self) -> str | None:
        return self._shutter.error or self._outbox.error
