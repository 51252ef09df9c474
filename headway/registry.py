"""What is left of each device in the broker and in the store."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from common.ports.store import ObjectStore, keys_under
from common.wire.codec import DecodeError, decode
from common.wire.keys import is_shown, result_key, shown_key, snapshot_key, trouble_key
from common.wire.messages import DeviceConfig, DeviceStatus
from common.wire.topics import Kind, Topics

_OF_DEVICES = (Kind.IMAGE, Kind.RESULT, Kind.TROUBLE, Kind.DEVICE_CONFIG, Kind.DEVICE_STATUS)
_RESULTS = "results/"
_LATEST = (result_key, trouble_key, snapshot_key)


@dataclass(slots=True)
class Registered:
    """One device as the broker retains it; `topics` are all that it retains of it, readable or not."""

    status: DeviceStatus | None = None
    config: DeviceConfig | None = None
    flows: set[str] = field(default_factory=set)
    topics: dict[str, str] = field(default_factory=dict)
    """What travels there, in words, by topic."""

    @property
    def state(self) -> str:
        if self.status is None:
            return "unknown"
        return "paused" if self.status.state == "online" and self.status.paused else self.status.state

    @property
    def online(self) -> bool:
        return self.status is not None and self.status.state == "online"

    @property
    def applied(self) -> bool:
        """Whether the desired settings are in force; True where there are none."""
        wanted = self.config and self.config.revision
        return wanted == (self.status and self.status.applied)


def filters(topics: Topics, device: str = "+") -> tuple[str, ...]:
    """Everything that may be retained of a device, or of all."""
    return (
        topics.image(device),
        topics.result(device=device),
        topics.trouble(device=device),
        topics.device_config(device),
        topics.device_status(device),
    )


def registered(topics: Topics, retained: Mapping[str, bytes]) -> dict[str, Registered]:
    """By device, in the order of their names."""
    found: defaultdict[str, Registered] = defaultdict(Registered)
    for topic, payload in retained.items():
        place = topics.parse(topic)
        if place is None or place.kind not in _OF_DEVICES:
            continue
        entry = found[place.name]
        entry.topics[topic] = f"{place.kind.value} of {place.flow}" if place.flow else place.kind.value
        if place.flow:
            entry.flows.add(place.flow)
        try:
            message = decode(topics, topic, payload)
        except DecodeError:
            continue
        match message:
            case DeviceStatus():
                entry.status = message
            case DeviceConfig():
                entry.config = message
    return dict(sorted(found.items()))


def stored_flows(store: ObjectStore) -> set[str]:
    """The flows that have results in the store."""
    keys = keys_under(store, _RESULTS)
    return {key.split("/")[1] for key in keys if key.count("/") > 1}


def traces(store: ObjectStore, device: str, flows: Iterable[str]) -> list[str]:
    """The keys of its latest results and troubles, and of the pictures that people may see."""
    wanted = [key(flow, device) for flow in sorted(flows) for key in _LATEST]
    found = [key for key in wanted if key in keys_under(store, key)]
    return found + [key for key in keys_under(store, shown_key(device)) if is_shown(key, device)]
