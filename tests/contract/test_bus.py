"""What every Bus does, on memory, on Mosquitto (MQTT 5) and on nats-server (MQTT 3.1.1)."""

from collections.abc import Callable, Iterator
from time import monotonic

import pytest

from common.ports.bus import Connected, Delivered, Received, Undelivered, Will
from tests.contract.rigs import STOPPED, Ear, MemoryRig, MqttRig, Rig
from tests.eventually import PATIENCE

Join = Callable[..., Ear]


@pytest.fixture(params=["memory", "mosquitto", "nats"])
def rig(request: pytest.FixtureRequest, prefix: str) -> Rig:
    if request.param == "memory":
        return MemoryRig()
    return MqttRig(request.getfixturevalue(request.param), prefix)


@pytest.fixture(autouse=True)
def _long_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stops and has something to say says it, however slow the broker is."""
    monkeypatch.setattr("common.adapters.mqtt._FAREWELL", PATIENCE)


@pytest.fixture
def join(rig: Rig) -> Iterator[Join]:
    """Starts a client with these filters and waits for its connection; all of them are stopped in the end."""
    ears: list[Ear] = []

    def join(*filters: str, will: Will | None = None, queue: int = 1000) -> Ear:
        ear = Ear(rig.bus(will, queue))
        ears.append(ear)
        ear.bus.subscribe(*filters)
        ear.start()
        return ear.connected()

    yield join
    for ear in ears:
        ear.bus.stop()


def test_says_that_it_is_connected_once(join: Join) -> None:
    assert len(join().all(Connected)) == 1


@pytest.mark.parametrize(
    ("pattern", "heard"),
    [
        ("{p}/a/1", ["a/1"]),
        ("{p}/+/1", ["a/1", "b/1"]),
        ("{p}/a/#", ["a", "a/1", "a/1/x", "a/2"]),
        ("{p}/+/1/#", ["a/1", "a/1/x", "b/1"]),
        ("{p}/c", []),
    ],
)
def test_filters_are_those_of_mqtt(join: Join, prefix: str, pattern: str, heard: list[str]) -> None:
    ear = join(pattern.format(p=prefix), f"{prefix}/end")
    for topic in ("a", "a/1", "a/1/x", "a/2", "b/1"):
        ear.bus.publish(f"{prefix}/{topic}", b"x")
    ear.bus.publish(f"{prefix}/end", b"end")
    ear.until(lambda e: b"end" in e.payloads())
    topics = sorted(event.topic.removeprefix(f"{prefix}/") for event in ear.all(Received))
    assert topics == sorted([*heard, "end"])


def test_a_publish_with_a_token_is_reported_once_delivered(join: Join, prefix: str) -> None:
    ear = join()
    ear.bus.publish(f"{prefix}/x", b"silent")
    for token in range(250):
        ear.bus.publish(f"{prefix}/x", b"x", token=token)
    ear.until(lambda e: len(e.all(Delivered)) >= 250)
    assert ear.outcomes() == [(Delivered, token) for token in range(250)]


def test_a_late_subscriber_gets_what_was_retained(join: Join, prefix: str) -> None:
    speaker = join()
    speaker.bus.publish(f"{prefix}/x", b"old", retain=True)
    speaker.bus.publish(f"{prefix}/x", b"latest", retain=True, token=1)
    speaker.bus.publish(f"{prefix}/y", b"not kept", token=2)
    speaker.until(lambda e: len(e.outcomes()) == 2)
    late = join(f"{prefix}/+").until(lambda e: e.payloads())
    assert late.all(Received) == [Received(f"{prefix}/x", b"latest", retained=True)]


def test_an_empty_payload_clears_what_was_retained(join: Join, prefix: str) -> None:
    speaker = join()
    for token, payload in enumerate((b"1", b"")):
        speaker.bus.publish(f"{prefix}/x", payload, retain=True, token=token)
    speaker.bus.publish(f"{prefix}/y", b"kept", retain=True, token=2)
    speaker.until(lambda e: len(e.outcomes()) == 3)
    assert join(f"{prefix}/+").until(lambda e: e.payloads()).payloads() == [b"kept"]


def test_subscribing_after_the_connection(join: Join, prefix: str) -> None:
    ear = join()
    ear.bus.publish(f"{prefix}/x", b"kept", retain=True, token=1)
    ear.until(lambda e: e.outcomes())
    ear.bus.subscribe(f"{prefix}/x")
    ear.until(lambda e: b"kept" in e.payloads())
    ear.bus.publish(f"{prefix}/x", b"live")
    ear.until(lambda e: b"live" in e.payloads())


def test_subscribing_twice_delivers_once(join: Join, prefix: str) -> None:
    ear = join(f"{prefix}/x", f"{prefix}/x")
    ear.bus.subscribe(f"{prefix}/x", f"{prefix}/end")
    ear.bus.publish(f"{prefix}/x", b"x")
    ear.until(lambda e: e.payloads())
    ear.bus.publish(f"{prefix}/end", b"end")
    assert ear.until(lambda e: b"end" in e.payloads()).payloads() == [b"x", b"end"]


def test_the_order_of_one_publisher_stays(join: Join, prefix: str) -> None:
    ear = join(f"{prefix}/#")
    speaker = join()
    payloads = [str(i).encode() for i in range(500)]
    for payload in payloads:
        speaker.bus.publish(f"{prefix}/x", payload)
    assert ear.until(lambda e: len(e.payloads()) >= 500).payloads() == payloads


def test_what_is_published_before_the_connection_arrives_in_order(rig: Rig, join: Join, prefix: str) -> None:
    ear = join(f"{prefix}/#")
    speaker = Ear(rig.bus())
    payloads = [str(i).encode() for i in range(200)]
    for payload in payloads[:100]:
        speaker.bus.publish(f"{prefix}/x", payload)
    speaker.start()
    for payload in payloads[100:]:
        speaker.bus.publish(f"{prefix}/x", payload)
    try:
        assert ear.until(lambda e: len(e.payloads()) >= 200).payloads() == payloads
    finally:
        speaker.bus.stop()


def test_the_will_speaks_for_a_client_that_vanished(rig: Rig, join: Join, prefix: str) -> None:
    watcher = join(f"{prefix}/#")
    rig.vanish(join(will=Will(f"{prefix}/status", b"offline")).bus)
    watcher.until(lambda e: e.payloads() == [b"offline"])
    late = join(f"{prefix}/#").until(lambda e: e.payloads())
    assert late.all(Received) == [Received(f"{prefix}/status", b"offline", retained=True)]


def test_the_will_is_silent_when_a_client_stops(join: Join, prefix: str) -> None:
    watcher = join(f"{prefix}/#")
    leaver = join(will=Will(f"{prefix}/status", b"offline"))
    leaver.bus.publish(f"{prefix}/status", b"bye", retain=True)
    leaver.bus.stop()
    watcher.until(lambda e: e.payloads())
    watcher.bus.publish(f"{prefix}/end", b"end")
    assert watcher.until(lambda e: b"end" in e.payloads()).payloads() == [b"bye", b"end"]


def test_stopping_sends_what_is_pending(join: Join, prefix: str) -> None:
    ear = join(f"{prefix}/#")
    speaker = join()
    payloads = [str(i).encode() for i in range(300)]
    for payload in payloads:
        speaker.bus.publish(f"{prefix}/x", payload)
    speaker.bus.stop()
    assert ear.until(lambda e: len(e.payloads()) >= 300).payloads() == payloads


def test_an_outage_of_the_broker(rig: Rig, join: Join, prefix: str) -> None:
    """Said, survived with its subscriptions, and what was published meanwhile arrives once."""
    ear = join(f"{prefix}/#")
    ear.bus.publish(f"{prefix}/x", b"before", token=0)
    ear.until(lambda e: b"before" in e.payloads() and e.outcomes())
    rig.down()
    ear.disconnected()
    for i in range(1, 6):
        ear.bus.publish(f"{prefix}/x", str(i).encode(), token=i)
    assert len(ear.outcomes()) == 1
    rig.up()
    ear.connected(2).until(lambda e: len(e.payloads()) >= 6 and len(e.outcomes()) >= 6)
    ear.bus.publish(f"{prefix}/x", b"after", token=6)
    ear.until(lambda e: b"after" in e.payloads() and len(e.outcomes()) >= 7)
    assert ear.payloads() == [b"before", b"1", b"2", b"3", b"4", b"5", b"after"]
    assert ear.outcomes() == [(Delivered, i) for i in range(7)]


def test_a_client_that_starts_before_its_broker(rig: Rig, prefix: str) -> None:
    rig.down()
    ear = Ear(rig.bus())
    ear.bus.subscribe(f"{prefix}/x")
    ear.bus.publish(f"{prefix}/x", b"early")
    ear.start()
    try:
        rig.up()
        ear.connected().until(lambda e: e.payloads() == [b"early"])
    finally:
        ear.bus.stop()


def test_offline_the_oldest_goes_first(rig: Rig, join: Join, prefix: str) -> None:
    ear = join(f"{prefix}/#", queue=3)
    rig.down()
    ear.disconnected()
    for i in range(5):
        ear.bus.publish(f"{prefix}/x", str(i).encode(), token=i)
    assert [(type(e), e.token) for e in ear.all(Undelivered)] == [(Undelivered, 0), (Undelivered, 1)]
    assert all(e.reason for e in ear.all(Undelivered))
    rig.up()
    ear.connected(2).until(lambda e: len(e.payloads()) >= 3)
    assert ear.payloads() == [b"2", b"3", b"4"]
    assert ear.until(lambda e: len(e.outcomes()) >= 5).outcomes()[2:] == [(Delivered, i) for i in (2, 3, 4)]


@pytest.mark.parametrize("state", ["new", "starting", "connected", "offline", "stopped"])
def test_stops_at_once_in_every_state(rig: Rig, state: str) -> None:
    ear = Ear(rig.bus())
    if state == "offline":
        ear.start()
        ear.connected()
        rig.down()
        ear.disconnected()
    elif state != "new":
        ear.start()
    if state in ("connected", "stopped"):
        ear.connected()
    if state == "stopped":
        ear.bus.stop()
    start = monotonic()
    ear.bus.stop()
    assert monotonic() - start < STOPPED


def test_what_is_no_longer_subscribed_to_does_not_come(join: Join, prefix: str) -> None:
    """Nor after an unsubscribe that names other filters too; what is published before it does."""
    ear = join(f"{prefix}/x", f"{prefix}/y", f"{prefix}/end")
    ear.bus.publish(f"{prefix}/x", b"before")
    ear.until(lambda e: e.payloads())
    ear.bus.unsubscribe(f"{prefix}/x", f"{prefix}/never")
    for topic in ("x", "y", "end"):
        ear.bus.publish(f"{prefix}/{topic}", topic.encode())
    assert ear.until(lambda e: b"end" in e.payloads()).payloads() == [b"before", b"y", b"end"]


@pytest.mark.parametrize("rig", ["memory", "mosquitto"], indirect=True)
def test_a_narrower_filter_takes_over_from_a_wildcard_without_a_gap(join: Join, prefix: str) -> None:
    """Where the broker says that it is good at that."""
    ear = join(f"{prefix}/image/+", f"{prefix}/end")
    assert ear.all(Connected)[0].many_filters
    speaker = join()
    for number in range(200):
        speaker.bus.publish(f"{prefix}/image/{number % 2}", str(number).encode())
        if number == 100:
            ear.bus.subscribe(*(f"{prefix}/image/{n}" for n in range(0, 2000, 2)))
            ear.bus.unsubscribe(f"{prefix}/image/+")
    speaker.bus.publish(f"{prefix}/end", b"end")
    heard = set(ear.until(lambda e: b"end" in e.payloads()).payloads())
    assert {str(number).encode() for number in range(0, 200, 2)} <= heard


def test_filters_changed_after_the_start_survive_an_outage(rig: Rig, join: Join, prefix: str) -> None:
    """More of them than one packet holds, where the broker takes many; some change while there is none."""
    ear = join(f"{prefix}/old", f"{prefix}/gone")
    many = 250 if ear.all(Connected)[0].many_filters else 10
    ear.bus.subscribe(*(f"{prefix}/{n}" for n in range(many)))
    ear.bus.unsubscribe(f"{prefix}/old", *(f"{prefix}/{n}" for n in range(many - 5)))
    rig.down()
    ear.disconnected()
    ear.bus.unsubscribe(f"{prefix}/gone")
    ear.bus.subscribe(f"{prefix}/new")
    rig.up()
    ear.connected(2)
    last = str(many - 1)

    def heard(e: Ear) -> bool:
        """Published again and again: nats-server puts filters in force a while after it grants them."""
        for topic in ("old", "gone", "0", str(many - 6), last, "new"):
            e.bus.publish(f"{prefix}/{topic}", topic.encode())
        return {last.encode(), b"new"} <= set(e.payloads())

    ear.until(heard)
    ear.bus.publish(f"{prefix}/new", b"end")
    assert set(ear.until(lambda e: b"end" in e.payloads()).payloads()) == {last.encode(), b"new", b"end"}


def test_unsubscribing_is_undone_by_subscribing_again(join: Join, prefix: str) -> None:
    ear = join(f"{prefix}/x")
    ear.bus.unsubscribe(f"{prefix}/x")
    ear.bus.subscribe(f"{prefix}/x")
    ear.bus.publish(f"{prefix}/x", b"again")
    ear.until(lambda e: e.payloads() == [b"again"])
