from collections.abc import Iterator
from pathlib import Path

import pytest

from common.adapters.s3 import S3Store
from common.wire.topics import Topics
from headway.line import Line
from tests.eventually import PATIENCE
from tests.headway.ground import Ground
from tests.servers import Mosquitto, Weed


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what is slow because the machine is."""
    for name in ("cameras._CHECK_SECONDS", "device._PATIENCE", "line._ANSWER", "local_http._SECONDS"):
        monkeypatch.setattr(f"headway.{name}", PATIENCE)


@pytest.fixture
def ground(mosquitto: Mosquitto, weed: Weed, topics: Topics, s3: S3Store, tmp_path: Path) -> Iterator[Ground]:
    ground = Ground(mosquitto, weed, topics, s3, tmp_path)
    yield ground
    with Line(mosquitto.settings(prefix=topics.prefix), f"{topics.prefix}/#") as line:
        line.retain(dict.fromkeys(line.retained(), b""))
    s3.close()
