"""What lies between the workers of a simulated world: a broker that may be slow, lossy or repeating."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Order = Literal["all", "publisher", "none"]


@dataclass(frozen=True, slots=True)
class Weather:
    """Seconds of delay at most, and the odds that a delivery is lost or repeated.

    `order`: whose messages every receiver gets in one order: everybody's (Mosquitto), each publisher's (what
    MQTT promises; bridged brokers), or nobody's. From `until` on the broker is prompt and loses nothing.
    """

    delay: float = 0.005
    loss: float = 0.0
    repeat: float = 0.0
    order: Order = "all"
    until: float = float("inf")


class Broker:
    """Plans when a message arrives at whom. `at(time, act)` is the world's agenda."""

    def __init__(
        self, weather: Weather, chance: random.Random, at: Callable[[float, Callable[[], None]], None]
    ) -> None:
        self._weather = weather
        self._chance = chance
        self._at = at
        self._last: dict[tuple[str, ...], float] = {}

    def publish(
        self,
        now: float,
        sender: str,
        arrived: Callable[[], None],
        receivers: Callable[[], Iterable[tuple[str, Callable[[], None]]]],
    ) -> None:
        """Half of the delay to the broker, which then calls `arrived`, and half of it to each receiver."""
        weather = self._weather if now < self._weather.until else Weather(order=self._weather.order)

        def distribute(at_broker: float) -> None:
            arrived()
            for receiver, deliver in receivers():
                if self._chance.random() < weather.loss:
                    continue
                for _ in range(2 if self._chance.random() < weather.repeat else 1):
                    self._at(self._arrival(at_broker, weather, sender, receiver), deliver)

        at_broker = self._in_order((sender,), now + self._chance.uniform(0, weather.delay / 2), weather.order)
        self._at(at_broker, lambda: distribute(at_broker))

    def _arrival(self, at_broker: float, weather: Weather, sender: str, receiver: str) -> float:
        time = at_broker + self._chance.uniform(0, weather.delay / 2)
        queue = ("to", receiver) if weather.order == "all" else ("to", receiver, sender)
        return self._in_order(queue, time, weather.order)

    def _in_order(self, queue: tuple[str, ...], time: float, order: Order) -> float:
        """Not before what was queued before."""
        if order == "none":
            return time
        self._last[queue] = max(time, self._last.get(queue, 0.0))
        return self._last[queue]
