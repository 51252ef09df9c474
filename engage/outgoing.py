"""What is on its way to one browser: nothing, or the rest of one frame. It never becomes more.

What a browser cannot take yet is not kept for it: it is told of the latest state once there is room. Only
packets that the protocols need (pings, answers) wait behind the rest of a frame, up to a bound.
"""

from collections import Counter
from collections.abc import Callable

_WAITING = 64 * 1024
"""Bytes of packets that wait."""

_HELD = 64 * 2**20
"""Bytes of frames that anybody has not read to their end."""


class Unread(Exception):  # noqa: N818 -- said of the browser, not of a fault here
    """It leaves more unread than is kept for it: hang up."""


class Held:
    """Frames of which a rest is kept; many may wait for the rest of one."""

    def __init__(self) -> None:
        self.bytes = 0
        self._holders: Counter[int] = Counter()

    def hold(self, frame: bytes) -> None:
        """Unread where all of them together are too much."""
        if not self._holders[id(frame)]:
            if self.bytes + len(frame) > _HELD:
                raise Unread
            self.bytes += len(frame)
        self._holders[id(frame)] += 1

    def release(self, frame: bytes) -> None:
        self._holders[id(frame)] -= 1
        if not self._holders[id(frame)]:
            del self._holders[id(frame)]
            self.bytes -= len(frame)


class Outgoing:
    """Calls may raise OSError, where the connection is gone, and Unread."""

    __slots__ = ("_frame", "_held", "_send", "_waiting", "_written", "behind")

    def __init__(self, send: Callable[[bytes | memoryview], int], held: Held) -> None:
        """`send` is that of a socket that does not block."""
        self._send = send
        self._held = held
        self._frame: bytes | None = None
        self._written = 0
        self._waiting = b""
        self.behind = False
        """A frame was not taken; whoever offers them resets it."""

    @property
    def pending(self) -> bool:
        return self._frame is not None

    def offer(self, frame: bytes) -> bool:
        """Send a frame, or keep its rest; False, and `behind`, where nothing of it goes yet."""
        if self._frame is None and (written := self._try(frame)):
            if written < len(frame):
                self._keep(frame, written)
            return True
        self.behind = True
        return False

    def put(self, frame: bytes) -> None:
        """Send a small frame that has to be sent, after what is on its way."""
        if self._frame is None:
            if (written := self._try(frame)) < len(frame):
                self._keep(frame, written)
        elif len(self._waiting) + len(frame) > _WAITING:
            raise Unread
        else:
            self._waiting += frame

    def go_on(self) -> bool:
        """Send what there is room for; True where nothing is left."""
        while (frame := self._frame) is not None:
            self._written += self._try(memoryview(frame)[self._written :])
            if self._written < len(frame):
                return False
            waiting, self._waiting = self._waiting, b""
            self.drop()
            if waiting:
                self._keep(waiting, 0)
        return True

    def drop(self) -> None:
        """Keep nothing more of a frame."""
        if self._frame is not None:
            self._held.release(self._frame)
            self._frame = None

    def _keep(self, frame: bytes, written: int) -> None:
        self._held.hold(frame)
        self._frame, self._written = frame, written

    def _try(self, data: bytes | memoryview) -> int:
        try:
            return self._send(data)
        except BlockingIOError:
            return 0
