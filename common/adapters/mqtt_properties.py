"""What MQTT 5 lets a client add to its packets."""

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

_RECEIVE = 1000
"""Messages that a broker may send before it waits for us; Mosquitto's own limit is 20."""


def limits(largest: int) -> Properties:
    """Of a connection: `largest` in bytes of a packet."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.MaximumPacketSize = largest
    properties.ReceiveMaximum = _RECEIVE
    return properties


def expiry(packet: int, seconds: int | None) -> Properties | None:
    """Of a message or a will, by the packet's type."""
    if seconds is None:
        return None
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = seconds
    return properties
