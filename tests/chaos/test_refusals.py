"""A Mosquitto that refuses what workers need: they say so, keep nothing, and go on once they may."""

import os
import re
import signal
from itertools import count
from pathlib import Path

import pytest

from common.adapters.mqtt import MqttBus
from common.wire.topics import Topics
from tests.chaos.scene import Scene, scene
from tests.chaos.trouble import Report, settled
from tests.eventually import eventually
from tests.servers import USER, Mosquitto
from tests.services import Ear

CAPTURES = 24
LEASE = 3.0


class Terms:
    """What the broker is told beside its usual configuration: `options`, from its next start."""

    def __init__(self, folder: Path) -> None:
        self.options: list[str] = []
        self._topics = folder / "topics"

    def set(self, *lines: str) -> None:
        self.options[:] = lines

    def deny(self, *topics: str) -> None:
        """Nobody may send there; from SIGHUP on too, once it has started with this."""
        self.set(f"acl_file {self._topics}")
        lines = [f"user {USER}", "topic readwrite #", *(f"topic deny {topic}" for topic in topics)]
        self._topics.touch(mode=0o600)
        self._topics.write_text("".join(f"{line}\n" for line in lines))


def all_say(stage: Scene, words: str) -> None:
    """In the log of each worker."""

    def silent() -> list[str]:
        return [name for name in stage.fleet.names if not re.search(words, stage.fleet.log(name))]

    eventually(lambda: not silent(), failure=lambda: stage.fleet.log(silent()[0]))


def all_is_well(stage: Scene, what: str, report: Report) -> None:
    """Everything sent is answered, now or before."""
    stage.audience.send(range(CAPTURES, 2 * CAPTURES))
    settled(stage, LEASE)
    report("mosquitto", what, stage.audience)
    assert not stage.audience.lost()
    assert not stage.audience.books.wrong
    assert not stage.audience.books.unseen()
    assert not stage.fleet.failed()


@pytest.mark.slow
@pytest.mark.parametrize("topic", ["+/+/+/result/#", "+/+/+/claim/#", "+/+/worker/#", "+/+/image/#"])
def test_topics(topic: str, tmp_path: Path, report: Report) -> None:
    """Set right in the middle of a session. That nobody may hear of pictures no client is told."""
    terms = Terms(tmp_path)
    with scene("mosquitto", tmp_path, 2, LEASE, options=terms.options, policy="every") as stage:
        (broker,) = stage.brokers
        terms.deny(topic)
        broker.restart()
        stage.audience.send(range(CAPTURES))
        if "image" not in topic:
            all_say(stage, rf"/{topic.split('/')[-2]}/.*Not authorized.*the MQTT broker refused publishes")
        if "result" in topic:
            eventually(lambda: all(status.error for status in stage.audience.online.values()))
            eventually(lambda: all(status.load == 0 for status in stage.audience.online.values()))
        terms.deny()
        os.kill(broker.pid, signal.SIGHUP)
        all_is_well(stage, f"no {topic.split('/')[-2]}", report)
        eventually(lambda: len(stage.audience.online) == 2)
        numbers = count(2 * CAPTURES)

        def is_well() -> bool:
            stage.audience.send([next(numbers)])
            return not any(status.error for status in stage.audience.online.values())

        eventually(is_well, every=0.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("retain_available false", "Retain not supported: Headway needs retained messages: let it"),
        ("max_qos 0", "QoS not supported: let it take QoS 1"),
    ],
)
def test_sessions(line: str, words: str, tmp_path: Path, report: Report) -> None:
    """None of a worker, until the broker is set right."""
    terms = Terms(tmp_path)
    with scene("mosquitto", tmp_path, 2, LEASE, options=terms.options, policy="every") as stage:
        terms.set(line)
        stage.brokers[0].restart()
        all_say(stage, words)
        terms.set()
        stage.brokers[0].restart()
        stage.audience.send(range(CAPTURES))
        all_is_well(stage, line, report)


@pytest.mark.slow
def test_packets(tmp_path: Path, report: Report) -> None:
    """Too small for a result: no session ends for it."""
    terms = Terms(tmp_path)
    with scene("mosquitto", tmp_path, 2, LEASE, options=terms.options, policy="every") as stage:
        terms.set("max_packet_size 600")
        stage.brokers[0].restart()
        stage.audience.send(range(CAPTURES))
        all_say(stage, r"bytes, the broker takes 600")
        assert not any("Packet too large" in stage.fleet.log(name) for name in stage.fleet.names)
        terms.set()
        stage.brokers[0].restart()
        all_is_well(stage, "small packets", report)


@pytest.mark.slow
def test_queues(tmp_path: Path, report: Report) -> None:
    """Too short for what comes at once, so the broker drops messages and tells nobody."""
    terms = Terms(tmp_path)
    terms.set("max_queued_messages 1", "max_inflight_messages 1", "max_queued_bytes 2000")
    with scene("mosquitto", tmp_path, 2, LEASE, options=terms.options, policy="every") as stage:
        stage.audience.send(range(CAPTURES))
        all_is_well(stage, "short queues", report)


def test_keepalive(tmp_path: Path) -> None:
    """Shorter than a client wants: it asks as often as the broker demands."""
    with Mosquitto(tmp_path, ("max_keepalive 10",)) as mosquitto:
        bus = MqttBus(mosquitto.settings(keepalive=100), "patient")
        Ear(bus, Topics())
        assert bus._client.keepalive == 10
        bus.stop()
