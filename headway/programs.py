"""The children of `up`: what each runs, in which stage, and how it is known to be ready."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from common.settings import CommonSettings
from headway import broker, weed
from headway.cameras import Camera
from headway.datadir import DataDir, Memory
from headway.ports import LOOPBACK
from headway.probes import bus_trouble, store_trouble, web_trouble
from headway.process import Command
from headway.supervisor import Child

SERVERS, SERVICES, AGENTS = range(3)
_BUS_SECONDS = 2.0
_SETTLE = 1.0
"""Who cannot be asked and still runs after this many seconds counts as ready."""


def _nothing() -> None:
    """For a child that leaves nothing behind, or has nothing to be asked."""


@dataclass(frozen=True, slots=True)
class Program:
    """Ready when `trouble`, asked from `settle` seconds on, answers None. `sweep` cleans up behind it."""

    child: Child
    command: Command
    settle: float = 0.0
    trouble: Callable[[], str | None] = _nothing
    sweep: Callable[[], None] = _nothing


def broker_program(data: DataDir, memory: Memory, settings: CommonSettings) -> Program:
    ports, password = memory.ports, memory.mqtt_password
    if (program := broker.mosquitto()) is not None:
        command = broker.mosquitto_command(program, data.folder("broker"), ports["mqtt"], password)
    else:
        command = broker.nats_command(data.folder("nats"), ports["mqtt"], ports["nats"], password)
    return Program(Child("broker", SERVERS), command, trouble=lambda: bus_trouble(settings.bus, _BUS_SECONDS))


def store_program(data: DataDir, memory: Memory, settings: CommonSettings) -> Program:
    ports = memory.ports
    command = weed.command(data.folder("store"), ports, memory.s3_access_key, memory.s3_secret_key)
    return Program(
        Child("store", SERVERS),
        command,
        trouble=lambda: store_trouble(settings.store),
        sweep=lambda: weed.sweep(ports),
    )


def service_programs(file: Path, env: Mapping[str, str], port: int, cameras: list[Camera]) -> list[Program]:
    ready = f"http://{LOOPBACK}:{port}/readyz"
    agents = [
        Program(Child(f"camera-{c.device}", AGENTS, essential=False), _agent(file, env, c), _SETTLE)
        for c in cameras
    ]
    return [
        Program(Child("worker", SERVICES), _service("inference", file, env), _SETTLE),
        Program(Child("engage", SERVICES), _service("engage", file, env), trouble=lambda: web_trouble(ready)),
        *agents,
    ]


def _agent(file: Path, env: Mapping[str, str], camera: Camera) -> Command:
    chosen = {"HEADWAY_INGEST__DEVICE": camera.device, "HEADWAY_INGEST__CAMERA": camera.source}
    return _service("ingest", file, {**env, **chosen})


def _service(module: str, file: Path, env: Mapping[str, str]) -> Command:
    """`-P`: a folder named like one of our packages in the user's current folder must not be run."""
    return Command((sys.executable, "-P", "-m", module, "--config", str(file)), Path.cwd(), env)
