"""What is published about a capture, whatever its times are."""

import numpy as np
import pytest

from common.wire.codec import encode
from common.wire.messages import Capture, Model
from common.wire.names import ObjectPath
from inference.analyse import Analysis
from inference.identity import Identity
from inference.results import Examined, result

NOW = 1_700_000_000.0
ME = Identity("w", "s", "production", "bucket", Model(name="m", digest="d"), "light")
EXAMINED = Examined(Analysis(np.zeros((48, 64, 3), np.uint8), (), 0.0, 1.0), NOW)


@pytest.mark.parametrize(
    ("received_at", "said", "queued"),
    [
        pytest.param(NOW - 2, NOW - 2, 2000, id="just now"),
        pytest.param(NOW - 86_400 * 365, NOW - 86_400 * 365, 1e9, id="a year ago: all workers were away"),
        pytest.param(0.0, 0.0, 1e9, id="in a key of 1970"),
        pytest.param(-5.0, 0.0, 1e9, id="before 1970, as the store says"),
        pytest.param(1e11, NOW, 0, id="in a key of the last second that there is"),
    ],
)
def test_a_result_can_be_made_of_a_capture_of_any_time(
    received_at: float, said: float, queued: float
) -> None:
    made = Capture(device_id="cam", file_path=ObjectPath("bucket", "k"), creation_timestamp=1e11)
    message = result(ME, made, EXAMINED, received_at, NOW)
    assert encode(message)
    assert message.received_at == said
    assert message.stale_after == said + 30
    assert message.analysis_metadata.results.queue_ms == queued
