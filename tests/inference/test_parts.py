"""Long messages among workers, cut to what every broker takes; then a worker on brokers that take little."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from common.adapters.memory import MemoryStore
from common.adapters.mqtt import MqttBus
from common.ports.bus import BusEvent, Disconnected, Received, Undelivered
from common.ports.clock import ManualClock, SystemClock
from common.wire.codec import decode, encode
from common.wire.keys import CAPTURES, capture_key
from common.wire.messages import MAX_BATCH, Claim, Finished, Model, Renewal
from common.wire.topics import Topics
from inference.identity import Identity
from inference.parts import parts
from inference.runner import Runner
from inference.settings import InferenceSettings
from inference.timing import Timing
from inference.worker import Worker
from tests.chaos.model import Brightness
from tests.contract.rigs import Ear
from tests.eventually import eventually
from tests.inference.camera import jpeg
from tests.servers import Mosquitto

SMALLEST = 5000
"""Bytes of a packet that every broker in use takes, and a broker in the tests here must."""


def keys(count: int, length: int = 20) -> tuple[str, ...]:
    return tuple(capture_key("d" * length, 1_700_000_000 + n, f"{n:032x}") for n in range(count))


def claims(kind: type[Claim | Renewal], *claimed: str) -> Claim | Renewal:
    return kind(worker="w", captures=tuple((key, n % 3) for n, key in enumerate(claimed)))


LONG = [
    claims(Claim, *keys(MAX_BATCH)),
    claims(Renewal, *keys(MAX_BATCH, 128)),
    Finished(worker="w", captures=keys(MAX_BATCH)),
    claims(Claim, "x/" * 200 + "x", *keys(200), "y/" * 200 + "y", "z/" * 200 + "z"),
]


@pytest.mark.parametrize("message", LONG, ids=lambda m: type(m).__name__)
def test_a_long_message_is_said_in_parts_none_of_which_is_large(message: Claim | Renewal | Finished) -> None:
    said = list(parts(message))
    assert tuple(chain.from_iterable(part.captures for part in said)) == message.captures
    assert {(type(part), part.worker) for part in said} == {(type(message), "w")}
    assert all(len(encode(part)) < SMALLEST for part in said)
    assert len(said) <= 2 + len(encode(message)) / 3000


def test_what_is_answered_is_so_in_its_part() -> None:
    first, *others, last = parts(Finished(worker="w", captures=keys(100), answered=60))
    assert isinstance(first, Finished)
    assert first.answered == len(first.captures) < 60
    assert sum(part.answered for part in (first, *others, last) if isinstance(part, Finished)) == 60


def test_what_is_missing_is_so_in_its_part() -> None:
    message = Finished(worker="w", captures=keys(100), missing=60)
    said = [part for part in parts(message) if isinstance(part, Finished)]
    assert tuple(key for part in said for key in part.done) == message.done == keys(100)[:40]
    assert tuple(key for part in said for key in part.not_there) == message.not_there


def test_a_short_message_is_said_as_it_is() -> None:
    message = claims(Claim, *keys(8))
    assert list(parts(message)) == [message]
    assert list(parts(claims(Claim, "x/" * 200 + "x"))) == [claims(Claim, "x/" * 200 + "x")]


class Site:
    """A worker with policy `every` at a broker of its own; its store has a clock of its own."""

    def __init__(self, server: Mosquitto, prefix: str) -> None:
        self.topics = Topics(prefix)
        self._clock = ManualClock()
        self.store = MemoryStore(clock=self._clock)
        self.ear = Ear(MqttBus(server.settings(), "ear"))
        settings = InferenceSettings.model_validate({"bus": {"prefix": prefix}})
        me = Identity("w", "s", "production", self.store.bucket, Model(name="m", digest="d"), "light", "cpu")
        worker = Worker(me, Timing(policy="every", max_age=1, max_wait=0))
        bus = MqttBus(server.settings(), "worker")
        self.runner = Runner(worker, me, settings, bus, self.store, Brightness(), SystemClock())
        self.events: list[BusEvent] = []
        """What the worker's bus told it."""

    def start(self) -> None:
        self.ear.bus.subscribe(self.topics.claim("production", "0"))
        self.ear.start()
        self.ear.connected()
        hear = self.runner.hear

        def note(event: BusEvent) -> None:
            self.events.append(event)
            hear(event)

        self.runner.hear = note  # type: ignore[method-assign]
        self.runner.start()

    def fill(self, names: tuple[str, ...]) -> None:
        """With pictures of five minutes ago."""
        for name in names:
            self.store.put(name, jpeg())
        self._clock.advance(300)

    def claimed(self) -> list[str]:
        messages = (decode(self.topics, e.topic, e.payload) for e in self.ear.all(Received))
        return sorted(key for m in messages if isinstance(m, Claim) for key, _ in m.captures)

    def until_nothing_is_left(self) -> None:
        def done() -> bool:
            self.runner.loop.step(0.02)
            return not self.store.list(CAPTURES)

        eventually(done, every=0)

    def stop(self) -> None:
        self.runner.close()
        self.ear.bus.stop()


@pytest.fixture(params=["max_packet_size 8192", "max_packet_size 20480", "message_size_limit 10240"])
def site(request: pytest.FixtureRequest, tmp_path: Path, prefix: str) -> Iterator[Site]:
    with Mosquitto(tmp_path, (request.param,)) as server:
        site = Site(server, prefix)
        site.start()
        yield site
        site.stop()


def test_a_worker_gets_through_old_pictures_where_the_broker_takes_small_packets_only(site: Site) -> None:
    """300 at once, in one claim of 30 kB before."""
    site.fill(keys(300))
    site.until_nothing_is_left()
    eventually(lambda: site.claimed() == sorted(keys(300)))
    assert not [event for event in site.events if isinstance(event, Disconnected | Undelivered)]
