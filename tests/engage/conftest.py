from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from common.settings import BusSettings, StoreSettings
from tests.engage.service import Worker
from tests.engage.site import Site
from tests.eventually import PATIENCE
from tests.servers import Mosquitto, Weed

Build = Callable[..., Site]


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """With threads that have to wait for a processor."""
    for place in ("access.accounts._PATIENCE", "access.vault._PATIENCE", "snapshots._PATIENCE"):
        monkeypatch.setattr(f"engage.{place}", PATIENCE)


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A page as the build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Headway</title>")
    (tmp_path / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "assets" / "index-0a1b2c.js").write_text("0")
    return tmp_path


@pytest.fixture
def build(static: Path) -> Iterator[Build]:
    """Makes sites with settings of their own; they are closed at the end."""
    sites: list[Site] = []

    def make(**settings: Any) -> Site:
        sites.append(Site(static, settings))
        return sites[-1]

    yield make
    for site in sites:
        site.close()


@pytest.fixture
def site(build: Build) -> Site:
    """Started and rebuilt from nothing."""
    return build().rebuilt()


@pytest.fixture
def bus(mosquitto: Mosquitto, prefix: str) -> BusSettings:
    return mosquitto.settings(prefix=prefix)


@pytest.fixture
def store(weed: Weed, bucket: str) -> StoreSettings:
    return weed.settings(bucket=bucket)


@pytest.fixture
def worker(bus: BusSettings, store: StoreSettings) -> Iterator[Worker]:
    worker = Worker(bus, store)
    worker.store.ensure_bucket()
    yield worker
    worker.stop()
