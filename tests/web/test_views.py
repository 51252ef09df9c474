"""The wall's tools, the device view, and a display that nobody touches."""

import re
import time

from playwright.sync_api import Page, expect

from tests.eventually import eventually
from tests.web.hub import Hub, agent, device
from tests.web.parts import number, tile


def yard(hub: Hub) -> None:
    """Twelve cameras at two sites and in two groups."""
    for n in range(12):
        site, group = ("North", "South")[n % 2], ("Gates", "Halls")[n % 3 == 0]
        state = "stale" if n == 11 else "live"
        hub.tell(device(f"cam-{n}", n, age=n, site=site, group=group, state=state))


def names(page: Page) -> list[str]:
    return page.locator(".tile :is(h2, h3)").all_inner_texts()


def test_sites_are_sections_with_totals_that_leave_stale_values_out(page: Page, hub: Hub) -> None:
    yard(hub)
    page.goto("/")
    expect(page.locator(".site h2")).to_have_text(["North", "South"])
    expect(page.locator(".site p").last).to_have_text("25 people on 5 live cameras, 1 not counted")
    page.get_by_role("combobox", name="Site").select_option("South")
    expect(page.locator(".tile")).to_have_count(6)
    expect(page).to_have_url(re.compile("site=South"))
    page.get_by_role("combobox", name="Group").select_option("Halls")
    expect(page.locator(".tile")).to_have_count(2)
    page.reload()
    expect(page.locator(".tile")).to_have_count(2)


def test_order_and_states_are_chosen_and_follow_what_comes(page: Page, hub: Hub) -> None:
    yard(hub)
    page.goto("/")
    page.get_by_role("combobox", name="Order").select_option("Most people")
    expect(page.locator(".tile h2").first).to_have_text("cam-10")
    hub.tell(device("cam-3", 99))
    expect(page.locator(".tile h2").first).to_have_text("cam-3")
    assert names(page)[-1] == "cam-11"
    page.get_by_role("combobox", name="Order").select_option("Oldest")
    expect(page.locator(".tile h2").first).to_have_text("cam-11")
    page.get_by_role("button", name="Stale 1").click()
    expect(page.locator(".tile")).to_have_count(1)
    hub.tell(device("cam-5", 5, state="stale"))
    expect(page.locator(".tile")).to_have_count(2)
    page.get_by_role("searchbox").fill("nothing is called so")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".tile")).to_have_count(12)


def test_without_pictures_none_is_fetched(page: Page, hub: Hub) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if "/snapshot" in request.url else None)
    yard(hub)
    page.goto("/#/?pictures=off")
    expect(number(page, "cam-4")).to_have_text("4")
    assert fetched == []


def test_chart_tells_what_was_seen_and_when_nothing_was_to_be_believed(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3, fresh=1))
    page.goto("/#/device/cam-1")
    expect(page.locator(".plot canvas")).to_be_visible()
    expect(tile(page, "cam-1")).to_have_count(0)
    expect(page.locator(".view.stale")).to_be_visible()
    hub.tell(device("cam-1", 8))
    expect(page.locator(".chart figcaption")).to_contain_text("3 to 8 people")
    middle = page.locator(".u-over").bounding_box()
    assert middle
    page.mouse.move(middle["x"] + 5, middle["y"] + middle["height"] / 2)
    page.mouse.move(middle["x"] + middle["width"] - 2, middle["y"] + middle["height"] / 2)
    expect(page.locator(".chart figcaption")).to_contain_text(
        re.compile(r"(\d+ people|nothing to believe) at")
    )


def test_agent_tells_how_it_is(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3, agent=agent(pending=40, seen=time.time() - 90, error="the disk is full")))
    page.goto("/#/device/cam-1")
    health = page.locator(".card", has_text="Its agent")
    expect(health).to_contain_text("40 waiting")
    expect(health).to_contain_text("the disk is full")
    expect(health).to_contain_text(re.compile(r"1 min [345]\d s ago"))


def test_kiosk_fits_one_screen_and_has_nothing_to_press(page: Page, hub: Hub) -> None:
    yard(hub)
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto("/?kiosk")
    expect(page.locator(".tile")).to_have_count(12)
    for one in page.locator(".tile").all():
        expect(one).to_be_in_viewport(ratio=1)
    assert page.locator("button, input, select").count() == 0
    assert page.evaluate("getComputedStyle(document.documentElement).cursor") == "none"
    assert page.evaluate("document.documentElement.scrollHeight") == 1080
    hub.tell(device("cam-4", 77))
    expect(number(page, "cam-4")).to_have_text("77")
    size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.tile .number')).fontSize)")
    assert size > 90


def test_kiosk_shows_long_names_whole(page: Page, hub: Hub) -> None:
    hub.tell(*(device(f"cam-{n}", n, name="The station of the north") for n in range(6)))
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto("/?kiosk")
    expect(page.locator(".tile.beside")).to_have_count(6)
    name = page.locator(".tile a").first
    assert name.evaluate("one => one.scrollWidth <= one.clientWidth && one.scrollHeight <= one.clientHeight")
    facts = page.locator(".tile .facts").first
    assert facts.evaluate("one => one.scrollHeight <= one.clientHeight")


def test_kiosk_turns_its_pages(page: Page, hub: Hub) -> None:
    hub.tell(*(device(f"cam-{n}", 1) for n in range(300)))
    page.set_viewport_size({"width": 1280, "height": 720})
    page.clock.install()
    page.goto("/?kiosk")
    expect(page.locator(".sheet")).to_have_text(re.compile(r"1 of [2-9]"))
    first = names(page)
    page.clock.run_for(12_000)
    expect(page.locator(".sheet")).to_have_text(re.compile(r"2 of"))
    eventually(lambda: not set(names(page)) & set(first))
