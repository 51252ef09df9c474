"""The latest result of each device in the store: put there, and asked what it shows to be done.

Each method is a step of a worker that blocks, and answers with the event of its outcome.
"""

from collections.abc import Sequence
from functools import cache

import structlog
from pydantic import ValidationError

from common.ports.clock import Clock
from common.ports.store import NotFoundError, ObjectStore, StoreError, TooLargeError
from common.telemetry import SeldomLog
from common.wire.codec import MAX_PAYLOAD, encode
from common.wire.keys import result_key
from common.wire.messages import Result
from inference import metrics
from inference.events import Event, NotKept, Recalled, Seen, Tick
from inference.order import TRUST
from inference.settings import InferenceSection
from inference.steps import Desk

log = structlog.get_logger(__name__)

_FAREWELL = 1.0
_REMEMBERED = 100_000


class KeptResults:
    """Of this worker's flow."""

    def __init__(self, store: ObjectStore, settings: InferenceSection, clock: Clock, desk: Desk) -> None:
        self._store = store
        self._flow = settings.flow
        self._latest_only = settings.policy == "latest"
        self._clock = clock
        self._desk = desk
        self._log = SeldomLog(log, clock)

    def keep(self, device: str, *, overdue: bool) -> Event:
        """Put the latest result into the store; one that has waited may be older than another worker's."""
        if (message := self._desk.latest.pop(device, None)) is None:
            return Tick()
        name = result_key(self._flow, device)
        try:
            with metrics.STEP_SECONDS.labels("keep").time():
                if not (overdue and self._is_in_vain(name, message)):
                    self._store.put(name, encode(message), "application/json")
                    self._remember(device)
        except StoreError as error:
            self._desk.latest.setdefault(device, message)
            metrics.FAILED.labels("keep").inc()
            self._log.warning("a result was not kept and is tried again", device=device, reason=str(error))
            return NotKept(device)
        return Tick()

    def keep_all(self) -> None:
        """Before the end: as many of the latest results as a second allows; the broker retains them too."""
        end = self._clock.monotonic() + _FAREWELL
        for device in list(self._desk.latest):
            if self._clock.monotonic() >= end or isinstance(self.keep(device, overdue=True), NotKept):
                return

    def _is_in_vain(self, name: str, message: Result) -> bool:
        """There is a later one, or the device was forgotten since it had one that we kept."""
        try:
            kept = self._kept(name)
        except NotFoundError:
            erased = message.device_id in self._desk.kept
            self._desk.kept.discard(message.device_id)
            return erased
        return kept is not None and _order(kept) > _order(message)

    def _kept(self, name: str) -> Result | None:
        """None where something else lies there; StoreError."""
        try:
            return Result.model_validate_json(self._store.get(name, MAX_PAYLOAD))
        except (TooLargeError, ValidationError):
            return None

    def _remember(self, device: str) -> None:
        if len(self._desk.kept) >= _REMEMBERED:
            self._desk.kept.clear()
        self._desk.kept.add(device)

    def recall(self, found: Sequence[Seen]) -> Event:
        """Which captures the latest results of their devices show to be done: one GET a device.

        And a listing, where some are older by their device's clock: that may have been set back.
        """
        kept, kept_at = cache(self._last), cache(self._kept_at)

        def is_done(seen: Seen) -> bool:
            """Who analyses the latest only does not go back behind a result."""
            capture = seen.capture
            if (result := kept(capture.device_id)) is None:
                return False
            if result.capture_id == capture.file_path.key:
                return True
            older = self._latest_only and capture.creation_timestamp <= result.creation_timestamp
            return older and seen.received_at <= kept_at(capture.device_id) + TRUST

        try:
            with metrics.STEP_SECONDS.labels("recall").time():
                judged = [(seen, is_done(seen)) for seen in found]
        except StoreError as error:
            self._log.warning("the store could not be asked for results", reason=str(error))
            return Tick()
        done = tuple(seen.capture.file_path.key for seen, is_over in judged if is_over)
        return Recalled(done, tuple(seen for seen, is_over in judged if not is_over))

    def _last(self, device: str) -> Result | None:
        try:
            return self._kept(result_key(self._flow, device))
        except NotFoundError:
            return None

    def _kept_at(self, device: str) -> float:
        """When the latest result came to the store, in Unix seconds; 0 where it is gone meanwhile."""
        name = result_key(self._flow, device)
        now = self._clock.wall()
        return next((now - info.age for info in self._store.list(name, limit=1) if info.key == name), 0.0)


def _order(message: Result) -> tuple[float, int]:
    """Results of one device by age: the device's own time, then its sequence."""
    return message.creation_timestamp, message.sequence or 0
