"""The bus over MQTT: version 5, and 3.1.1 with a broker that knows no better.

The one that is known to speak 3.1.1 only, nats-server, keeps a stream's consumer for every filter: it refuses
most of a hundred at once, and one is in force some time after it was asked for.
"""

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from common.adapters.mqtt_client import LARGEST, Client, Publish
from common.adapters.mqtt_filters import Filters
from common.adapters.mqtt_outgoing import Outgoing
from common.adapters.mqtt_properties import limits
from common.adapters.mqtt_troubles import RETAIN, TO_READ, TOO_LARGE, Endings, words
from common.adapters.tls import cause, client_context
from common.ports.bus import (
    BusEvent,
    Connected,
    Delivered,
    Disconnected,
    Received,
    Refused,
    Undelivered,
    Will,
)
from common.settings import BusSettings
from common.telemetry import SeldomLog

log = structlog.get_logger(__name__)

_FAREWELL = 1.0
_PARTING = 0.5
_CONNECT = 3.0
_RETRY_MIN, _RETRY_MAX = 1, 8
_TOO_NEW = "Unsupported protocol version"


class MqttBus:
    """One client on one broker. Its thread is paho's, named after the client; events reach the sink on it."""

    def __init__(
        self, settings: BusSettings, client_id: str, will: Will | None = None, ping: float | None = None
    ) -> None:
        """`ping`: seconds of silence after which the broker is asked for a sign of life, in as many more."""
        self._settings = settings
        self._ping = ping or settings.keepalive / 2
        self._client_id = client_id
        self._will = will
        self._log = SeldomLog(log)
        self._filters = Filters()
        self._endings = Endings(client_id)
        self._outgoing = Outgoing(settings.queue, self._tell)
        self._switching = threading.Lock()
        """Held while another client takes over, so that `stop` finds it with its thread started."""
        self._in_session = False
        self._stopping = False
        self._parted = threading.Event()
        self._client = self._make(MQTTProtocolVersion.MQTTv5)
        self._sink: Callable[[BusEvent], None] = lambda _event: None

    def start(self, sink: Callable[[BusEvent], None]) -> None:
        self._sink = sink
        self._connect()

    def subscribe(self, *filters: str) -> None:
        self._filters.add(self._client, filters)

    def unsubscribe(self, *filters: str) -> None:
        self._filters.remove(self._client, filters)

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        token: int | None = None,
        expires: int | None = None,
    ) -> None:
        self._outgoing.put(Publish(topic, payload, retain, token, expires))

    def stop(self) -> None:
        self._stopping = True
        self._outgoing.finish(_FAREWELL)
        with self._switching:
            client = self._client
        if client.disconnect() is MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._parted.wait(_PARTING)
        _shut(client.socket())
        client.loop_stop()
        client.close()
        self._outgoing.pause()

    def _make(self, protocol: MQTTProtocolVersion) -> Client:
        s = self._settings
        clean = None if protocol is MQTTProtocolVersion.MQTTv5 else True
        client = Client(CallbackAPIVersion.VERSION2, self._client_id, clean_session=clean, protocol=protocol)
        client.username_pw_set(s.username, s.secret())
        if s.tls:
            client.tls_set_context(client_context(s.ca_file, s.cert_file, s.key_file))
        if self._will:
            client.leave(self._will)
        client.max_inflight_messages_set(0)
        client.reconnect_delay_set(_RETRY_MIN, _RETRY_MAX)
        client.connect_timeout = _CONNECT
        client.silence = self._ping
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.received = self._received
        return client

    def _connect(self) -> None:
        s = self._settings
        properties = limits(LARGEST) if self._client.is_5 else None
        self._client.connect_async(s.host, s.port, s.keepalive, properties=properties)
        self._client.loop_start()

    def _on_socket_open(self, _client: paho.Client, _data: object, sock: Any) -> None:  # noqa: ANN401 -- paho's
        """Nagle's algorithm makes a QoS 1 round trip take 44 ms instead of 0.2 ms."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._stopping:
            _shut(sock)

    def _on_connect(
        self,
        client: paho.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._refused(client, reason)
            return
        if not getattr(properties, "RetainAvailable", 1):
            log.error("the MQTT broker retains nothing", advice=RETAIN)
        self._in_session = True
        self._endings.began(monotonic())
        self._outgoing.connected(self._client, properties)
        if not self._filters.connected(client):
            self._granted(self._client)

    def _refused(self, client: paho.Client, reason: ReasonCode) -> None:
        if str(reason) == _TOO_NEW and client.protocol == MQTTProtocolVersion.MQTTv5:
            client.disconnect()
            with self._switching:
                if not self._stopping:
                    log.info("the broker does not speak MQTT 5, going on with 3.1.1")
                    self._client = self._make(MQTTProtocolVersion.MQTTv311)
                    self._connect()
            return
        self._lost(f"{self._address} refused us: {words(reason)}")

    def _on_connect_fail(self, _client: paho.Client, _data: object) -> None:
        """Called while the error is being handled."""
        self._lost(f"cannot reach {self._address}: {cause(sys.exception())}")

    def _on_disconnect(
        self,
        client: paho.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._stopping:
            self._parted.set()
        elif client is self._client and self._in_session:
            self._in_session = False
            brief = self._endings.ended(monotonic())
            stuck = self._outgoing.cut(self._client, brief=brief, too_large=reason.value == TOO_LARGE)
            self._lost(f"{self._address} is gone: {self._endings.why(reason, stuck=stuck)}")

    def _lost(self, reason: str) -> None:
        self._outgoing.pause()
        if not self._stopping:
            self._log.warning("no MQTT broker", reason, reason=reason)
            self._sink(Disconnected(reason))

    @property
    def _address(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    def _on_subscribe(
        self,
        _client: paho.Client,
        _data: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused, all_answered = self._filters.answered(mid, reasons)
        if refused:
            some = dict(list(refused.items())[:3])
            log.error("the MQTT broker refused subscriptions", count=len(refused), some=some, advice=TO_READ)
        for one, reason in refused.items():
            self._sink(Refused(one, reason))
        if all_answered and not self._outgoing.ready:
            self._granted(self._client)

    def _granted(self, client: Client) -> None:
        version = "5" if client.is_5 else "3.1.1"
        self._sink(Connected(f"{self._address} MQTT {version}", many_filters=client.is_5))
        self._outgoing.begin(client)

    def _on_publish(
        self,
        _client: paho.Client,
        _data: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._outgoing.acknowledged(mid, reason)

    def _tell(self, outcome: Delivered | Undelivered) -> None:
        self._sink(outcome)

    def _received(self, message: Received) -> None:
        self._sink(message)

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self._sink(Received(message.topic, bytes(message.payload), message.retain))


def _shut(sock: Any) -> None:  # noqa: ANN401 -- paho hides its type
    """The thread that reads from it wakes up at once."""
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
