"""WebSocket frames (RFC 6455) as a server reads and writes them. Pure.

What is sent is packed once, whoever gets it; so nothing is compressed, and no extension is agreed upon.
"""

import struct
from base64 import b64encode
from collections.abc import Iterator
from enum import IntEnum
from hashlib import sha1

_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SHORT, _LONG = 125, 0xFFFF
_FINAL, _MASKED = 0x80, 0x80


class Opcode(IntEnum):
    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class FrameError(ValueError):
    """The client breaks the protocol: hang up, with `code` in the close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def accept(key: str) -> str:
    """What a handshake answers to a client's Sec-WebSocket-Key."""
    return b64encode(sha1(key.encode() + _KEY, usedforsecurity=False).digest()).decode()


def pack(opcode: Opcode, payload: bytes) -> bytes:
    """One whole frame."""
    size, first = len(payload), _FINAL | opcode
    if size <= _SHORT:
        head = struct.pack("!BB", first, size)
    elif size <= _LONG:
        head = struct.pack("!BBH", first, 126, size)
    else:
        head = struct.pack("!BBQ", first, 127, size)
    return head + payload


def pack_close(code: int) -> bytes:
    return pack(Opcode.CLOSE, struct.pack("!H", code))


class Frames:
    """What one client sends, as it comes."""

    __slots__ = ("_buffer", "_largest", "_message")

    def __init__(self, largest: int) -> None:
        """`largest` is the size in bytes of the largest message that is taken."""
        self._largest = largest
        self._buffer = b""
        self._message: tuple[Opcode, bytearray] | None = None

    def feed(self, data: bytes) -> Iterator[tuple[Opcode, bytes]]:
        """Whole messages and control frames; FrameError where the client is to be hung up on."""
        self._buffer += data
        while (frame := self._frame()) is not None:
            final, opcode, payload = frame
            if opcode >= Opcode.CLOSE:
                yield opcode, payload
            elif (message := self._joined(opcode, payload, final=final)) is not None:
                yield message

    def _joined(self, opcode: Opcode, payload: bytes, *, final: bool) -> tuple[Opcode, bytes] | None:
        """The message that this frame ends."""
        if (opcode == Opcode.CONTINUATION) is (self._message is None):
            raise FrameError(1002, "a message begins inside another, or goes on before it began")
        kind, message = self._message or (opcode, bytearray())
        if len(message) + len(payload) > self._largest:
            raise FrameError(1009, f"a message of more than {self._largest} bytes")
        message += payload  # in place: a message in parts of one byte costs no more than a whole one
        self._message = None if final else (kind, message)
        return (kind, bytes(message)) if final else None

    def _frame(self) -> tuple[bool, Opcode, bytes] | None:
        """The next one, once all of it has come."""
        buffer = self._buffer
        if len(buffer) < 2:  # noqa: PLR2004 -- the two bytes that every frame has
            return None
        final, opcode, size = _head(buffer[0], buffer[1])
        start = 2
        if size > _SHORT:
            width = 2 if size == 126 else 8  # noqa: PLR2004 -- 126 and 127 say how long the length is
            start += width
            size = int.from_bytes(buffer[2:start])
            if len(buffer) < start:
                return None
        if size > self._largest:
            raise FrameError(1009, f"a frame of more than {self._largest} bytes")
        end = start + 4 + size
        if len(buffer) < end:
            return None
        self._buffer = buffer[end:]
        return final, opcode, _unmasked(buffer[start : start + 4], buffer[start + 4 : end])


def _head(first: int, second: int) -> tuple[bool, Opcode, int]:
    """Whether it is the last of its message, what it is, and its length or how that is told."""
    final, size = bool(first & _FINAL), second & 0x7F
    if first & 0x70 or not second & _MASKED:
        raise FrameError(1002, "a frame that is not masked, or uses an extension that nobody offered")
    try:
        opcode = Opcode(first & 0x0F)
    except ValueError:
        raise FrameError(1002, f"a frame of unknown kind {first & 0x0F}") from None
    if opcode >= Opcode.CLOSE and (not final or size > _SHORT):
        raise FrameError(1002, "a control frame that is long or in parts")
    return final, opcode, size


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    size = len(payload)
    stream = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(stream)).to_bytes(size)
