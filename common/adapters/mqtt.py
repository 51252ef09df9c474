"""The bus over MQTT: version 5, and 3.1.1 with a broker that knows no better. The one home of paho."""

import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from common.ports.bus import BusEvent, Connected, Delivered, Disconnected, Received, Undelivered, Will
from common.settings import BusSettings

log = structlog.get_logger(__name__)

_IN_FLIGHT = 100
_FAREWELL = 1.0
_CONNECT = 3.0
_RETRY_MIN, _RETRY_MAX = 1, 8
_TOO_NEW = "Unsupported protocol version"


class MqttBus:
    """One client on one broker. Its thread is paho's, named after the client; events reach the sink on it."""

    def __init__(self, settings: BusSettings, client_id: str, will: Will | None = None) -> None:
        self._settings = settings
        self._client_id = client_id
        self._will = will
        self._filters: list[str] = []
        self._granting: set[int] = set()
        self._waiting: deque[tuple[str, bytes, bool, int | None]] = deque()
        self._tokens: dict[int, int | None] = {}
        self._acks: dict[int, str | None] = {}
        self._ready = threading.Event()
        self._idle = threading.Event()
        self._client = self._make(MQTTProtocolVersion.MQTTv5)
        self._sink: Callable[[BusEvent], None] = lambda _event: None

    def start(self, sink: Callable[[BusEvent], None]) -> None:
        self._sink = sink
        self._connect()

    def subscribe(self, *filters: str) -> None:
        new = [f for f in filters if f not in self._filters]
        self._filters += new
        if new and self._client.is_connected():
            _subscribe(self._client, new)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, token: int | None = None) -> None:
        self._waiting.append((topic, payload, retain, token))
        if self._ready.is_set():
            self._flush()
        elif len(self._waiting) > self._settings.queue:
            *_, dropped = self._waiting.popleft()
            if dropped is not None:
                self._sink(Undelivered(dropped, "the queue is full while the broker is away"))

    def stop(self) -> None:
        if self._ready.is_set() and self._tokens:
            self._idle.wait(_FAREWELL)
        self._client.disconnect()
        self._client.loop_stop()

    def _make(self, protocol: MQTTProtocolVersion) -> paho.Client:
        s = self._settings
        clean = None if protocol is MQTTProtocolVersion.MQTTv5 else True
        client = paho.Client(
            CallbackAPIVersion.VERSION2, self._client_id, clean_session=clean, protocol=protocol
        )
        client.username_pw_set(s.username, s.secret())
        if s.tls:
            cert, key = (str(p) if p else None for p in (s.cert_file, s.key_file))
            client.tls_set(str(s.ca_file) if s.ca_file else None, certfile=cert, keyfile=key)
        if self._will:
            client.will_set(self._will.topic, self._will.payload, qos=1, retain=True)
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.max_queued_messages_set(s.queue)
        client.reconnect_delay_set(_RETRY_MIN, _RETRY_MAX)
        client.connect_timeout = _CONNECT
        client.on_socket_open = _no_delay
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _connect(self) -> None:
        self._client.connect_async(self._settings.host, self._settings.port, self._settings.keepalive)
        self._client.loop_start()

    def _on_connect(
        self,
        client: paho.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._refused(client, reason)
        elif self._filters:
            mid = _subscribe(client, self._filters)
            self._granting = {mid} if mid is not None else set()
        else:
            self._granted(client)

    def _refused(self, client: paho.Client, reason: ReasonCode) -> None:
        if str(reason) == _TOO_NEW and client.protocol == MQTTProtocolVersion.MQTTv5:
            log.info("the broker does not speak MQTT 5, going on with 3.1.1")
            client.disconnect()
            self._client = self._make(MQTTProtocolVersion.MQTTv311)
            self._connect()
            return
        log.warning("the MQTT broker refused us", reason=str(reason), host=self._settings.host)
        self._sink(Disconnected(str(reason)))

    def _on_connect_fail(self, _client: paho.Client, _data: object) -> None:
        self._sink(Disconnected(f"cannot reach {self._settings.host}:{self._settings.port}"))

    def _on_disconnect(
        self,
        client: paho.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if client is self._client and self._ready.is_set():
            self._ready.clear()
            self._sink(Disconnected(str(reason)))

    def _on_subscribe(
        self,
        client: paho.Client,
        _data: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        for reason in reasons:
            if reason.is_failure:
                log.error("the MQTT broker refused a subscription", reason=str(reason))
        self._granting.discard(mid)
        if not self._granting and not self._ready.is_set():
            self._granted(client)

    def _granted(self, client: paho.Client) -> None:
        version = "5" if client.protocol == MQTTProtocolVersion.MQTTv5 else "3.1.1"
        self._sink(Connected(f"{self._settings.host}:{self._settings.port} MQTT {version}"))
        self._ready.set()
        self._flush()

    def _flush(self) -> None:
        """Called by the publishing and by the network thread; `popleft` gives each message to one of them."""
        while self._waiting:
            try:
                topic, payload, retain, token = self._waiting.popleft()
            except IndexError:
                return
            self._send(topic, payload, retain=retain, token=token)

    def _send(self, topic: str, payload: bytes, *, retain: bool, token: int | None) -> None:
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            if token is not None:
                self._sink(Undelivered(token, "too many publishes are waiting for the broker"))
            return
        self._idle.clear()
        self._tokens[info.mid] = token
        if info.mid in self._acks:
            self._settle(info.mid)

    def _on_publish(
        self,
        _client: paho.Client,
        _data: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._acks[mid] = str(reason) if reason.is_failure else None
        if mid in self._tokens:
            self._settle(mid)

    def _settle(self, mid: int) -> None:
        """Called by the publishing and by the network thread; `dict.pop` decides which one reports."""
        token = self._tokens.pop(mid, None)
        refused = self._acks.pop(mid, None)
        if not self._tokens:
            self._idle.set()
        if refused:
            log.error("the MQTT broker refused a publish", reason=refused)
        if token is not None:
            self._sink(Undelivered(token, refused) if refused else Delivered(token))

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self._sink(Received(message.topic, bytes(message.payload), message.retain))


def _subscribe(client: paho.Client, filters: list[str]) -> int | None:
    if client.protocol == MQTTProtocolVersion.MQTTv5:
        _, mid = client.subscribe([(f, SubscribeOptions(qos=1)) for f in filters])
    else:
        _, mid = client.subscribe([(f, 1) for f in filters])
    return mid


def _no_delay(_client: paho.Client, _data: object, sock: Any) -> None:  # noqa: ANN401 -- paho hides its type
    """Nagle's algorithm against delayed acknowledgements costs 44 ms a QoS 1 round trip instead of 0.2 ms."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
