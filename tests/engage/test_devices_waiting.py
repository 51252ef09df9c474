"""The batch answer that is waited for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.engage.batch import ALL, names, place
from tests.engage.conftest import Build
from tests.engage.site import Site
from tests.eventually import eventually

Ask = Callable[[str], Any]

WOKEN = 25
"""Seconds; what nothing wakes answers after 30."""


def asking(site: Site, pool: ThreadPoolExecutor) -> Ask:
    """Ask in a thread of its own; answers once the request waits."""

    def ask(query: str) -> Any:
        before = len(site.runner.waiting)
        coming = pool.submit(lambda: site.app.test_client().get(ALL + query).json)
        eventually(lambda: len(site.runner.waiting) > before or coming.done())
        return coming

    return ask


def test_waiting_ends_with_the_first_change_that_was_asked_for(site: Site) -> None:
    place(site, "a", "hall")
    place(site, "b", "yard")
    site.result("b", 1)
    cursor = site.get(f"{ALL}?site=hall")["cursor"]
    with ThreadPoolExecutor(1) as pool:
        coming = asking(site, pool)(f"?site=hall&since={cursor}&wait=30")
        site.result("b", 2)
        site.result("b", 3)
        eventually(lambda: len(site.runner.waiting) == 1)
        assert not coming.done()
        site.result("a", 1)
        answer = coming.result(WOKEN)
    assert (names(answer), answer["gone"], answer["full"]) == (["a"], [], False)
    assert len(site.runner.waiting) == 0


def test_waiting_ends_in_time_with_nothing(site: Site) -> None:
    cursor = site.get(ALL)["cursor"]
    answer = site.get(f"{ALL}?since={cursor}&wait=0.05")
    assert (answer["devices"], answer["gone"], answer["full"]) == ([], [], False)


def test_what_changed_already_is_not_waited_for(site: Site) -> None:
    cursor = site.get(ALL)["cursor"]
    site.result("a", 1)
    assert names(site.get(f"{ALL}?since={cursor}&wait=30")) == ["a"]
    assert names(site.get(f"{ALL}?wait=30")) == ["a"]


def test_more_than_may_wait_are_refused(build: Build) -> None:
    site = build(engage={"waiting": 1}).rebuilt()
    cursor = site.get(ALL)["cursor"]
    with ThreadPoolExecutor(1) as pool:
        coming = asking(site, pool)(f"?since={cursor}&wait=30")
        refused = site.web.get(f"{ALL}?since={cursor}&wait=30")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert "without `wait`" in (refused.json or {})["detail"]
        assert site.web.get(f"{ALL}?since={cursor}").status_code == 200
        site.result("a", 1)
        assert names(coming.result(WOKEN)) == ["a"]


def test_nobody_waits_for_a_service_that_stops(site: Site) -> None:
    cursor = site.get(ALL)["cursor"]
    with ThreadPoolExecutor(1) as pool:
        coming = asking(site, pool)(f"?since={cursor}&wait=30")
        site.runner.close()
        assert coming.result(WOKEN)["devices"] == []
