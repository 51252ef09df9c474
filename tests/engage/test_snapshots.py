"""Pictures: where they come from, and what a browser may keep."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from common.adapters.memory import MemoryStore
from common.ports.store import StoreError
from common.wire.keys import snapshot_key
from engage.settings import EngageSection
from engage.snapshots import Pictures
from tests.engage.conftest import Build
from tests.engage.samples import BUCKET, JPEG
from tests.engage.site import Site
from tests.eventually import PATIENCE, eventually

CAM = "/api/v1/devices/cam/snapshot"
FOREVER = "private, max-age=31536000, immutable"


def address(site: Site) -> str:
    return str(site.get("/api/v1/devices/cam")["snapshot"])


def test_the_picture_by_its_version_may_be_kept_for_ever(site: Site) -> None:
    site.result("cam", 1)
    answer = site.web.get(address(site))
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/jpeg", JPEG + b"1")
    assert answer.headers["Cache-Control"] == FOREVER


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789abcdef"])
def test_by_no_or_another_version_it_is_the_latest_and_asked_for_anew(site: Site, query: str) -> None:
    site.result("cam", 1)
    answer = site.web.get(CAM + query)
    assert (answer.status_code, answer.data) == (200, JPEG + b"1")
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_every_capture_has_an_address_and_a_tag_of_its_own(site: Site) -> None:
    site.result("cam", 1)
    old, tag = address(site), site.web.get(CAM).headers["ETag"]
    site.result("cam", 2)
    assert address(site) != old
    again = site.web.get(CAM, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (200, JPEG + b"2")
    assert site.web.get(old).headers["Cache-Control"] == "private, no-cache"


def test_not_modified_needs_no_store(site: Site) -> None:
    site.result("cam", 1)
    tag = site.web.get(CAM).headers["ETag"]
    site.store.down = True
    answer = site.web.get(CAM, headers={"If-None-Match": f'"other", {tag}'})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)


def test_a_picture_that_was_fetched_needs_no_store(site: Site) -> None:
    site.result("cam", 1)
    site.web.get(CAM)
    site.store.down = True
    assert site.web.get(CAM).data == JPEG + b"1"


def test_while_the_store_is_away_the_last_fetched_one_serves_and_is_not_kept(site: Site) -> None:
    site.result("cam", 1)
    tag = site.web.get(CAM).headers["ETag"]
    site.result("cam", 2)
    site.store.down = True
    answer = site.web.get(address(site))
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (200, JPEG + b"1", tag)
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_with_nothing_fetched_and_the_store_away_try_again(site: Site) -> None:
    site.result("cam", 1)
    site.store.down = True
    with capture_logs() as logs:
        *_, answer = (site.web.get(CAM) for _ in range(10))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.mimetype == "application/problem+json"
    assert [line["count"] for line in logs if line["event"] == "no picture"] == [1]


def test_a_picture_that_is_gone_is_not_found(site: Site) -> None:
    site.result("cam", 1)
    site.store.delete([snapshot_key("production", "cam")])
    assert site.web.get(CAM).status_code == 404


@pytest.mark.parametrize(
    "path", [f"{BUCKET}/captures/cam/1.jpg", "other-bucket/snapshots/production/cam.jpg"]
)
def test_nothing_but_the_picture_for_people_is_shown(site: Site, path: str) -> None:
    site.store.put("captures/cam/1.jpg", JPEG)
    site.result("cam", 1, filePath=path)
    assert site.web.get(CAM).status_code == 404


@pytest.mark.parametrize("data", [b"", b"<script>alert(1)</script>", JPEG + b" " * 2000])
def test_what_is_no_picture_or_too_large_is_not_passed_on(build: Build, data: bytes) -> None:
    site = build(engage={"snapshot_bytes": 1024}).rebuilt()
    site.result("cam", 1)
    site.store.put(snapshot_key("production", "cam"), data)
    answer = site.web.get(CAM)
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")


class SlowStore(MemoryStore):
    """Counts what is asked of it, and answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.let = threading.Event()

    def get(self, key: str, limit: int) -> bytes:
        self.asked.append(key)
        assert self.let.wait(PATIENCE)
        return super().get(key, limit)


def test_those_who_want_the_same_picture_share_one_fetch() -> None:
    store = SlowStore()
    store.put("a.jpg", JPEG)
    pictures = Pictures(store, EngageSection())
    with ThreadPoolExecutor(8) as browsers:
        first = browsers.submit(pictures.get, "a.jpg", "1")
        eventually(lambda: store.asked)
        others = [browsers.submit(pictures.get, "a.jpg", "1") for _ in range(7)]
        store.let.set()
        assert {b.result() for b in [first, *others]} == {JPEG}
    pictures.close()
    assert store.asked == ["a.jpg"]


def test_the_longest_unasked_pictures_go_first() -> None:
    store = SlowStore()
    store.let.set()
    for name in "abc":
        store.put(name, JPEG)
    pictures = Pictures(store, EngageSection(snapshot_cache_bytes=2 * len(JPEG)))
    for name in "abacab":
        pictures.get(name, "1")
    pictures.close()
    assert store.asked == ["a", "b", "c", "b"]


def test_a_failure_is_not_kept() -> None:
    store = SlowStore()
    store.let.set()
    pictures = Pictures(store, EngageSection())
    with pytest.raises(StoreError):
        pictures.get("a.jpg", "1")
    store.put("a.jpg", JPEG)
    eventually(lambda: not pictures._coming)
    assert pictures.get("a.jpg", "1") == JPEG
    pictures.close()
