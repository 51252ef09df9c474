"""Publishes on their way to the broker, each with one outcome."""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import inf
from time import monotonic

from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from common.adapters.mqtt_client import Client, Publish
from common.adapters.mqtt_troubles import RAISE, Refusals, refusal
from common.ports.bus import Delivered, Undelivered

_IN_FLIGHT = 100
_STUCK = 2
_FATAL = 3
"""Brief sessions in a row that ended while one and the same message was unanswered: it may be the reason."""


class Outgoing:
    """They wait in one queue, in order, and leave it while the broker owes us fewer acknowledgements than it
    allows. What the connection takes with it, paho sends again; what the broker hangs up on is given up.
    """

    def __init__(self, queue: int, tell: Callable[[Delivered | Undelivered], None]) -> None:
        self._queue = queue
        self._tell = tell
        self._client: Client | None = None
        """Where they go; None while there is no session."""
        self._waiting: deque[Publish] = deque()
        self._sending = threading.Lock()
        self._window = _IN_FLIGHT
        self._largest = inf
        self._sent: dict[int, Publish] = {}
        self._acks: dict[int, ReasonCode] = {}
        self._cuts: dict[int, int] = {}
        """How many brief sessions in a row ended with this message unanswered."""
        self._refusals = Refusals()
        self._leaving = False
        self._idle = threading.Event()

    @property
    def ready(self) -> bool:
        return self._client is not None

    def put(self, message: Publish) -> None:
        self._waiting.append(message)
        self._flush()
        if len(self._waiting) > self._queue:
            with suppress(IndexError):  # the network thread was faster
                self._answer(self._waiting.popleft(), f"over {self._queue} messages wait for the broker")

    def connected(self, client: Client, properties: Properties | None) -> None:
        """Before paho sends again what the last connection took with it."""
        self._window = min(_IN_FLIGHT, getattr(properties, "ReceiveMaximum", _IN_FLIGHT))
        self._largest = getattr(properties, "MaximumPacketSize", inf)
        for mid, message in self._sent.copy().items():
            if reason := self._too_large(client, message):
                self._give_up(client, mid, reason)

    def begin(self, client: Client) -> None:
        self._client = client
        self._flush()

    def pause(self) -> None:
        self._client = None

    def cut(self, client: Client, *, brief: bool, too_large: bool) -> bool:
        """The session is over. Whether a message may be the reason: it was unanswered before, too.

        `brief`: within seconds. `too_large`: the broker says that a packet was.
        """
        self.pause()
        sent = self._sent.copy()
        self._cuts = {mid: self._cuts.get(mid, 0) + 1 for mid in sent} if brief else {}
        suspects = [mid for mid in sent if too_large or self._cuts.get(mid, 0) >= _FATAL]
        if suspects and not (too_large and self._largest < inf):
            worst = max(suspects, key=lambda mid: client.size(sent[mid]))
            size = client.size(sent[worst])
            self._give_up(client, worst, f"the broker hangs up on this packet of {size} bytes: {RAISE}")
        return max(self._cuts.values(), default=0) >= _STUCK

    def acknowledged(self, mid: int, reason: ReasonCode) -> None:
        self._acks[mid] = reason
        if mid in self._sent:
            self._settle(mid)
        self._flush()
        if self._leaving and not self._sent:
            self._idle.set()

    def finish(self, seconds: float) -> None:
        """Wait that long for what is pending, if there is a session."""
        self._leaving = True
        if self.ready and (self._waiting or self._sent):
            self._idle.wait(seconds)

    def _sendable(self) -> bool:
        return self.ready and bool(self._waiting) and len(self._sent) < self._window

    def _flush(self) -> None:
        """One thread sends at a time, so that the order stays.

        Who finds another one at it may leave: that one looks again after it has let go. Nobody waits, for
        paho calls us with its own lock held.
        """
        while self._sendable() and self._sending.acquire(blocking=False):
            try:
                with suppress(IndexError):  # the publisher has just dropped the last one
                    while self._sendable() and (client := self._client):
                        self._send(client, self._waiting.popleft())
            finally:
                self._sending.release()

    def _send(self, client: Client, message: Publish) -> None:
        if reason := self._too_large(client, message):
            self._refuse(message, reason)
            return
        mid = client.say(message)
        self._sent[mid] = message
        if mid in self._acks:
            self._settle(mid)

    def _too_large(self, client: Client, message: Publish) -> str | None:
        size = client.size(message)
        return f"{size} bytes, the broker takes {self._largest}: {RAISE}" if size > self._largest else None

    def _settle(self, mid: int) -> None:
        """The acknowledgement may overtake `_send`: then both come here, and `dict.pop` picks one."""
        try:
            message = self._sent.pop(mid)
        except KeyError:
            return
        reason = self._acks.pop(mid)
        if reason.is_failure:
            self._refuse(message, refusal(reason, len(message.payload)))
        else:
            self._answer(message)

    def _give_up(self, client: Client, mid: int, reason: str) -> None:
        client.forget(mid)
        if message := self._sent.pop(mid, None):
            self._refuse(message, reason)

    def _refuse(self, message: Publish, reason: str) -> None:
        self._refusals.add(message.topic, reason, monotonic())
        self._answer(message, reason)

    def _answer(self, message: Publish, reason: str | None = None) -> None:
        if (token := message.token) is not None:
            self._tell(Undelivered(token, reason) if reason else Delivered(token))
