from collections.abc import Iterator
from time import monotonic

import pytest

from common.adapters.mqtt import MqttBus
from common.settings import BusSettings
from tests.contract.rigs import STOPPED, Ear, Listen, bus_of


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Starts a client with these settings; all of them are stopped in the end."""
    ears: list[Ear] = []

    def listen(settings: BusSettings) -> Ear:
        ears.append(Ear(MqttBus(settings, f"ear-{len(ears)}-{settings.port}")))
        ears[-1].start()
        return ears[-1]

    yield listen
    for ear in ears:
        start = monotonic()
        ear.bus.stop()
        assert monotonic() - start < STOPPED
        left = bus_of(ear)._client.socket()
        assert left is None or left.fileno() == -1, "its connection is open"
