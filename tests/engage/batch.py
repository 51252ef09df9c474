"""The batch answer, and devices at places to ask for."""

from typing import Any

from tests.engage.samples import device_status
from tests.engage.site import Site

ALL = "/api/v1/devices"


def names(answer: dict[str, Any]) -> list[str]:
    return [device["deviceID"] for device in answer["devices"]]


def place(site: Site, device: str, where: str | None, group: str | None = None, **more: Any) -> None:
    status = device_status(device).model_copy(update={"site": where, "group": group, **more})
    site.publish(site.topics.device_status(device), status, retain=True)
