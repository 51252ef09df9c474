"""The steps of a worker that block: each runs in a pool and answers with the event of its outcome."""

from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from common.picture import BadPicture, decode
from common.ports.clock import SteadyClock
from common.ports.store import NotFoundError, ObjectStore, StoreError, TooLargeError, keys_under
from common.seldom import Seldom
from common.telemetry import SeldomLog
from common.wire.codec import encode
from common.wire.keys import is_shown, note_key, notes_of, shown_key, snapshot_key, trouble_key
from common.wire.messages import Capture, Result, Trouble
from inference import metrics
from inference.analyse import examine_all
from inference.detector import Detector, Picture
from inference.draw import snapshot
from inference.events import (
    Analysed,
    Crashed,
    Delete,
    Event,
    Failed,
    Fetched,
    Hopeless,
    Missing,
    Settled,
    Shown,
    Tick,
)
from inference.model_process import ModelCrashed
from inference.noting import NotNoted
from inference.results import Examined
from inference.settings import InferenceSettings

log = structlog.get_logger(__name__)

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Desk:
    """What is in memory of the captures at work, by key. One step at a time touches a key."""

    pictures: dict[str, Picture] = field(default_factory=dict)
    examined: dict[str, Examined] = field(default_factory=dict)
    latest: dict[str, Result] = field(default_factory=dict)
    """Of each device the result that was last sent to the broker and is not in the store."""
    kept: set[str] = field(default_factory=set)
    """Devices of which this worker has put a result into the store: where none is now, it was erased."""
    shown: dict[str, str] = field(default_factory=dict)
    """The key under which consumers of the original people-counter find the picture."""

    def clear(self, key: str) -> None:
        self.pictures.pop(key, None)
        self.examined.pop(key, None)
        self.shown.pop(key, None)


class Steps:
    """A step finds on the desk what the step before it left there."""

    def __init__(
        self,
        store: ObjectStore,
        detector: Detector,
        settings: InferenceSettings,
        clock: SteadyClock,
        desk: Desk,
    ) -> None:
        self._store = store
        self._detector = detector
        self._settings = settings.inference
        self._compat = settings.compat.people_counter
        self._clock = clock
        self._desk = desk
        self._missed = Seldom()
        self._log = SeldomLog(log, clock)

    def fetch(self, key: str) -> Event:
        """Get and decode; a picture that is no picture is hopeless."""
        try:
            with metrics.STEP_SECONDS.labels("fetch").time():
                data = self._store.get(key, self._settings.max_bytes)
            with metrics.STEP_SECONDS.labels("decode").time():
                picture = decode(data)
        except NotFoundError:
            return Missing(key)
        except (TooLargeError, BadPicture) as error:
            self._log.warning("a bad picture", key=key, reason=str(error))
            return Hopeless(key, "bad picture")
        except StoreError as error:
            return self._failed(key, "fetch", error)
        self._desk.pictures[key] = picture
        return Fetched(key)

    def note(self, capture: Capture) -> Event:
        """Else nobody would know whose picture it is once all have died that heard it announced."""
        key = capture.file_path.key
        try:
            with metrics.STEP_SECONDS.labels("note").time():
                self._store.put(note_key(key), encode(capture), "application/json")
        except StoreError as error:
            metrics.FAILED.labels("note").inc()
            self._log.warning("an announcement was not noted and is tried again", key=key, reason=str(error))
            return NotNoted(key)
        return Tick()

    def _erase_note(self, key: str) -> None:
        """Of a picture that is gone; where that fails the next sweep finds the note again."""
        with suppress(StoreError):
            self._store.delete(notes_of([key]))

    def analyse(self, keys: tuple[str, ...]) -> Event:
        """Run the model on pictures together; it may not survive that."""
        started_at = self._clock.wall()
        pictures = [self._desk.pictures[key] for key in keys]
        try:
            with metrics.STEP_SECONDS.labels("analyse").time():
                analyses = examine_all(pictures, self._detector)
        except ModelCrashed as error:
            metrics.CRASHES.inc()
            self._log.warning("the model crashed", reason=str(error), keys=keys)
            return Crashed(keys, str(error))
        for key, analysis in zip(keys, analyses, strict=True):
            self._desk.examined[key] = Examined(analysis, started_at)
            del self._desk.pictures[key]
        metrics.ANALYSED.inc(len(keys))
        return Analysed(keys)

    def set_aside(self, key: str, trouble: Trouble, *, leave: bool = False) -> Event:
        """Move the picture under quarantine/, or copy it there; its error lies beside it, and is kept for the
        device.
        """
        try:
            picture = self._store.get(key, self._settings.max_bytes)
            self._store.put(trouble.quarantined, picture)
            for note in (f"{trouble.quarantined}.json", trouble_key(self._settings.flow, trouble.device_id)):
                self._store.put(note, encode(trouble), "application/json")
            if not leave:
                self._store.delete([key, *notes_of([key])])
        except NotFoundError:
            return Missing(key)
        except StoreError as error:
            return self._failed(key, "set aside", error)
        metrics.SET_ASIDE.inc()
        return Settled(key)

    def show(self, key: str, capture: Capture) -> Event:
        """Draw and upload the picture that people see."""
        analysis = self._desk.examined[key].analysis
        device = capture.device_id
        try:
            with metrics.STEP_SECONDS.labels("show").time():
                data = snapshot(
                    analysis.picture,
                    analysis.detections,
                    analysis.count,
                    capture.creation_timestamp,
                    pixelate=not {device, "*"} & set(self._settings.show_people),
                )
                self._store.put(snapshot_key(self._settings.flow, device), data)
                if self._compat:
                    self._desk.shown[key] = shown_key(device, self._clock.true.wall())
                    self._store.put(self._desk.shown[key], data)
        except StoreError as error:
            return self._failed(key, "show", error)
        return Shown(key)

    def settle(self, key: str, capture: Capture, *, leave: bool = False) -> Event:
        """Delete the raw picture, or leave it to other flows."""
        try:
            with metrics.STEP_SECONDS.labels("settle").time():
                if not leave:
                    self._store.delete([key, *notes_of([key])])
                if self._compat:
                    self._forget_shown(capture.device_id)
        except StoreError as error:
            return self._failed(key, "settle", error)
        return Settled(key)

    def _forget_shown(self, device: str) -> None:
        """Keep the latest few, for a consumer that is slow to fetch."""
        shown = [key for key in keys_under(self._store, shown_key(device)) if is_shown(key, device)]
        self._store.delete(shown[:-_SHOWN])

    def delete(self, pictures: Delete) -> Event:
        """Or only count what is left to other flows."""
        count, reason = len(pictures.keys), pictures.reason
        if pictures.leave:
            metrics.LEFT.labels(reason).inc(count)
            return Tick()
        try:
            self._store.delete([*pictures.keys, *notes_of(pictures.keys)])
        except StoreError as error:
            self._log.warning(
                "pictures were not deleted; a sweep tries again", reason=str(error), pictures=count
            )
            return Tick()
        metrics.DELETED.labels(reason).inc(count)
        if pictures.missed_by:
            self._note_missed(pictures.missed_by, count)
        return Tick()

    def _note_missed(self, flow: str, count: int) -> None:
        if count := self._missed.count(flow, self._clock.monotonic(), count):
            log.warning("pictures were deleted that a flow has not had in time", flow=flow, count=count)

    def note_absent(self, key: str) -> Event:
        """And forget whose it was said to be."""
        metrics.MISSING.inc()
        self._erase_note(key)
        self._log.warning("not in the store; a sweep finds it if it comes later", key=key)
        return Tick()

    def _failed(self, key: str, step: str, error: StoreError) -> Failed:
        metrics.FAILED.labels(step).inc()
        about = f"{step}, {'later' if error.transient else 'never'}"
        self._log.warning("a step failed and is tried again", about, step=step, key=key, reason=str(error))
        return Failed(key, str(error))
