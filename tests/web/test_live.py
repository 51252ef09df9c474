"""What the page shows follows what the hub says, without a reload."""

import re

from playwright.sync_api import Page, Route, expect

from tests.eventually import eventually
from tests.web.hub import Hub, device, never_seen
from tests.web.parts import number, tile


def test_counts_and_total_follow_without_reload(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3), device("cam-2", 4))
    page.goto("/")
    page.evaluate("window.sameDocument = true")
    expect(number(page, "cam-1")).to_have_text("3")
    expect(page.locator(".sum")).to_contain_text("7 people on 2 live cameras")
    hub.tell(device("cam-1", 5))
    expect(number(page, "cam-1")).to_have_text("5")
    expect(page.locator(".sum .number")).to_have_text("9")
    assert page.evaluate("window.sameDocument") is True


def test_devices_come_and_go(page: Page, hub: Hub) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="No cameras yet")).to_be_visible()
    hub.tell(device("cam-10", 1), device("cam-9", 1))
    expect(page.locator(".tile h2")).to_have_text(["cam-9", "cam-10"])
    hub.tell(gone=["cam-9"])
    expect(page.locator(".tile h2")).to_have_text(["cam-10"])


def test_age_counts_between_messages(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3, age=40))
    page.clock.install()
    page.goto("/")
    expect(tile(page, "cam-1").locator(".age")).to_have_text(re.compile(r"^[45]\d s ago$"))
    page.clock.run_for(20_000)
    expect(tile(page, "cam-1").locator(".age")).to_have_text(re.compile(r"^1 min \d\d s ago$"))


def test_goes_stale_by_the_clock_alone(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3, fresh=20), device("cam-2", 4))
    page.clock.install()
    page.goto("/")
    expect(page.locator(".sum .number")).to_have_text("7")
    page.clock.run_for(20_000)
    expect(tile(page, "cam-1").locator(".lamp")).to_have_text("Stale")
    expect(tile(page, "cam-1").locator(".count")).to_have_class(re.compile("old"))
    expect(tile(page, "cam-1").locator(".count")).to_contain_text("last known")
    expect(page.locator(".sum .number")).to_have_text("4")
    expect(page.locator(".sum")).to_contain_text("1 camera not counted")


def test_wrong_clock_of_the_viewer_changes_nothing(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3, age=40))
    page.clock.set_system_time("2001-01-01T00:00:00Z")
    page.goto("/")
    expect(tile(page, "cam-1").locator(".lamp")).to_have_text("Live")
    expect(tile(page, "cam-1").locator(".age")).to_have_text(re.compile(r"^[45]\d s ago$"))


def test_states_are_told_by_word_and_never_counted(page: Page, hub: Hub) -> None:
    hub.tell(
        device("cam-1", 3),
        device("cam-2", 5, state="offline"),
        never_seen("cam-3", skew=200.0),
    )
    page.goto("/")
    expect(page.locator(".lamp")).to_have_text(["Live", "Offline", "Unknown"])
    expect(number(page, "cam-3")).to_have_text("\N{EN DASH}")
    expect(tile(page, "cam-3")).to_contain_text("No picture yet")
    expect(tile(page, "cam-3").locator(".remark")).to_have_text("Clock 3 min 20 s fast")
    expect(page.locator(".sum")).to_contain_text("3 people on 1 live camera 2 cameras not counted")


def test_gap_in_the_revisions_is_healed(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3))
    page.goto("/")
    expect(number(page, "cam-1")).to_have_text("3")
    hub.tell(device("cam-1", 8), skip=5)
    expect(number(page, "cam-1")).to_have_text("8")


def test_lost_broker_is_told(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3), broker="lost")
    page.goto("/")
    expect(page.locator(".link")).to_have_text("No message broker")
    hub.tell(broker="connected")
    expect(page.locator(".link")).to_have_text("Connected")


def test_picture_follows_and_the_old_one_stays_until_the_new_is_there(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 1))
    page.goto("/")
    shown = tile(page, "cam-1").locator("img.shown")
    expect(shown).to_have_attribute("src", re.compile(r"v=1$"))
    assert shown.evaluate("image => image.naturalWidth") == 640
    held: list[Route] = []
    page.route(re.compile(r"v=2$"), lambda route: held.append(route))  # noqa: PLW0108 -- must take attributes
    hub.tell(device("cam-1", 2))
    expect(number(page, "cam-1")).to_have_text("2")
    expect(tile(page, "cam-1").locator("img.coming")).to_have_count(1)
    expect(shown).to_have_attribute("src", re.compile(r"v=1$"))
    eventually(lambda: page.evaluate("true") and held)  # told only while Playwright is at work
    held[0].continue_()
    expect(shown).to_have_attribute("src", re.compile(r"v=2$"))
    expect(tile(page, "cam-1").locator("img")).to_have_count(1)


def test_picture_that_cannot_be_had_keeps_the_last(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 1))
    page.goto("/")
    shown = tile(page, "cam-1").locator("img.shown")
    expect(shown).to_have_attribute("src", re.compile(r"v=1$"))
    page.route(re.compile(r"v=2$"), lambda route: route.fulfill(status=404))
    with page.expect_response(re.compile(r"v=2$")):
        hub.tell(device("cam-1", 2))
    expect(tile(page, "cam-1").locator("img")).to_have_count(1)
    expect(shown).to_have_attribute("src", re.compile(r"v=1$"))
    hub.tell(device("cam-1", 3))
    expect(shown).to_have_attribute("src", re.compile(r"v=3$"))


def test_pictures_out_of_view_are_not_fetched(page: Page, hub: Hub) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if "/snapshot" in request.url else None)
    hub.tell(*(device(f"cam-{n}", 1) for n in range(100)))
    page.goto("/")
    expect(tile(page, "cam-0").locator("img.shown")).to_be_visible()
    assert len(fetched) < 100
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(tile(page, "cam-99").locator("img.shown")).to_be_visible()
