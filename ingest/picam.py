"""The Raspberry Pi camera. The one home of picamera2, imported only where it is asked for."""

import time

import numpy as np
from picamera2 import Picamera2

from common.ports.clock import Clock
from ingest.cameras.camera import CameraError, Frame

WAIT = 5.0


class Picam:
    """Pictures that were exposed after they were asked for.

    Requests are taken and released by hand and pictures are encoded by us: where `capture_file` cannot write,
    picamera2 0.3 loses a buffer for ever. A sensor that falls silent shows as a time-out only; the camera is
    then to be closed.
    """

    def __init__(self, size: tuple[int, int], clock: Clock) -> None:
        self._size = size
        self._clock = clock
        self._camera: Picamera2 | None = None

    def open(self) -> None:
        self.close()
        if not Picamera2.global_camera_info():  # asked first: a Picamera2 that finds none leaves a pipe open
            raise CameraError("no Raspberry Pi camera was found; check its cable, then restart the machine")
        try:
            self._camera = Picamera2()
            # "RGB888" names the order in a register: in memory it is blue, green, red.
            self._camera.configure(
                self._camera.create_video_configuration(main={"size": self._size, "format": "RGB888"})
            )
            self._camera.start()
        except RuntimeError as error:
            self.close()
            why = error.__cause__ or error
            raise CameraError(
                f"cannot open the Raspberry Pi camera: {why}; check its cable, and that nothing else uses it"
            ) from error

    def read(self) -> Frame:
        assert self._camera  # noqa: S101 -- open comes before read
        try:
            with self._camera.captured_request(flush=True, wait=WAIT) as request:
                exposed = request.get_metadata()["SensorTimestamp"]
                taken_at = self._clock.wall() - (time.monotonic_ns() - exposed) / 1e9
                return Frame(np.asarray(request.make_array("main"), np.uint8), taken_at)
        except (TimeoutError, RuntimeError) as error:
            raise CameraError(
                f"the Raspberry Pi camera gave no picture for {WAIT:g} s; check its cable"
            ) from error

    def close(self) -> None:
        """A capture that timed out is still queued: it goes first, or `stop` waits for it for ever."""
        camera, self._camera = self._camera, None
        if camera:
            camera.cancel_all_and_flush()
            camera.stop()
            camera.close()
