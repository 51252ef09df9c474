"""paho's client, but for how it reads."""

import socket
import ssl
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

_AT_ONCE = 50
"""Packets until others have their turn."""


class Client(paho.Client):
    """Reads what has come before it waits again; paho waits after each packet, which costs as much."""

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        for _ in range(_AT_ONCE):
            done = super().loop_read(max_packets)
            if done is not MQTTErrorCode.MQTT_ERR_SUCCESS or not _has_more(self.socket()):
                break
        return done


def _has_more(sock: Any) -> bool:  # noqa: ANN401 -- paho hides its type
    """An encrypted connection cannot be looked into; paho asks it itself."""
    if not isinstance(sock, socket.socket) or isinstance(sock, ssl.SSLSocket):
        return False
    try:
        return bool(sock.recv(1, socket.MSG_PEEK))
    except OSError:
        return False
