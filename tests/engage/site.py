"""Engage on a broker and a store in memory, with a clock that stands: all else is real."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from common.adapters.memory import MemoryBroker, MemoryBus, MemoryStore
from common.ports.clock import ManualClock
from common.wire.codec import encode
from common.wire.keys import result_key, snapshot_key
from common.wire.messages import Message, Result
from common.wire.topics import PEOPLE_COUNTER, Topics
from engage.access.application import open_access
from engage.app import create_app
from engage.live import Live
from engage.packets import LIVE
from engage.runner import Runner
from engage.settings import EngageSettings
from engage.snapshots import Pictures
from tests.engage.samples import JPEG, result
from tests.eventually import eventually


class Site:
    """`pump` does what the loop's thread would do now. Without a sign-in, unless it listens or is told to."""

    def __init__(self, static: Path, settings: dict[str, Any] | None = None) -> None:
        given = settings or {}
        own = {"auth": given.get("engage", {}).get("host") is not None} | given.get("engage", {})
        self.settings = EngageSettings.model_validate(given | {"engage": own})
        self.static = static
        self.clock = ManualClock()
        self.broker = MemoryBroker()
        self.store = MemoryStore(clock=self.clock)
        self.topics = Topics(self.settings.bus.prefix)
        self.access = open_access(self.settings.engage, self.store, self.clock)
        self.live = Live(self.settings, self.clock, identify=self.access.viewer_of)
        self.runner = Runner(self.settings, MemoryBus(self.broker), self.store, self.live, self.clock)
        self.pictures = Pictures(self.store, self.settings.engage)
        self.app = create_app(
            self.settings,
            lambda: self.runner.board,
            self.runner.tell,
            self.live,
            self.pictures,
            self.runner.waiting,
            self.access,
            self.clock,
            static=static,
        )
        self.web: FlaskClient = self.app.test_client()
        self._worker = MemoryBus(self.broker)

    def start(self) -> None:
        """As far as it comes without waiting."""
        self._worker.start(lambda _: None)
        self.runner.start()
        self.pump()

    def rebuilt(self) -> "Site":
        self.start()
        self.until(lambda: self.runner.board.ready)
        return self

    def close(self) -> None:
        self.runner.close()
        self.pictures.close()
        self.access.close()

    def pump(self) -> None:
        loop = self.runner.loop
        while not loop._events.empty() or loop._due():
            loop.step(0.001)

    def until(self, condition: Callable[[], object]) -> None:
        """For what threads of the store bring."""

        def met() -> bool:
            self.pump()
            return bool(condition())

        eventually(met)

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.pump()

    def publish(self, topic: str, message: Message | bytes, *, retain: bool = False) -> None:
        payload = message if isinstance(message, bytes) else encode(message)
        self._worker.publish(topic, payload, retain=retain)
        self.pump()
        self.wait(0.3)

    def result(self, device: str, number: int, **more: Any) -> Result:
        """As the worker does it: the picture, the stored result, then the message."""
        sent = result(device, number, self.clock.wall(), **more)
        self.store.put(snapshot_key("production", device), JPEG + str(number).encode())
        self.store.put(result_key("production", device), encode(sent), "application/json")
        self.publish(self.topics.result("production", device), sent, retain=True)
        return sent

    def original(self, message: Message) -> None:
        self.publish(PEOPLE_COUNTER, message)

    def get(self, path: str) -> Any:
        """The JSON of an answer that must be 200."""
        answer = self.web.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json

    def browser(self, namespace: str = LIVE, auth: Any = None) -> Any:
        """A Socket.IO client; `get_received(namespace)` answers what came."""
        client = self.live._socketio.test_client(self.app, namespace=namespace, auth=auth)
        self.pump()
        self.wait(0.3)
        return client
