"""Somebody changes an agent's settings over a real broker."""

from common.adapters.mqtt import MqttBus
from common.wire.codec import encode
from common.wire.messages import DeviceConfig, DeviceSettings
from common.wire.topics import Topics
from tests.assets import asset
from tests.eventually import eventually
from tests.ingest.conftest import AgentEar, StartAgent
from tests.servers import Mosquitto


def test_what_is_wanted_is_applied_survives_a_broker_and_is_taken_back(
    start_agent: StartAgent, ear: AgentEar, bus: MqttBus, topics: Topics, mosquitto: Mosquitto
) -> None:
    def want(revision: int, **settings: object) -> None:
        wish = DeviceSettings.model_validate(settings)
        config = DeviceConfig(device_id="cam-1", revision=revision, settings=wish, by="ada")
        bus.publish(topics.device_config("cam-1"), encode(config), retain=True)

    def applied(revision: int | None) -> bool:
        return ear.status is not None and ear.status.applied == revision

    want(1, interval=0.2, site="depot")
    start_agent(asset("vtest.avi"), interval=0.5, name="Gate", site="campus")
    eventually(lambda: applied(1))
    eventually(lambda: len(ear.captures) > 3)
    last = ear.captures[-1]
    assert (last.interval, last.site) == (0.2, "depot")
    assert ear.status
    assert (ear.status.interval, ear.status.name, ear.status.site) == (0.2, "Gate", "depot")

    want(2, paused=True, name="Tor ü")
    eventually(lambda: applied(2))
    assert (ear.status.paused, ear.status.name, ear.status.error) == (True, "Tor ü", None)
    taken = ear.status.captured

    mosquitto.stop()
    mosquitto.start()
    bad = b'{"deviceID": "cam-1", "revision": 3, "settings": {"interval": 0}}'

    def refused() -> bool:
        """Said again and again: it is not retained, and the agent hears it once it is back."""
        bus.publish(topics.device_config("cam-1"), bad)
        return "the desired settings are refused: settings.interval" in ear.error()

    eventually(refused, every=0.5)
    assert applied(2)
    assert ear.status.paused
    assert ear.status.captured - taken in (0, 1), "one was under way"

    bus.publish(topics.device_config("cam-1"), b"", retain=True)
    eventually(lambda: applied(None))
    eventually(lambda: ear.captures[-1].interval == 0.5)
    assert (ear.status.paused, ear.status.site, ear.error()) == (False, "campus", "")
