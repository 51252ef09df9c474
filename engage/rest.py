"""The devices, over REST."""

from collections.abc import Callable

from flask import Response

from common.ports.clock import Clock
from engage.access.roles import Role
from engage.board import Board, device, devices
from engage.contract import Body, Contract, json
from engage.models import Device, Devices
from engage.problems import problem

Look = Callable[[], Board]


def add_devices(api: Contract, board: Look, clock: Clock) -> None:
    @api.get("/api/v1/devices", "The latest value of every device", {200: Body(Devices)}, role=Role.VIEWER)
    def list_devices() -> Response:
        return json(devices(board(), clock.monotonic()))

    @api.get("/api/v1/devices/<name>", "The latest value of a device", {200: Body(Device)}, role=Role.VIEWER)
    def one_device(name: str) -> Response:
        entry = board().entries.get(name)
        return json(device(entry, clock.monotonic())) if entry else no_device(name)


def no_device(name: str) -> Response:
    detail = f"No device {name!r} is known; /api/v1/devices lists those that are."
    return problem(404, "Unknown device", detail)
