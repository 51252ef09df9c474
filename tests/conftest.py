"""What every test may ask for: real servers shared by all, names of its own on them, and a watch for leaks.

A test that takes `mosquitto`, `nats` or `weed` may kill it: the next test finds it running again.
"""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
import structlog
from hypothesis import HealthCheck, settings

from common.adapters.memory import MemoryBroker, MemoryStore
from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.clock import ManualClock
from common.wire.topics import PEOPLE_COUNTER, Topics
from tests.eventually import PATIENCE, eventually
from tests.servers import Mosquitto, Nats, Weed, server_pids
from tests.services import Ear, Services, environment

settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("any"), derandomize=True)
settings.load_profile("same")  # a change is judged by the same examples each time; `make test-all` has any

PARTING = PATIENCE
"""Seconds that threads and processes have to end after their test."""


@pytest.fixture(autouse=True)
def _no_leaks() -> Iterator[None]:
    """Threads and child processes that a test started are gone when it ends; the shared servers stay."""
    threads, children = set(threading.enumerate()), _children()
    yield
    eventually(
        lambda: not _new_threads(threads),
        within=PARTING,
        failure=lambda: f"leaked threads: {_new_threads(threads)}",
    )
    eventually(
        lambda: not _children() - children,
        within=PARTING,
        failure=lambda: f"leaked processes: {_children() - children}",
    )


@pytest.fixture(autouse=True)
def _back_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """MQTT clients in this process try again after 20 ms first; those of services after their second."""
    monkeypatch.setattr("common.adapters.mqtt._RETRY_MIN", 0.02)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """What a test sets up for logs, perhaps on a stream that it closes, ends with it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def _new_threads(before: set[threading.Thread]) -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread not in before]


def _children() -> set[psutil.Process]:
    """Without what the shared Chromium starts and ends when it likes."""
    servers = server_pids()
    found = psutil.Process().children(recursive=True)
    return {child for child in found if child.pid not in servers and not _is_chromium(child)}


def _is_chromium(process: psutil.Process) -> bool:
    try:
        return process.name() in {"chromium", "chrome_crashpad", "chrome_crashpad_handler"}
    except psutil.NoSuchProcess:
        return True


@pytest.fixture(scope="session")
def _mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("mosquitto")) as server:
        yield server


@pytest.fixture(scope="session")
def _nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    with Nats(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture(scope="session")
def _weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weed]:
    with Weed(tmp_path_factory.mktemp("weed")) as server:
        yield server


@pytest.fixture
def mosquitto(_mosquitto: Mosquitto) -> Mosquitto:
    """MQTT 5, ordered for all."""
    return _mosquitto.start()


@pytest.fixture
def nats(_nats: Nats) -> Nats:
    """MQTT 3.1.1, as `headway up` uses it where there is no Mosquitto."""
    return _nats.start()


@pytest.fixture
def weed(_weed: Weed) -> Weed:
    """S3; give it a `bucket` of your own where keys of other tests would be in the way."""
    return _weed.start()


@pytest.fixture
def prefix() -> str:
    """A first part for topics and keys that no other test uses."""
    return f"test/{uuid4().hex[:12]}"


@pytest.fixture
def bucket() -> str:
    """A bucket's name that no other test uses; making it is the test's part."""
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture
def topics(prefix: str) -> Topics:
    return Topics(prefix)


@pytest.fixture
def s3(weed: Weed, bucket: str) -> Iterator[S3Store]:
    """A real store with a bucket that no other test uses."""
    store = S3Store(weed.settings(bucket=bucket))
    store.ensure_bucket()
    yield store
    store.close()


@pytest.fixture
def bus(mosquitto: Mosquitto, prefix: str) -> Iterator[MqttBus]:
    """A client of the real broker; `ear` starts it."""
    bus = MqttBus(mosquitto.settings(), f"ear-{prefix[-6:]}")
    yield bus
    bus.stop()


@pytest.fixture
def ear(bus: MqttBus, topics: Topics) -> Ear:
    """Hears all of Headway, and the original people-counter."""
    return Ear(bus, topics, f"{topics.prefix}/#", PEOPLE_COUNTER)


@pytest.fixture
def services(
    mosquitto: Mosquitto, weed: Weed, bucket: str, prefix: str, tmp_path: Path
) -> Iterator[Services]:
    """On the real broker and the real store, with a prefix and a bucket that no other test uses."""
    services = Services(
        tmp_path, environment(mosquitto.settings(prefix=prefix), weed.settings(bucket=bucket))
    )
    yield services
    services.kill()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
def store(clock: ManualClock) -> MemoryStore:
    return MemoryStore(clock=clock)
