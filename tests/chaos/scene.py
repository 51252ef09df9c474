"""Brokers, a store, eight workers and an audience; and what is done to them while they work."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests.chaos.audience import FLOW, Audience
from tests.chaos.fleet import Fleet
from tests.chaos.proxy import Wire
from tests.eventually import eventually
from tests.servers import USER, Mosquitto, MqttServer, Nats, Weed

KINDS = ("mosquitto", "nats", "bridged")


@dataclass(frozen=True, slots=True)
class Scene:
    """`wire` lies between the last worker and its broker."""

    brokers: tuple[MqttServer, ...]
    weed: Weed
    wire: Wire
    fleet: Fleet
    audience: Audience


@contextmanager
def scene(
    kind: str,
    folder: Path,
    workers: int,
    lease: float,
    flows: tuple[str, ...] = (FLOW,),
    options: Sequence[str] = (),
    **inference: object,
) -> Iterator[Scene]:
    """Yields when all workers are online, dealt out to the flows.

    `options` are further lines of the first Mosquitto's configuration, `inference` further settings.
    """
    with ExitStack() as cleanup:
        brokers = _brokers(kind, folder, options, cleanup)
        weed = cleanup.enter_context(Weed(_place(folder, "store")))
        prefix = f"chaos/{uuid4().hex[:8]}"
        buses = [broker.settings(prefix=prefix) for broker in brokers]
        wire = cleanup.enter_context(Wire(brokers[-1].port))
        ends = [buses[n % len(buses)] for n in range(workers - 1)]
        ends.append(brokers[-1].settings(prefix=prefix, port=wire.port, keepalive=2))
        wait = inference.get("policy", "latest") == "latest"
        audience = cleanup.enter_context(Audience(buses[0], weed.settings(), flows, wait=wait))
        common = {"lease": lease} | inference | ({"flows": ",".join(flows)} if len(flows) > 1 else {})
        flow = [flows[n // len(brokers) % len(flows)] for n in range(workers)]
        own = [_settings(common | {"flow": flow[n]}) for n in range(workers)]
        fleet = cleanup.enter_context(Fleet(folder, ends, weed.settings(), own))
        eventually(lambda: len(audience.online) == workers, failure=fleet.failed)
        yield Scene(brokers, weed, wire, fleet, audience)


def _settings(inference: Mapping[str, object]) -> dict[str, object]:
    return {f"INFERENCE__{name.upper()}": value for name, value in inference.items()}


def _brokers(kind: str, folder: Path, options: Sequence[str], cleanup: ExitStack) -> tuple[MqttServer, ...]:
    place = _place(folder, "broker")
    if kind == "nats":
        return (cleanup.enter_context(Nats(place)),)
    first = cleanup.enter_context(Mosquitto(place, options))
    if kind == "mosquitto":
        return (first,)
    return first, cleanup.enter_context(Mosquitto(_place(folder, "second"), _bridge_to(first)))


def _bridge_to(other: Mosquitto) -> tuple[str, ...]:
    """Options of a Mosquitto that shares every topic with another one: each has an order of its own."""
    return (
        "connection bridge",
        f"address 127.0.0.1:{other.port}",
        f"remote_username {USER}",
        f"remote_password {other.secret}",
        "topic # both 1",
        "notifications false",
        "restart_timeout 1",
    )


def _place(folder: Path, name: str) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    return place
