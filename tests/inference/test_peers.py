"""Who else is there: statuses, wills, and silence."""

import pytest

from common.wire.messages import WorkerStatus
from inference.peers import Peers

ONLINE = WorkerStatus(worker="w1", state="online", session="now", flow="production")
OFFLINE = ONLINE.model_copy(update={"state": "offline"})


@pytest.mark.parametrize(
    ("status", "change", "there"),
    [
        pytest.param(ONLINE, None, True, id="it says so again"),
        pytest.param(OFFLINE, "went", False, id="it says goodbye"),
        pytest.param(
            OFFLINE.model_copy(update={"session": "before"}), None, True, id="the will of an older session"
        ),
        pytest.param(OFFLINE.model_copy(update={"worker": "w2"}), "went", True, id="one we never heard of"),
        pytest.param(OFFLINE.model_copy(update={"flow": "development"}), None, True, id="another flow"),
        pytest.param(OFFLINE.model_copy(update={"worker": "me"}), None, True, id="ourselves"),
    ],
)
def test_what_a_status_changes(status: WorkerStatus, change: str | None, there: bool) -> None:  # noqa: FBT001
    peers = Peers("me", "production")
    assert peers.hear(ONLINE, 0) == "came"
    assert peers.hear(status, 1) == change
    assert ("w1" in peers.declared()) == bool(peers) == there


def test_who_is_silent_is_forgotten() -> None:
    peers = Peers("me", "production")
    peers.hear(ONLINE, 5)
    assert not peers.forget_silent(4.9)
    assert peers.forget_silent(5)
    assert not peers
    assert peers.hear(ONLINE, 6) == "came"
