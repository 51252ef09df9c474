"""The JSON that is encoded once is the Device of the contract; its tag tells what is shown and no more."""

from typing import Any

import orjson
import pytest

from common.wire.keys import snapshot_key
from common.wire.messages import DeviceConfig, DeviceSettings
from engage.events import BrokerConnected, BrokerLost, DeviceConfigReceived
from engage.fragments import device_json, fragment
from engage.models import Device
from engage.settings import EngageSection
from tests.engage.samples import BUCKET, device_status, original_result, result, trouble
from tests.engage.watcher import Watcher

FLOWS = EngageSection(flows=("production", "trial"))


@pytest.fixture
def watcher() -> Watcher:
    return Watcher(FLOWS).ready()


def shown(watcher: Watcher, flow: str | None = None, device: str = "cam") -> dict[str, Any]:
    """As REST would answer now; it must be what the contract says, every field of it."""
    entry = watcher.entry(device)
    found: dict[str, Any] = orjson.loads(device_json(entry, watcher.clock.monotonic(), flow))
    assert Device.model_validate(found).model_dump(by_alias=True) == found
    return found


def told(watcher: Watcher) -> None:
    """Everything that can be known of a device."""
    watcher.status(
        device_status("cam", error="no answer").model_copy(update={"name": "Gate", "group": "north"})
    )
    watcher.hear(result("cam", 1, watcher.wall, count=4, site="yard"))
    path = f"{BUCKET}/{snapshot_key('trial', 'cam')}"
    watcher.hear(result("cam", 1, watcher.wall, count=5, window=60, filePath=path), flow="trial")
    watcher.suffer(trouble("cam", 2, watcher.wall))


def test_every_field_is_there_with_a_value_and_without(watcher: Watcher) -> None:
    watcher.status(device_status("cam"))
    assert shown(watcher)["state"] == "unknown"
    told(watcher)
    found = shown(watcher)
    assert (found["count"], found["flow"], found["site"], found["group"]) == (
        4,
        "production",
        "yard",
        "north",
    )
    assert found["age"] == pytest.approx(0.3)
    assert (found["problem"], found["agent"]["error"]) == ("no answer", "no answer")
    assert found["trouble"]["captureID"] == "captures/cam/2.jpg"


def test_a_flow_that_is_asked_for_is_shown_instead_of_the_first(watcher: Watcher) -> None:
    told(watcher)
    watcher.wait(10)
    first, trial = shown(watcher), shown(watcher, "trial")
    assert (first["count"], first["state"]) == (4, "stale")
    assert (trial["count"], trial["state"]) == (5, "live")
    assert {flow: value["state"] for flow, value in first["flows"].items()} == {
        "production": "stale",
        "trial": "live",
    }
    assert first["flows"] == trial["flows"]
    assert "/cam/snapshot?v=" in first["snapshot"]
    assert "/cam/snapshot?flow=trial&v=" in trial["snapshot"]
    assert shown(watcher, "other")["state"] == "unknown"


def test_the_age_alone_is_written_anew(watcher: Watcher) -> None:
    told(watcher)
    entry = watcher.entry("cam")
    assert fragment(entry) is fragment(entry)
    assert b'"age"' not in fragment(entry)
    watcher.wait(2)
    assert shown(watcher)["age"] == pytest.approx(2.6)


def test_a_value_of_unknown_age_has_none(watcher: Watcher) -> None:
    watcher.hear(original_result("cam", watcher.wall), flow=None, live=False)
    assert (shown(watcher)["age"], shown(watcher)["receivedAt"]) == (None, None)


def test_replicas_that_started_at_other_times_and_heard_in_another_order_have_the_same_tags() -> None:
    one, two = Watcher(FLOWS).ready(), Watcher(FLOWS)
    two.clock.advance(-400.0)
    two.clock._wall += 400.0
    two.ready()
    at = one.wall
    said = [result("a", 1, at), result("b", 1, at), result("a", 2, at)]
    one.hear(*said)
    one.status(device_status("a"))
    two.status(device_status("a"), live=False)
    two.hear(*reversed(said))
    one.wait(1)
    two.wait(1)
    assert one.board.tag == two.board.tag != 0
    assert one.entry("a").tag == two.entry("a").tag != one.entry("b").tag


def test_the_tag_of_the_board_changes_with_what_it_shows_and_comes_back_with_it(watcher: Watcher) -> None:
    watcher.wait(1)
    tags = [watcher.board.tag]
    for event in (BrokerLost("away"), BrokerConnected()):
        watcher.tell(event)
        watcher.wait(0.3)
        tags.append(watcher.board.tag)
    assert tags[0] == tags[2] != tags[1]
    watcher.hear(result("cam", 1, watcher.wall, window=6))
    live = watcher.entry("cam")
    watcher.wait(6)
    stale = watcher.entry("cam")
    assert live.tag != stale.tag
    assert stale.revision > live.revision
    assert stale.changed_at == pytest.approx(live.changed_at + 6, abs=0.3)


def test_what_somebody_set_names_a_device_before_its_agent_does(watcher: Watcher) -> None:
    settings = DeviceSettings(name="Gate 2", site="depot")
    watcher.tell(
        DeviceConfigReceived(DeviceConfig(device_id="cam", revision=1, settings=settings), watcher.now)
    )
    watcher.wait(1)
    assert "cam" not in watcher.board.entries
    told(watcher)
    found = shown(watcher)
    assert (found["name"], found["site"], found["group"]) == ("Gate 2", "depot", "north")
    desired = watcher.entry("cam").desired
    assert desired
    assert desired.settings == settings
