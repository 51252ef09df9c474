"""paho's client, but for how it reads.

paho asks the socket three times for each packet, parses properties that are not there, and wakes itself up to
acknowledge each message alone: 60 us and more. Here what has come is read at once, an ordinary message is
taken apart in place, and the acknowledgements of one read leave together. All other packets are given to
paho, one by one, as if it had read them.
"""

from collections.abc import Callable
from struct import unpack_from

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion

from common.ports.bus import Received

_AT_ONCE = 64 * 1024
"""Bytes until others have their turn."""

_HEAD = 5
"""Bytes of the longest fixed header."""

_PUBLISH, _QOS_1, _QOS_2, _RETAIN = 0x30, 0x02, 0x04, 0x01
_ACK = b"\x40\x02"


class Client(paho.Client):
    """`received` gets messages of QoS 0 and 1 that have no properties; `on_message` gets the others."""

    received: Callable[[Received], None]
    _start = b""
    """Of a packet whose end has not come."""

    _given = b""
    """What paho is to read."""

    _over = False

    def reconnect(self) -> MQTTErrorCode:
        self._start = self._given = b""
        self._over = False
        return super().reconnect()

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        try:
            came = super()._sock_recv(_AT_ONCE)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            came = b""
        if came:
            return self._take(self._start + came)
        self._over = True
        return super().loop_read(max_packets)

    def _sock_recv(self, bufsize: int) -> bytes:
        """For paho: the packet it is to handle, then the end of the connection where it has come."""
        if not self._given and not self._over:
            raise BlockingIOError
        found, self._given = self._given[:bufsize], self._given[bufsize:]
        return found

    def _take(self, data: bytes) -> MQTTErrorCode:
        """Handle the packets that are complete; keep the start of the next one."""
        done, at, acks, sock = MQTTErrorCode.MQTT_ERR_SUCCESS, 0, bytearray(), self.socket()
        while (found := _packet(data, at)) is not None:
            body, end = found
            if not self._message(data[at], data[body:end], acks):
                self._given = data[at:end]
                done = super().loop_read()
                if done is not MQTTErrorCode.MQTT_ERR_SUCCESS or self.socket() is not sock:
                    return done
            at = end
        self._start = data[at:]
        if acks:
            self._packet_queue(paho.PUBACK, bytes(acks), 0, 1)
        return done

    def _message(self, head: int, body: bytes, acks: bytearray) -> bool:
        """Pass a message on; False for what is none, or not an ordinary one."""
        if head & 0xF0 != _PUBLISH or head & _QOS_2 or len(body) < 2:  # noqa: PLR2004 -- the topic's length
            return False
        after_topic = 2 + unpack_from("!H", body)[0]
        start = after_topic + (2 if head & _QOS_1 else 0)
        if self.protocol == MQTTProtocolVersion.MQTTv5:
            if body[start : start + 1] != b"\0":
                return False
            start += 1
        if start > len(body):
            return False
        self.received(
            Received(str(body[2:after_topic], "utf-8", "replace"), body[start:], bool(head & _RETAIN))
        )
        if head & _QOS_1:
            acks += _ACK + body[after_topic : after_topic + 2]
        return True


def _packet(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at `at` begins and ends; None when it is not complete.

    A length that is not well formed ends what there is: paho refuses it.
    """
    length = 0
    for place, byte in enumerate(data[at + 1 : at + _HEAD]):
        length |= (byte & 0x7F) << 7 * place
        if byte < 0x80:  # noqa: PLR2004 -- no more digits
            end = at + 2 + place + length
            return (at + 2 + place, end) if end <= len(data) else None
    return (at + _HEAD, len(data)) if len(data) - at > _HEAD else None
