"""The batch answer: filters, fields, forms, and only what changed."""

import csv
import gzip
import io
from urllib.parse import quote

import pytest

from engage.access.roles import Principal, Role, act_as
from engage.query import FIELDS
from tests.engage.batch import ALL, names, place
from tests.engage.conftest import Build
from tests.engage.samples import WALL, trouble
from tests.engage.site import Site


@pytest.fixture
def three(build: Build) -> Site:
    """A and b in the hall, c in the yard; a is stale, and c is of two flows."""
    site = build(engage={"flows": ["production", "trial"]}).rebuilt()
    for device, where, group in (("a", "hall", "north"), ("b", "hall", None), ("c", "yard", None)):
        place(site, device, where, group)
        site.result(device, 1, window=2 if device == "a" else 60)
    trial = site.result("c", 2, count=9, window=60)
    site.publish(site.topics.result("trial", "c"), trial)
    site.wait(3)
    return site


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "abc"),
        ("?site=hall", "ab"),
        ("?site=nowhere", ""),
        ("?group=north", "a"),
        ("?state=live", "bc"),
        ("?state=stale,offline", "a"),
        ("?ids=c,a,nobody", "ac"),
        ("?ids=", ""),
        ("?state=", ""),
        ("?flow=trial", "c"),
        ("?flow=production&state=live&site=hall", "b"),
    ],
)
def test_filters(three: Site, query: str, found: str) -> None:
    assert names(three.get(ALL + query)) == list(found)


def test_everything_at_first_and_then_what_changed(site: Site) -> None:
    site.result("a", 1)
    first = site.get(ALL)
    assert (first["full"], names(first), first["gone"]) == (True, ["a"], [])
    again = site.get(f"{ALL}?since={first['cursor']}")
    assert (again["full"], again["devices"], again["gone"]) == (False, [], [])
    site.result("b", 1)
    later = site.get(f"{ALL}?since={again['cursor']}")
    assert (later["full"], names(later), later["gone"]) == (False, ["b"], [])
    assert later["devices"] == [d for d in site.get(ALL)["devices"] if d["deviceID"] == "b"]


def test_what_is_forgotten_is_gone(site: Site) -> None:
    site.result("a", 1)
    cursor = site.get(ALL)["cursor"]
    assert site.web.delete(f"{ALL}/a").status_code == 202
    site.pump()
    site.wait(0.3)
    assert site.get(f"{ALL}?since={cursor}")["gone"] == ["a"]
    assert site.get(ALL)["devices"] == []


@pytest.mark.parametrize("cursor", ["x", "0.0.0.0", "a-cursor-of-another-version"])
def test_a_cursor_that_is_not_understood_gets_everything(site: Site, cursor: str) -> None:
    site.result("a", 1)
    assert site.get(f"{ALL}?since={cursor}")["full"] is True


def test_another_question_with_the_same_cursor_gets_everything(site: Site) -> None:
    cursor = site.get(ALL)["cursor"]
    assert site.get(f"{ALL}?since={cursor}&state=live")["full"] is True


def test_another_replica_takes_the_cursor(build: Build) -> None:
    first, second = build().rebuilt(), build().rebuilt()
    for site in (first, second):
        site.wait(60)
        site.result("a", 1)
        site.wait(60)
        site.wait(10)
    cursor = first.get(ALL)["cursor"]
    assert second.get(f"{ALL}?since={cursor}")["devices"] == []
    second.result("b", 1)
    answer = second.get(f"{ALL}?since={cursor}")
    assert (answer["full"], names(answer)) == (False, ["b"])
    young = build()
    young.clock.advance(200)
    young.rebuilt()
    assert young.get(f"{ALL}?since={cursor}")["full"] is True


def test_the_tag_stands_until_something_differs_and_on_every_replica(build: Build) -> None:
    first, second = build().rebuilt(), build().rebuilt()
    for site in (first, second):
        site.result("a", 1)
    answer = first.web.get(ALL)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert answer.headers["ETag"].startswith('W/"')
    for site in (first, second):
        same = site.web.get(ALL, headers=tag)
        assert (same.status_code, same.data) == (304, b"")
        assert same.headers["ETag"] == answer.headers["ETag"]
        assert site.web.get(f"{ALL}?state=live", headers=tag).status_code == 200
        assert site.web.get(f"{ALL}?fields=count", headers=tag).status_code == 200
    first.result("a", 2)
    assert first.web.get(ALL, headers=tag).status_code == 200


def test_fields(three: Site) -> None:
    answer = three.get(f"{ALL}?fields=count,state")
    assert answer["devices"][0] == {"deviceID": "a", "count": 3, "state": "stale"}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?fields=colour", "'fields.0': a device has no such field; it has"),
        ("?state=asleep", "'live', 'stale', 'offline' or 'unknown'"),
        ("?wait=31", "30"),
        ("?wait=nan", "wait"),
        ("?sites=hall", "sites"),
        ("?site=a&site=b", "more than once"),
        ("?flow=NO", "flow"),
        ("?since=" + quote("ü"), "since"),
        ("?format=xml", "format"),
    ],
)
def test_what_cannot_be_asked(site: Site, query: str, says: str) -> None:
    answer = site.web.get(ALL + query)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert says in (answer.json or {})["detail"]


@pytest.mark.parametrize(
    ("query", "accept", "form"),
    [
        ("", "*/*", "application/json"),
        ("", "text/csv", "text/csv"),
        ("", "text/csv;q=0.5, application/json", "application/json"),
        ("", "application/xml", "application/json"),
        ("?format=csv", "application/json", "text/csv"),
        ("?format=json", "text/csv", "application/json"),
    ],
)
def test_the_form_that_is_preferred(site: Site, query: str, accept: str, form: str) -> None:
    answer = site.web.get(ALL + query, headers={"Accept": accept})
    assert answer.mimetype == form
    assert "Accept" in answer.headers["Vary"]


def test_csv(three: Site) -> None:
    text = three.web.get(f"{ALL}?format=csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["deviceID"], row["state"], row["count"]) for row in rows] == [
        ("a", "stale", "3"),
        ("b", "live", "3"),
        ("c", "live", "9"),
    ]
    assert set(FIELDS) - set(rows[0]) == {"counts", "trouble", "flows", "agent"}
    named = three.web.get(f"{ALL}?format=csv&fields=counts,site").text
    assert named.splitlines()[:2] == ["deviceID,counts,site", 'a,"{""person"":3}",hall']


def test_no_cell_is_a_formula(site: Site) -> None:
    place(site, "cam", None, error="=HYPERLINK(1)")
    row = next(csv.DictReader(io.StringIO(site.web.get(f"{ALL}?format=csv").text)))
    assert row["problem"] == "'=HYPERLINK(1)"


def test_gzip_where_it_is_taken_and_pays(site: Site) -> None:
    small = site.web.get(ALL, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in small.headers
    for number in range(5):
        site.result(f"cam{number}", 1)
    plain = site.web.get(ALL)
    packed = site.web.get(ALL, headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert gzip.decompress(packed.data)[-200:] == plain.data[-200:]
    assert "Content-Encoding" not in site.web.get(ALL, headers={"Accept-Encoding": "gzip;q=0"}).headers


VIEWER_OF_THE_HALL = Principal("eve", Role.VIEWER, frozenset({"hall"}), "user", "eve")


def test_only_their_own_sites(build: Build) -> None:
    site = build(compat={"people_counter": True})
    site.app.before_request(lambda: act_as(VIEWER_OF_THE_HALL))
    site.rebuilt()
    place(site, "a", "hall")
    place(site, "b", "yard")
    place(site, "c", None)
    for device in "abc":
        site.result(device, 1)
    assert names(site.get(ALL)) == ["a"]
    assert names(site.get(f"{ALL}?site=yard")) == []
    assert names(site.get(f"{ALL}?ids=a,b,c")) == ["a"]
    assert list(site.get("/api/v1.0/devices")) == ["a"]
    assert [one["site"] for one in site.get("/api/v1/sites")["sites"]] == ["hall"]
    assert site.get("/api/v1/workers")["workers"] == []
    for part in ("", "/snapshot", "/settings"):
        assert site.web.get(f"{ALL}/a{part}").status_code == 200, part
        for device in "bc":
            hidden = site.web.get(f"{ALL}/{device}{part}")
            nothing = site.web.get(f"{ALL}/nobody{part}")
            assert (hidden.status_code, nothing.status_code) == (404, 404), part
            assert hidden.text == nothing.text.replace("nobody", device)


def test_who_moves_away_is_gone_for_those_who_saw_it(build: Build) -> None:
    site = build()
    site.app.before_request(lambda: act_as(VIEWER_OF_THE_HALL))
    site.rebuilt()
    place(site, "a", "hall")
    cursor = site.get(ALL)["cursor"]
    place(site, "a", "yard")
    answer = site.get(f"{ALL}?since={cursor}")
    assert (answer["devices"], answer["gone"]) == ([], ["a"])
    place(site, "a", "yard", pending=3)
    assert site.get(f"{ALL}?since={answer['cursor']}")["gone"] == []


def test_a_flow_has_values_and_pictures_of_its_own(build: Build) -> None:
    site = build(engage={"flows": ["production", "trial"]}).rebuilt()
    site.result("a", 1, count=2)
    one = site.get(f"{ALL}/a?flow=production")
    assert (one["flow"], one["count"]) == ("production", 2)
    assert site.web.get(one["snapshot"]).status_code == 200
    assert site.web.get(f"{ALL}/a?flow=trial").status_code == 404
    assert site.web.get(f"{ALL}/a/snapshot?flow=trial").status_code == 404


def test_troubles_are_told(site: Site) -> None:
    site.publish(site.topics.trouble("production", "cam"), trouble("cam", 1, WALL))
    assert site.get(ALL)["devices"][0]["trouble"]["captureID"] == "captures/cam/1.jpg"
