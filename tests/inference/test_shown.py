"""Pictures for consumers of the original people-counter: a few of each device, however many there are."""

from common.adapters.memory import MemoryStore
from common.ports.clock import ManualClock, SteadyClock
from common.wire.keys import is_shown, shown_key
from common.wire.messages import Capture
from common.wire.names import ObjectPath
from inference.events import Settled
from inference.settings import InferenceSettings
from inference.steps import Desk, Steps
from tests.chaos.model import Brightness

KEY = "captures/cam/1.jpg"
CAPTURE = Capture(device_id="cam", file_path=ObjectPath("bucket", KEY), creation_timestamp=1.0)


def test_the_latest_five_stay_behind_many_of_devices_whose_names_begin_alike() -> None:
    store, clock = MemoryStore(), ManualClock()
    others = [shown_key(f"cam-{1000 + n // 5}", n % 5) for n in range(1200)]
    own = [shown_key("cam", n) for n in range(8)]
    for key in others + own:
        store.put(key, b"")
    settings = InferenceSettings.model_validate({"compat": {"people_counter": True}})
    steps = Steps(store, Brightness(), settings, SteadyClock(clock), Desk())
    assert steps.settle(KEY, CAPTURE) == Settled(KEY)
    left = [info.key for info in store.list("", limit=2000)]
    assert [key for key in left if is_shown(key, "cam")] == own[-5:]
    assert set(others) < set(left)
