"""Where each message travels. No other file spells a topic."""

from dataclasses import dataclass
from enum import Enum

PEOPLE_COUNTER = "image/latest"
"""The single topic of the original people-counter: `data` in and `result` out."""


class Kind(Enum):
    IMAGE = "image"
    CLAIM = "claim"
    RESULT = "result"
    TROUBLE = "trouble"
    DEVICE_CONFIG = "device config"
    DEVICE_STATUS = "device status"
    WORKER_STATUS = "worker status"
    PEOPLE_COUNTER = "people counter"


@dataclass(frozen=True, slots=True)
class Place:
    """A parsed topic: what travels there, whose it is, and in which flow where it has one."""

    kind: Kind
    name: str = ""
    flow: str = ""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics under one prefix; `+` as a name makes a subscription filter."""

    prefix: str = "headway/v1"

    def image(self, device: str = "+") -> str:
        return f"{self.prefix}/image/{device}"

    def claim(self, flow: str, shard: str = "+") -> str:
        return f"{self.prefix}/{flow}/claim/{shard}"

    def result(self, flow: str = "+", device: str = "+") -> str:
        return f"{self.prefix}/{flow}/result/{device}"

    def trouble(self, flow: str = "+", device: str = "+") -> str:
        return f"{self.prefix}/{flow}/trouble/{device}"

    def device_config(self, device: str = "+") -> str:
        return f"{self.prefix}/device/{device}/config"

    def device_status(self, device: str = "+") -> str:
        return f"{self.prefix}/device/{device}/status"

    def worker_status(self, worker: str = "+") -> str:
        return f"{self.prefix}/worker/{worker}/status"

    def engage_ready(self, engage: str) -> str:
        """Engage's marker to itself: what was retained when it was sent, comes before it."""
        return f"{self.prefix}/engage/{engage}/ready"

    def parse(self, topic: str) -> Place | None:
        """The place a topic names, or None where it is not one of ours."""
        if topic == PEOPLE_COUNTER:
            return Place(Kind.PEOPLE_COUNTER)
        if not topic.startswith(self.prefix + "/"):
            return None
        match topic.removeprefix(self.prefix + "/").split("/"):
            case ["image", device]:
                return Place(Kind.IMAGE, device)
            case ["device", device, "config"]:
                return Place(Kind.DEVICE_CONFIG, device)
            case ["device", device, "status"]:
                return Place(Kind.DEVICE_STATUS, device)
            case ["worker", worker, "status"]:
                return Place(Kind.WORKER_STATUS, worker)
            case [flow, "claim", shard]:
                return Place(Kind.CLAIM, shard, flow)
            case [flow, "result", device]:
                return Place(Kind.RESULT, device, flow)
            case [flow, "trouble", device]:
                return Place(Kind.TROUBLE, device, flow)
            case _:
                return None
