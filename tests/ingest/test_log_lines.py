"""What fails with every picture fills no log."""

from structlog.testing import capture_logs

from common.adapters.memory import MemoryStore
from ingest.cameras import CameraError, Frame
from ingest.darkroom import Darkroom
from ingest.events import CaptureFailed, UploadFailed
from ingest.steps import Steps


class Broken:
    """A camera that is there and gives nothing."""

    def open(self) -> None:
        """Nothing to do."""

    def read(self) -> Frame:
        raise CameraError("it is dark", lasting=False)

    def close(self) -> None:
        """Nothing to do."""


def test_a_camera_and_a_store_that_fail_a_hundred_times_are_said_once() -> None:
    store = MemoryStore()
    store.down = True
    steps = Steps("cam", Broken(), Darkroom(), store)
    steps._pictures["key"] = b""
    with capture_logs() as logs:
        for _ in range(100):
            assert isinstance(steps.take(), CaptureFailed)
            assert isinstance(steps.upload("key"), UploadFailed)
    assert [(line["event"], line["count"]) for line in logs] == [("no picture", 1), ("not uploaded", 1)]
