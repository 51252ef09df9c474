"""A stand-in for an agent: uploads pictures of the sample footage and announces them."""

import itertools
from functools import cache
from uuid import uuid4

import cv2

from common.ports.bus import Bus
from common.ports.store import ObjectStore
from common.wire.codec import encode
from common.wire.keys import capture_key
from common.wire.messages import Capture
from common.wire.names import ObjectPath
from common.wire.topics import Topics
from tests.assets import asset


@cache
def jpeg(frame: int = 0) -> bytes:
    """A picture of the sample footage."""
    video = cv2.VideoCapture(str(asset("vtest.avi")))
    video.set(cv2.CAP_PROP_POS_FRAMES, frame)
    good, picture = video.read()
    video.release()
    assert good, f"frame {frame} of vtest.avi cannot be read"
    return cv2.imencode(".jpg", picture)[1].tobytes()


class Agent:
    """Sends what it is given and nothing else; `bus` must be started."""

    def __init__(self, device: str, bus: Bus, store: ObjectStore, topics: Topics) -> None:
        self.device = device
        self._bus = bus
        self._store = store
        self._topics = topics
        self._sequence = itertools.count()

    def upload(self, data: bytes, taken_at: float) -> Capture:
        """Put a picture and leave it unannounced."""
        key = capture_key(self.device, taken_at, uuid4().hex)
        self._store.put(key, data)
        path = ObjectPath(self._store.bucket, key)
        return Capture(
            device_id=self.device,
            file_path=path,
            creation_timestamp=taken_at,
            sequence=next(self._sequence),
            interval=1.0,
        )

    def announce(self, capture: Capture) -> None:
        self._bus.publish(self._topics.image(self.device), encode(capture))

    def send(self, data: bytes, taken_at: float) -> Capture:
        capture = self.upload(data, taken_at)
        self.announce(capture)
        return capture
