"""The work done aside: taking a picture, uploading one. A step ends in the event that tells its outcome."""

from uuid import uuid4

import structlog

from common.ports.store import ObjectStore, StoreError
from common.telemetry import SeldomLog
from common.wire.keys import capture_key
from ingest import metrics
from ingest.cameras import Camera, CameraError
from ingest.darkroom import Darkroom
from ingest.events import CameraEnded, Captured, CaptureFailed, Uploaded, UploadFailed

log = structlog.get_logger(__name__)


class Steps:
    """Holds the pictures, by key, from the moment they are taken until they are uploaded or forgotten."""

    def __init__(self, device: str, camera: Camera, darkroom: Darkroom, store: ObjectStore) -> None:
        self._device = device
        self._camera = camera
        self._darkroom = darkroom
        self._store = store
        self._open = False
        self._pictures: dict[str, bytes] = {}
        self._log = SeldomLog(log)

    def take(self) -> Captured | CaptureFailed | CameraEnded:
        """On the camera's thread. A camera that failed is closed, and opened again for the next picture."""
        try:
            with metrics.CAPTURE_SECONDS.time():
                return self._take()
        except CameraError as error:
            self.close()
            metrics.CAPTURE_FAILED.inc()
            self._log.warning("no picture", str(error), reason=str(error), lasting=error.lasting)
            return CaptureFailed(str(error), error.lasting)

    def _take(self) -> Captured | CameraEnded:
        if not self._open:
            self._camera.open()
            self._open = True
        frame = self._camera.read()
        if frame is None:
            return CameraEnded()
        jpeg = self._darkroom.develop(frame)
        key = capture_key(self._device, frame.taken_at, uuid4().hex)
        self._pictures[key] = jpeg.data
        metrics.CAPTURED.inc()
        return Captured(key, frame.taken_at, jpeg.width, jpeg.height, len(jpeg.data))

    def close(self) -> None:
        """On the camera's thread."""
        self._open = False
        self._camera.close()

    def upload(self, key: str) -> Uploaded | UploadFailed:
        """On the uploads' thread."""
        try:
            with metrics.UPLOAD_SECONDS.time():
                self._store.put(key, self._pictures[key])
        except StoreError as error:
            metrics.UPLOAD_FAILED.inc()
            transient = error.transient
            self._log.warning("not uploaded", str(transient), key=key, reason=str(error), transient=transient)
            return UploadFailed(key, str(error), error.transient)
        self.forget(key)
        metrics.UPLOADED.inc()
        return Uploaded(key)

    def forget(self, key: str) -> None:
        self._pictures.pop(key, None)
