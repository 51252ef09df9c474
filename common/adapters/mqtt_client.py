"""paho's client, but for how it reads and when it gives a broker up.

paho asks the socket three times for each packet, parses properties that are not there, and wakes itself up to
acknowledge each message alone: 60 us and more. Here what has come is read at once, an ordinary message is
taken apart in place, and the acknowledgements of one read leave together. All other packets are given to
paho, one by one, as if it had read them.

paho pings once in a keepalive, whatever it hears, and waits as long for the answer: a broker that stands
still is noticed after 15 to 30 s. Here every byte is a sign of life, and only silence makes it ask.
"""

from collections.abc import Callable
from functools import cached_property
from math import inf
from struct import unpack_from
from time import monotonic
from typing import NamedTuple

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes

from common.adapters.mqtt_properties import expiry
from common.ports.bus import Received, Will
from common.seldom import Seldom
from common.telemetry import BUS_BAD_MESSAGES

log = structlog.get_logger(__name__)

LARGEST = 1024 * 1024
"""Bytes of a packet. A broker of MQTT 5 is told, and keeps what is larger to itself; one of 3.1.1 is not."""

_AT_ONCE = 64 * 1024
"""Bytes until others have their turn."""

_HEAD = 5
"""Bytes of the longest fixed header."""

_PUBLISH, _QOS_1, _QOS_2, _RETAIN = 0x30, 0x02, 0x04, 0x01
_ACK = b"\x40\x02"
_PUBACK, _REFUSED, _SOMETHING = 0x40, 0x80, 0x83
_REASONS = frozenset({0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99})
"""Why a publish may be refused. Mosquitto knows one more for what is over its message_size_limit."""


class Publish(NamedTuple):
    """What is to be published, as the port has it."""

    topic: str
    payload: bytes
    retain: bool
    token: int | None
    expires: int | None


class Client(paho.Client):
    """`received` gets messages of QoS 0 and 1 that have no properties; `on_message` gets the others."""

    received: Callable[[Received], None]
    silence = 30.0
    """Seconds without a byte after which the broker is asked for a sign of life; it has as long to answer."""

    _heard_at = _spoke_at = 0.0
    _answer_by = inf
    """When the connection is given up if nothing is heard."""

    _start = b""
    """Of a packet whose end has not come."""

    _skip = 0
    """Bytes still to come of a packet that is too large."""

    _given = b""
    """What paho is to read."""

    _over = False

    @cached_property
    def _too_large(self) -> Seldom:
        return Seldom()

    @property
    def is_5(self) -> bool:
        return self.protocol == MQTTProtocolVersion.MQTTv5

    def leave(self, will: Will) -> None:
        properties = expiry(PacketTypes.WILLMESSAGE, will.expires) if self.is_5 else None
        self.will_set(will.topic, will.payload, qos=1, retain=True, properties=properties)

    def say(self, message: Publish) -> int:
        """The number under which the broker will acknowledge it."""
        properties = expiry(PacketTypes.PUBLISH, message.expires) if self.is_5 else None
        topic, payload, retain = message.topic, message.payload, message.retain
        return self.publish(topic, payload, qos=1, retain=retain, properties=properties).mid

    def size(self, message: Publish) -> int:
        """Bytes of its packet."""
        properties = (1 if message.expires is None else 6) if self.is_5 else 0
        rest = 2 + len(message.topic.encode()) + 2 + properties + len(message.payload)
        return 1 + -(-rest.bit_length() // 7) + rest

    def forget(self, number: int) -> None:
        """Not sent again with the next connection. In a copy: paho may be going through the original."""
        with self._out_message_mutex:
            kept = self._out_messages.copy()
            kept.pop(number, None)
            self._out_messages = kept

    def close(self) -> None:
        """Once its thread has ended: paho leaves its sockets to whenever they are collected."""
        self._reset_sockets()

    def reconnect(self) -> MQTTErrorCode:
        self._start = self._given = b""
        self._skip = 0
        self._over = False
        done = super().reconnect()
        self._answer_by = monotonic() + self._keepalive
        return done

    def loop_misc(self) -> MQTTErrorCode:
        """Ask a silent broker whether it is there, and leave one that does not answer."""
        if self.socket() is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        now = monotonic()
        if now >= self._answer_by:
            return self._give_up()
        quiet = now - self._heard_at >= self.silence
        mute = 0 < self._keepalive <= now - self._spoke_at
        if self._answer_by == inf and (quiet or mute):
            self._answer_by = now + self.silence
            self._send_pingreq()
            return self.loop_write()
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _give_up(self) -> MQTTErrorCode:
        """Unless the answer is there: it may have been this process that stood still."""
        done = self.loop_read()
        if done is not MQTTErrorCode.MQTT_ERR_SUCCESS or self._answer_by == inf:
            return done
        return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_KEEPALIVE)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        try:
            came = super()._sock_recv(_AT_ONCE)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            came = b""
        if came:
            self._heard_at, self._answer_by = monotonic(), inf
            skipped = min(self._skip, len(came))
            self._skip -= skipped
            return self._take(self._start + came[skipped:])
        self._over = True
        return super().loop_read(max_packets)

    def _sock_recv(self, bufsize: int) -> bytes:
        """For paho: the packet it is to handle, then the end of the connection where it has come."""
        if not self._given and not self._over:
            raise BlockingIOError
        found, self._given = self._given[:bufsize], self._given[bufsize:]
        return found

    def _sock_send(self, buf: bytes | bytearray) -> int:
        sent = super()._sock_send(buf)
        self._spoke_at = monotonic()
        return sent

    def _take(self, data: bytes) -> MQTTErrorCode:
        """Handle the packets that are complete; keep the start of the next one."""
        done, at, acks, sock = MQTTErrorCode.MQTT_ERR_SUCCESS, 0, bytearray(), self.socket()
        while (found := _packet(data, at)) is not None:
            body, end = found
            if end > len(data):
                break
            if not self._message(data[at], data[body:end], acks):
                self._given = data[at:body] + _understood(data[at], data[body:end])
                done = super().loop_read()
                if done is not MQTTErrorCode.MQTT_ERR_SUCCESS or self.socket() is not sock:
                    return done
            at = end
        self._start = data[at:]
        if found and found[1] - at > LARGEST:
            done = self._refuse(found[0] - at, found[1] - at, acks)
        if acks and done is MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._packet_queue(paho.PUBACK, bytes(acks), 0, 1)
        return done

    def _refuse(self, body: int, size: int, acks: bytearray) -> MQTTErrorCode:
        """Let a message that is too large pass by, as if read, once its topic and number are there.

        Not acknowledged, it would take the place of another one. No other packet is ever that large.
        """
        head, start = self._start[0], self._start[body:]
        if head & 0xF0 != _PUBLISH or head & _QOS_2:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_PROTOCOL)
        after_topic = 2 + unpack_from("!H", start)[0] if len(start) > 1 else len(start)
        if len(start) < after_topic + 2:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        if head & _QOS_1:
            acks += _ACK + start[after_topic : after_topic + 2]
        self._skip, self._start = size - len(self._start), b""
        BUS_BAD_MESSAGES.inc()
        if count := self._too_large.count("messages", monotonic()):
            topic = str(start[2:after_topic], "utf-8", "replace")[:200]
            log.warning(
                "dropped a message that is too large", count=count, topic=topic, bytes=size, limit=LARGEST
            )
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _message(self, head: int, body: bytes, acks: bytearray) -> bool:
        """Pass a message on; False for what is none, or not an ordinary one."""
        if head & 0xF0 != _PUBLISH or head & _QOS_2 or len(body) < 2:  # noqa: PLR2004 -- the topic's length
            return False
        after_topic = 2 + unpack_from("!H", body)[0]
        start = after_topic + (2 if head & _QOS_1 else 0)
        if self.is_5:
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


def _understood(head: int, body: bytes) -> bytes:
    """The body of a packet; paho hangs up on a refusal whose reason MQTT does not know."""
    if head == _PUBACK and len(body) > 2 and body[2] >= _REFUSED and body[2] not in _REASONS:  # noqa: PLR2004
        return body[:2] + bytes([_SOMETHING]) + body[3:]
    return body


def _packet(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at `at` begins and ends, or will end; None while its length has not come.

    A length that is not well formed ends what there is: paho refuses it.
    """
    length = 0
    for place, byte in enumerate(data[at + 1 : at + _HEAD]):
        length |= (byte & 0x7F) << 7 * place
        if byte < 0x80:  # noqa: PLR2004 -- no more digits
            return at + 2 + place, at + 2 + place + length
    return (at + _HEAD, len(data)) if len(data) - at > _HEAD else None
