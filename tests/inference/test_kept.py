"""The latest result of a device in the store: what is written late brings nothing back that was erased."""

import time
from collections.abc import Callable

import pytest
import requests

from common.adapters.memory import MemoryStore
from common.adapters.mqtt import MqttBus
from common.adapters.s3 import S3Store
from common.ports.clock import ManualClock
from common.ports.store import ObjectStore
from common.wire.codec import MAX_PAYLOAD
from common.wire.keys import result_key
from common.wire.messages import Result, WorkerStatus
from common.wire.topics import Topics
from inference.events import NotKept, Tick
from inference.kept import KeptResults
from inference.settings import InferenceSection
from inference.steps import Desk
from tests.common.messages import SMALL_RESULT
from tests.eventually import PATIENCE, eventually
from tests.inference.camera import Agent, jpeg
from tests.servers import free_ports
from tests.services import Ear, Services

KEEP = 3.0


def sequence(store: ObjectStore, key: str) -> int | None:
    """Of the result that is kept there."""
    return Result.model_validate_json(store.get(key, MAX_PAYLOAD)).sequence


class Shelf:
    """What a worker keeps of one device."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self._desk = Desk()
        self._results = KeptResults(self.store, InferenceSection(), ManualClock(), self._desk)

    def keep(self, sequence: int, *, overdue: bool) -> object:
        self._desk.latest["cam-1"] = SMALL_RESULT.model_copy(
            update={"sequence": sequence, "creation_timestamp": float(sequence)}
        )
        return self._results.keep("cam-1", overdue=overdue)

    def kept(self) -> int | None:
        key = result_key("production", "cam-1")
        return sequence(self.store, key) if self.store.list(key) else None

    def erase(self) -> None:
        self.store.delete([result_key("production", "cam-1")])


def test_what_has_waited_replaces_an_earlier_one_and_leaves_a_later_one() -> None:
    shelf = Shelf()
    for sequence, overdue, kept in [(1, False, 1), (2, True, 2), (1, True, 2), (3, True, 3)]:
        assert shelf.keep(sequence, overdue=overdue) == Tick()
        assert shelf.kept() == kept


def test_what_has_waited_is_not_kept_of_a_device_that_was_forgotten_meanwhile() -> None:
    shelf = Shelf()
    shelf.keep(1, overdue=False)
    shelf.erase()
    assert shelf.keep(2, overdue=True) == Tick()
    assert shelf.kept() is None


@pytest.mark.parametrize("overdue", [False, True])
def test_a_forgotten_device_that_speaks_again_is_kept_again(*, overdue: bool) -> None:
    shelf = Shelf()
    shelf.keep(1, overdue=False)
    shelf.erase()
    shelf.keep(2, overdue=True)
    shelf.keep(3, overdue=overdue)
    assert shelf.kept() == 3


def test_the_first_one_is_kept_however_late_the_store_takes_it() -> None:
    shelf = Shelf()
    shelf.store.down = True
    assert shelf.keep(1, overdue=False) == NotKept("cam-1")
    shelf.store.down = False
    shelf.keep(2, overdue=True)
    assert shelf.kept() == 2


@pytest.fixture
def forget(services: Services) -> Callable[[str], None]:
    """As somebody does it on the page."""
    (port,) = free_ports(1)
    services.start("engage", "engage", {"ENGAGE__PORT": port, "ENGAGE__AUTH": "false"})
    url = f"http://127.0.0.1:{port}"

    def answers(path: str) -> bool:
        try:
            return requests.get(url + path, timeout=PATIENCE).ok
        except requests.ConnectionError:
            return False

    def forget(device: str) -> None:
        eventually(lambda: answers(f"/api/v1/devices/{device}"))
        assert requests.delete(f"{url}/api/v1/devices/{device}", timeout=PATIENCE).status_code == 202

    eventually(lambda: answers("/readyz"))
    return forget


def test_forgetting_a_device_just_after_its_last_result(
    services: Services,
    ear: Ear,
    bus: MqttBus,
    s3: S3Store,
    topics: Topics,
    forget: Callable[[str], None],
) -> None:
    services.start("inference", "w1", {"INFERENCE__PROFILE": "light", "INFERENCE__KEEP": KEEP})
    eventually(lambda: ear.all(WorkerStatus))
    agent, key = Agent("cam-1", bus, s3, topics), result_key("production", "cam-1")
    agent.send(jpeg(), time.time())
    eventually(lambda: s3.list(key))

    def is_owed() -> bool:
        """Whether the result of one more capture waits to be kept."""
        sent = agent.send(jpeg(), time.time())
        eventually(lambda: ear.all(Result)[-1].capture_id == sent.file_path.key)
        return sequence(s3, key) != sent.sequence

    eventually(is_owed)
    analysed = time.monotonic()
    forget("cam-1")
    eventually(lambda: not s3.list(key))
    eventually(lambda: time.monotonic() > analysed + KEEP + 1)
    assert not s3.list(key)
